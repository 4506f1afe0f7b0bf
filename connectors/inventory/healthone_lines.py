r"""Lab messages of the HealthOne family, read line by line: a tokeniser of its own.

A line is `descriptor \ reference \ fields`. A message begins with its A1 line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

_OPENING = re.compile(r"\W{0,3}A1\\", re.IGNORECASE)
_DESCRIPTOR = re.compile(r"\W{0,3}(A[1-5]|L[1235])\\", re.IGNORECASE)
_BYTES_OPENING = re.compile(rb"(?:\A|[\r\n])([^\w\r\n]{0,3}A1\\)", re.IGNORECASE)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_CP850_SIGNS = b"\x82\x85\x8a\x87\x88\x8b\x93\x96\x97\xfd\xfc\xe6\xf8"
_CP1252_SIGNS = b"\xe9\xe0\xe8\xe7\xea\xef\xf4\xb5\xb2\xb3\xb0"
_UNASSIGNED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
_CP1252 = {n: bytes([n]).decode("cp1252") for n in range(0x80, 0xA0) if n not in _UNASSIGNED}


class MessageLine(NamedTuple):
    """One line: the message it is in (from 1; 0 before the first), its number there, what it is."""

    message: int
    line: int
    descriptor: str  # A1..A5, L1..L5; empty for any other line
    text: str  # without its line end
    text_and_end: str


def messages(content: bytes) -> Iterator[tuple[str, str]]:
    """The text of each message, and its codec; a mark at the beginning is left out.

    Each is strict UTF-8, or else code page 850 or windows-1252: the accented letters that French and Dutch
    use decide. Messages of several senders may stand in one file, so each is judged for itself.
    """
    content = content.removeprefix(codecs.BOM_UTF8)
    starts = [found.start(1) for found in _BYTES_OPENING.finditer(content)]
    edges = [0, *(start for start in starts if start), len(content)]
    return (_decoded(content[begin:end]) for begin, end in pairwise(edges) if end > begin)


def message_text(content: bytes) -> str:
    """The text of all messages in some bytes."""
    return "".join(text for text, _codec in messages(content))


def _decoded(content: bytes) -> tuple[str, str]:
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    codec = eight_bit_codec(content)
    if codec == "cp850":
        return content.decode("cp850"), codec
    # The five bytes without a meaning in windows-1252 keep their number.
    return content.decode("latin-1").translate(_CP1252), codec


def eight_bit_codec(content: bytes) -> str:
    """cp850 or cp1252, by which letters occur more often."""
    old = len(content) - len(content.translate(None, _CP850_SIGNS))
    new = len(content) - len(content.translate(None, _CP1252_SIGNS))
    return "cp850" if old > new else "cp1252"


def is_message(text: str) -> bool:
    """Whether the first line is that of a message."""
    return _OPENING.match(text) is not None


def text_lines(text: str) -> Iterator[str]:
    """The lines of a text, each with its end: CR LF, LF or CR."""
    return (found.group() for found in _LINE.finditer(text) if found.group())


def message_lines(text: str) -> Iterator[MessageLine]:
    """All lines, numbered from 1 within their message.

    A message begins at each A1 line, or at an A2 line that has none.
    """
    message = line = 0
    body = True  # the present message has result or report lines; before the first: anything may begin one
    for whole in text_lines(text):
        bare = whole.rstrip("\r\n")
        match = _DESCRIPTOR.match(bare)
        descriptor = match.group(1).upper() if match else ""
        if descriptor == "A1" or (descriptor == "A2" and body):
            message, line, body = message + 1, 0, False
        body = body or descriptor.startswith("L")
        line += 1
        yield MessageLine(message, line, descriptor, bare, whole)


def result_lines(text: str) -> Iterator[MessageLine]:
    """The result lines of a message: every L1 line."""
    return (line for line in message_lines(text) if line.descriptor == "L1" and line.message)
