r"""Lab messages of the HealthOne family, read line by line by an independent tokeniser.

A line is `descriptor \ reference \ fields`. A message begins with its A1 line, or with an A2 line without an A1 line before
it.
"""

from __future__ import annotations

import codecs
import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

from connectors.inventory.facts.national_number import parse_inss
from connectors.inventory.healthone._code_pages import characters, tell_page
from schemas.disposition import UnitKind

_OPENING = re.compile(r"\W{0,3}A[12]\\", re.IGNORECASE)
_DESCRIPTOR = re.compile(r"[^\w\\]{0,3}([AL][0-9])\\", re.IGNORECASE)
_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?[^\w\\\r\n]{0,3}A([12])\\", re.IGNORECASE)
_END = re.compile(rb"\r\n|\r|\n")
_STRAYS = {0xDC00 + byte: characters(bytes((byte,)), "cp1252") for byte in range(0x80, 0x100)}
_BLANK = " \t\x0b\x0c\x1a\ufeff"
_DAY = re.compile(r"(\d{2})(\d{2})(\d{4})\Z", re.ASCII)


class MessageLine(NamedTuple):
    """One line: its message (from 1), its number in it, its content."""

    message: int
    line: int
    descriptor: str  # A0..A9, L0..L9; empty for any other line
    whole: str  # its text, with the line end
    size: int  # bytes, line end included

    @property
    def text(self) -> str:
        """Its text without the line end."""
        return self.whole.rstrip("\r\n")

    @property
    def fields(self) -> list[str]:
        """Its fields, without a DOS end-of-file character at its end."""
        return self.text.rstrip("\x1a\x0c").split("\\")

    @property
    def is_end(self) -> bool:
        """Whether the line is END."""
        return self.text.strip(_BLANK).upper() == "END"

    @property
    def kind(self) -> UnitKind | None:
        """Its kind in the books; None for a blank line or an END."""
        if self.descriptor.startswith("A"):
            return UnitKind.MESSAGE_HEADER
        if self.descriptor == "L1":
            return UnitKind.RESULT
        return None if self.text.strip(_BLANK).upper() in ("", "END") else UnitKind.COMMENT


def messages(pieces: Iterable[bytes]) -> Iterator[list[MessageLine]]:
    """Yield the lines of each message, in order; together they are all the bytes."""
    lines: list[bytes] = []
    number, started, identified = 1, False, False
    for line in _raw_lines(pieces):
        head = _HEAD.match(line)
        first, second = (head is not None and head[1] == digit for digit in (b"1", b"2"))
        # Two A1 lines in a row begin one message; a second A2 begins another patient.
        if lines and ((first and started and len(lines) > 1) or (second and identified)):
            yield _message(number, lines)
            lines, identified = [], False
            number += 1
        started = started or first or second
        identified = identified or second
        lines.append(line)
    if lines:
        yield _message(number, lines)


def _raw_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines, ends kept. Each piece is searched once, even if a line spans many pieces."""
    begun: list[bytes] = []  # the unfinished line so far
    waiting = b""  # a CR at the end of a piece: its LF may be in the next one
    for piece in chain(pieces, (b"",)):
        data, waiting = waiting + piece, b""
        if piece and data.endswith(b"\r"):
            data, waiting = data[:-1], b"\r"
        start = 0
        for found in _END.finditer(data):
            yield b"".join((*begun, data[start : found.end()]))
            begun.clear()
            start = found.end()
        if start < len(data):
            begun.append(data[start:])
    if begun:
        yield b"".join(begun)


def _message(number: int, lines: list[bytes]) -> list[MessageLine]:
    found = []
    for at, (raw, text) in enumerate(zip(lines, _decoded(lines), strict=True), start=1):
        match = _DESCRIPTOR.match(text)
        found.append(MessageLine(number, at, match[1].upper() if match else "", text, len(raw)))
    return found


def _decoded(lines: list[bytes]) -> list[str]:
    """The texts of a message's lines: UTF-8, otherwise the 8-bit code page by docs/formats/code_pages.md."""
    lines = [lines[0].removeprefix(codecs.BOM_UTF8), *lines[1:]]
    with suppress(UnicodeDecodeError):
        return [line.decode() for line in lines]
    texts = [line.decode("utf-8", "surrogateescape") for line in lines]
    beyond = Counter("\ud800" <= sign <= "\udfff" for text in texts for sign in text if sign > "\x7f")
    if beyond[True] < beyond[False]:
        return [text.translate(_STRAYS) for text in texts]
    page, _ = tell_page(b"".join(lines))
    return [_with_mended_signs(characters(line, page), page) for line in lines]


def _with_mended_signs(text: str, page: str) -> str:
    """Repair text of programs that wrote cp850 with the no-break space and the œ of windows-1252."""
    if page != "cp850":
        return text
    text = re.sub(r"á(?=[:\s])", "\u00a0", text)
    return re.sub(r"(?<=[A-Za-z])£(?=[A-Za-z])", "œ", text)


def is_message(text: str) -> bool:
    """Whether the first line is that of a message."""
    return _OPENING.match(text) is not None


def begins_message(content: bytes) -> bool:
    """Whether the bytes begin like a message."""
    return is_message(content[:16].removeprefix(codecs.BOM_UTF8).decode("latin-1"))


def result_lines(content: bytes) -> Iterator[MessageLine]:
    """Yield the result lines of all messages in the bytes: every L1 line."""
    return (line for lines in messages([content]) for line in lines if line.descriptor == "L1")


def national_number(lines: Iterable[MessageLine]) -> str | None:
    """The first valid national number in an A2 or A5 line."""
    fields = (part for line in lines if line.descriptor in ("A2", "A5") for part in line.text.split("\\")[2:])
    return next((inss for inss in map(parse_inss, fields) if inss), None)


def day(lines: Iterable[MessageLine]) -> str | None:
    """The day of the message as yyyy-mm-dd: the fourth field of its A4 line, if the year has four digits."""
    a4 = next((line.text.split("\\") for line in lines if line.descriptor == "A4"), [])
    found = _DAY.match(a4[3].strip()) if len(a4) > 3 else None
    if found is None:
        return None
    try:
        return dt.date(int(found[3]), int(found[2]), int(found[1])).isoformat()
    except ValueError:
        return None
