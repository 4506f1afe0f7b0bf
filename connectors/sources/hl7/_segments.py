"""The segments of one HL7 v2 message: fields, repetitions, components and escape sequences.

A field is divided when it is asked for. `tests/unit/connectors/test_hl7_division.py` compares with python-hl7 (ADR 23).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

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

    __slots__ = ("_fields", "_marks", "line", "name")

    def __init__(self, line: int, text: str, marks: Marks) -> None:
        """`text`: the segment with its name, as it came."""
        self.line, self.name = line, text[:3]
        self._marks = marks
        self._fields = text.split(marks.field)
        if self.name == "MSH":  # its first field is the sign between the fields
            self._fields.insert(1, marks.field)

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)

    def texts(self, number: int) -> list[str]:
        """The repetitions of a field, each as one text; HL7's null is empty."""
        return [_text(each, self._marks) for each in self._repetitions(number)]

    def components(self, number: int) -> list[list[str]]:
        """The repetitions of a field, each as its components."""
        return [components_of(each, self._marks) for each in self._repetitions(number)]

    def coded(self, number: int) -> tuple[str, Marks]:
        """The first repetition of a field as it came, and the signs by which it is divided."""
        return self._repetitions(number)[0], self._marks

    def first(self, number: int, component: int = 1) -> str:
        """A component of the first repetition, of that the first part; empty if there is none."""
        if number >= len(self._fields):
            return ""
        text = self._fields[number]
        if not text:
            return ""
        marks = self._marks
        parts = text.split(marks.repetition, 1)[0].split(marks.component, component)
        if len(parts) < component:
            return ""
        return _text(parts[component - 1].split(marks.sub, 1)[0], marks).strip()

    def _repetitions(self, number: int) -> list[str]:
        """The repetitions as they came; one empty one if the field is missing."""
        return self._fields[number].split(self._marks.repetition) if number < len(self._fields) else [""]


def components_of(repetition: str, marks: Marks) -> list[str]:
    """The components of a repetition."""
    return [_text(part, marks) for part in repetition.split(marks.component)]


def _text(raw: str, marks: Marks) -> str:
    return "" if raw == NULL else unescape(raw, marks)


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
    return [Segment(line, "\n".join(text), marks) for line, text in zip(starts, texts, strict=True)], marks


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
