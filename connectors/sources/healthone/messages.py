r"""HealthOne messages (`A1\`, `A2\`, `L1\`, `L5\` lines) as values.

A file is a sequence of messages; each begins with an `A1` line. Fields are separated by backslashes without an escape, so
anything beyond a line's last field belongs to that field. Nothing is dropped: every line is kept raw with its ordinal. The
`repr` of these values shows no content.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from connectors.sources.healthone._dates import UNKNOWN, flat_date, flat_time
from connectors.sources.healthone._text import Decoded, decode_flat
from schemas.disposition import UnitKind
from schemas.identifiers import clean_inss

LINE = re.compile(r"^[^\w\\]{0,3}([AaLl][0-9])\\")
START = re.compile(rb"^(?:\xef\xbb\xbf)?[^\w\\\r\n]{0,3}[Aa]1\\")
SECOND_START = re.compile(rb"^(?:\xef\xbb\xbf)?[^\w\\\r\n]{0,3}[Aa]2\\")
BLANK = " \t\x0b\x0c\x1a\ufeff"
_NUMBERS = {
    "A2": (6,),
    "A5": (3, 4),
}  # lines that may hold a national number: in A5 also a member's number
SEXES = {"M": "male", "F": "female", "V": "female"}


class Line(NamedTuple):
    """One line of a message: its ordinal (from 1), its descriptor (`A1`, `L1`, empty: none), its raw text."""

    ordinal: int
    descriptor: str
    raw: str

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)

    @property
    def is_end(self) -> bool:
        """Whether the line is END."""
        return self.raw.strip(BLANK).upper() == "END"

    @property
    def kind(self) -> UnitKind | None:
        """Its kind in the books; None for a blank line or an END."""
        if self.descriptor.startswith("A"):
            return UnitKind.MESSAGE_HEADER
        if self.descriptor == "L1":
            return UnitKind.RESULT
        return None if self.raw.strip(BLANK).upper() in ("", "END") else UnitKind.COMMENT


class Result(NamedTuple):
    """One `L1` line; its fields are as they came."""

    line: Line
    code: str
    name: str
    range: str
    unit: str
    flag: str
    value: str

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)

    @property
    def is_comment(self) -> bool:
        """Whether it is a remark: flagged as a text, or without a name."""
        return self.flag.strip() == "C" or not self.name.strip()


@dataclass(frozen=True, repr=False)
class Identity:
    """The patient according to the A lines; sex and birth only if known, the national number only if valid."""

    family_name: str = ""
    first_name: str = ""
    sex: str | None = None  # male | female
    birth: str | None = None  # yyyy-mm-dd
    inss: str | None = None
    street: str = ""
    postcode: str = ""
    town: str = ""


@dataclass(frozen=True, repr=False)
class Doubt:
    """A warning for readers of the message: the line, the reason (a code), and the text in question."""

    line: int
    reason: str  # code_page_doubtful | birth_date_unreadable | national_number_invalid
    excerpt: str


@dataclass(frozen=True, repr=False)
class Message:
    """One message. Fields are as they came, except that valid dates are ISO."""

    reference: str
    sender: str
    identity: Identity
    requestor: str
    date: str | None  # of the A4 line: request, sampling or report, depending on the sender
    time: str | None
    status: str | None  # complete | partial
    results: tuple[Result, ...]
    report: tuple[tuple[Line, str], ...]  # L5, L2, L3: the line and its text
    lines: tuple[Line, ...]
    text: str
    data: bytes
    codec: str = "utf-8"
    doubts: tuple[Doubt, ...] = ()

    @property
    def comments(self) -> tuple[Result, ...]:
        """The results that are remarks."""
        return tuple(each for each in self.results if each.is_comment)


def parse_messages(data: bytes) -> list[Message]:
    """Every message of a file or an attachment. Bytes before the first `A1` belong to the first message."""
    return [parse_message(piece) for piece in split_messages(data)]


def split_messages(data: bytes) -> list[bytes]:
    """Cut at the message bounds; the joined pieces equal the data."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [data]
    return list(group_lines(iter(data.splitlines(keepends=True))))


