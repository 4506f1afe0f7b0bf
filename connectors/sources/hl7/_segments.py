"""The segments of one HL7 v2 message: fields, repetitions and components by python-hl7, escape sequences by this module.

The library's own way to read escape sequences writes values into the log and drops what it does not know, so only its
division of a message is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import hl7

from connectors.sources.flat.text import read_as_declared
from connectors.sources.sniffing import plain

BLANK = " \t\x0b\x0c\x1a\x1c\ufeff"
ENVELOPE = frozenset({"FHS", "BHS", "BTS", "FTS"})
NULL = '""'
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}(?![A-Za-z0-9_])")
_LINES = {".br": 1, ".ce": 1}
_SILENT = re.compile(r"H|N|\.(?:fi|nf|in[+-]?[0-9]*|ti[+-]?[0-9]*)")
_SPACED = re.compile(r"\.(sp|sk) ?\+?([0-9]{0,3})")
MOST_REPEATED = 20
"""A sequence that asks for more lines or blanks than this stays as it came, or three digits would make a thousand signs."""
_HEX = re.compile(r"X((?:[0-9A-Fa-f]{2})+)")
_PAGES = {f"8859/{n}": f"iso8859_{n}" for n in (1, 2, 3, 4, 9, 10, 13, 14, 15, 16)}


class Marks(NamedTuple):
    """The signs that a header declares, and the 8-bit page that it names, if any."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    sub: str = "&"
    page: str | None = None

    @property
    def replaced(self) -> dict[str, str]:
        """The escape sequences that stand for one of these signs."""
        return {
            "F": self.field,
            "S": self.component,
            "T": self.sub,
            "R": self.repetition,
            "E": self.escape,
            "P": "#",
        }


def read_marks(header: str) -> Marks | None:
    """The signs that an `MSH` segment declares; None if it declares none, or one twice."""
    mark = header[3:4]
    end = header.find(mark, 4) if mark else -1
    signs = header[3:end]
    if not 2 <= end - 3 <= 6 or len(set(signs)) != len(signs):
        return None
    if any(sign.isalnum() or sign == "_" or sign.isspace() for sign in signs):
        return None
    fields = header.split(mark)
    named = fields[17].split(signs[2] if len(signs) > 2 else "~")[0].strip() if len(fields) > 17 else ""
    own = signs[:5] + "|^~\\&"[len(signs) :]
    field, component, repetition, escape, sub = list(own)
    page = _PAGES.get(named.upper())
    return Marks(field, component, repetition, escape, sub, page) if len(set(own)) == len(own) else None


def declared_page(lines: Sequence[bytes]) -> str | None:
    """The 8-bit page that the header of a message names in MSH-18."""
    texts = (plain(line).strip(BLANK + "\r\n") for line in lines)
    header = next((text for text in texts if text.startswith("MSH")), "")
    marks = read_marks(header)
    return None if marks is None else marks.page


class Segment:
    """One segment; fields, repetitions and components are numbered as in the standard, from 1. Texts come without escapes."""

    def __init__(self, line: int, name: str, fields: hl7.Container, marks: Marks) -> None:
        self.line, self.name = line, name
        self._fields, self._marks = fields, marks

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)

    def texts(self, number: int) -> list[str]:
        """The repetitions of a field, each as one text; HL7's null is empty."""
        return [self._text(str(each)) for each in self._repetitions(number)] or [""]

    def components(self, number: int) -> list[list[str]]:
        """The repetitions of a field, each as its components."""
        return [list(map(self._text, map(str, each))) for each in self._repetitions(number)] or [[""]]

    def first(self, number: int, component: int = 1) -> str:
        """A component of the first repetition, of that the first part; empty if there is none."""
        parts = next(iter(self._repetitions(number)), ())
        if len(parts) < component:
            return ""
        part = parts[component - 1]
        return self._text(part if isinstance(part, str) else str(part[0])).strip()

    def _repetitions(self, number: int) -> list[hl7.Container]:
        if number >= len(self._fields):
            return []
        field = self._fields[number]
        return [each for each in field if isinstance(each, hl7.Repetition)] or [field]

    def _text(self, raw: str) -> str:
        return "" if raw == NULL else unescape(raw, self._marks)


def divide(lines: Sequence[str]) -> tuple[list[Segment], Marks | None]:
    """The segments from the header on, without those of the envelope; no marks if the header is damaged or missing."""
    starts: list[int] = []
    texts: list[list[str]] = []  # of each segment, the lines
    marks: Marks | None = None
    for ordinal, line in enumerate(lines, 1):
        text = line.strip(BLANK)
        if not starts:
            if not text.startswith("MSH"):
                continue
            marks = read_marks(text)
            if marks is None:
                return [], None
        if not text or text[:3] in ENVELOPE or (starts and text.startswith("MSH")):
            continue
        if starts and not is_segment(text, marks):
            texts[-1].append(text)  # a line within a field
        else:
            starts.append(ordinal)
            texts.append([text])
    if marks is None:
        return [], None
    parsed = hl7.parse("\r".join(map("\n".join, texts)))
    return [
        Segment(line, first[:3], fields, marks)
        for line, (first, *_), fields in zip(starts, texts, parsed, strict=True)
    ], marks


def is_segment(text: str, marks: Marks | None) -> bool:
    """Whether a line begins a segment: a name of three signs, and behind it the end or a field."""
    return _NAME.match(text) is not None and (len(text) == 3 or marks is None or text[3] == marks.field)


def unescape(raw: str, marks: Marks) -> str:
    """A text with its escape sequences replaced; one without a known meaning stays as it came."""
    if marks.escape not in raw:
        return raw
    return "".join(_unescaped(raw, marks))


def _unescaped(raw: str, marks: Marks) -> Iterator[str]:
    at = 0
    while at < len(raw):
        begin = raw.find(marks.escape, at)
        end = raw.find(marks.escape, begin + 1) if begin >= 0 else -1
        if end < 0:
            yield raw[at:]
            return
        yield raw[at:begin]
        said = _meaning(raw[begin + 1 : end], marks)
        # Without a meaning the first sign is a sign, and the second may begin a sequence.
        yield marks.escape + raw[begin + 1 : end] if said is None else said
        at = end if said is None else end + 1


def _meaning(sequence: str, marks: Marks) -> str | None:
    if sequence in marks.replaced:
        return marks.replaced[sequence]
    if sequence in _LINES:
        return "\n"
    if _SILENT.fullmatch(sequence):
        return ""
    spaced = _SPACED.fullmatch(sequence)
    if spaced:
        often = int(spaced[2] or 1)
        return ("\n" if spaced[1] == "sp" else " ") * often if often <= MOST_REPEATED else None
    coded = _HEX.fullmatch(sequence)
    return None if coded is None else _coded(bytes.fromhex(coded[1]), marks.page)


def _coded(data: bytes, page: str | None) -> str | None:
    """Bytes written in hexadecimal: as UTF-8, else in the page that the header names."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        if page is None:
            return None
        text = read_as_declared(data, page)
    return text.replace("\r\n", "\n").replace("\r", "\n")