def group_lines(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Group the lines of a file into messages."""
    current: list[bytes] = []
    started = identified = False
    for line in lines:
        first = START.match(line) is not None
        second = SECOND_START.match(line) is not None
        # A second A2 without an A1 before it also begins a message; two A1 in a row belong to one message.
        if (first and started and len(current) > 1) or (second and identified):
            yield b"".join(current)
            current, identified = [], False
        started = started or first or second
        identified = identified or second
        current.append(line)
    if current:
        yield b"".join(current)


def parse_message(data: bytes) -> Message:
    """Parse one message. Never fails: an unknown value is empty."""
    decoded = decode_flat(data)
    lines = tuple(_line(ordinal, raw) for ordinal, raw in enumerate(split_lines(decoded.text), 1))
    heads: dict[str, list[str]] = {}
    for line in lines:
        if line.descriptor.startswith("A"):
            heads.setdefault(line.descriptor, _fields(line.raw))
    a1, a4 = heads.get("A1", []), heads.get("A4", [])
    date = flat_date(_at(a4, 3), None)
    return Message(
        reference=_at(a1, 1) or _at(heads.get("A2", []), 1),
        sender=_at(a1, 2),
        identity=_identity(heads, date),
        requestor=_at(a4, 2),
        date=date,
        time=flat_time(_at(a4, 4)),
        status=_status(_at(a4, 5)),
        results=tuple(_result(line) for line in lines if line.descriptor == "L1"),
        report=tuple((line, _report_text(line)) for line in lines if line.descriptor in ("L5", "L2", "L3")),
        lines=lines,
        text=decoded.text,
        data=data,
        codec=decoded.codec,
        doubts=tuple(_doubts(lines, decoded, date)),
    )


def _doubts(lines: tuple[Line, ...], decoded: Decoded, date: str | None) -> Iterator[Doubt]:
    if decoded.doubtful:
        line = next(line for line in lines if not line.raw.isascii())
        yield Doubt(line.ordinal, "code_page_doubtful", line.raw)
    for line in lines:
        if line.descriptor not in _NUMBERS:
            continue
        fields = _fields(line.raw)
        birth = _at(fields, 5)
        if line.descriptor == "A2" and birth not in UNKNOWN and flat_date(birth, date) is None:
            yield Doubt(line.ordinal, "birth_date_unreadable", birth)
        for number in (_at(fields, at) for at in _NUMBERS[line.descriptor]):
            if len(re.sub(r"[\s./-]", "", number)) == 11 and not clean_inss(number):
                yield Doubt(line.ordinal, "national_number_invalid", number)


def split_lines(text: str) -> list[str]:
    """Split at CR LF, LF or CR; form feeds and other separators are part of a line."""
    lines = re.split(r"\r\n|\n|\r", text)
    return lines[:-1] if lines and not lines[-1] else lines


def _line(ordinal: int, raw: str) -> Line:
    match = LINE.match(raw)
    return Line(ordinal, match[1].upper() if match else "", raw)


def _fields(raw: str) -> list[str]:
    return raw.rstrip("\x1a\f").split("\\")


def _at(fields: list[str], at: int) -> str:
    return fields[at].strip() if at < len(fields) else ""


def _result(line: Line) -> Result:
    fields = _fields(line.raw)
    code, name, limits, unit, flag = (*fields[2:7], "", "", "", "", "")[:5]
    return Result(line, code, name, limits, unit, flag, _last_field(fields))


def _last_field(fields: list[str]) -> str:
    """Field 8 and all after it: a backslash in a text does not cut it, but the closing one is removed."""
    parts = fields[7:]
    while len(parts) > 1 and not parts[-1].strip():
        parts.pop()
    return "\\".join(parts)


def _report_text(line: Line) -> str:
    fields = _fields(line.raw)
    return _last_field(fields) or "".join(fields[3:4])  # some senders put the text in field 4


def _status(raw: str) -> str | None:
    sign = raw.upper()
    return "complete" if "C" in sign else "partial" if "P" in sign else None


def _identity(heads: dict[str, list[str]], date: str | None) -> Identity:
    a2, a3, a5 = heads.get("A2", []), heads.get("A3", []), heads.get("A5", [])
    numbers = (clean_inss(_at(fields, at)) for fields, at in ((a2, 6), (a5, 3), (a5, 4)))
    return Identity(
        family_name=_name(_at(a2, 2)),
        first_name=_name(_at(a2, 3)),
        sex=SEXES.get(_at(a2, 4).upper()),
        birth=flat_date(_at(a2, 5), date),
        inss=next((number for number in numbers if number), None),
        street=_at(a3, 2),
        postcode=_at(a3, 3),
        town=_at(a3, 4),
    )


def _name(raw: str) -> str:
    return "" if raw == "-" else raw
