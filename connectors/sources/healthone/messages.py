r"""HealthOne messages (`A1\`, `A2\`, `L1\`, `L5\` lines) as values.

A file is a sequence of messages; each begins with an `A1` line. Fields are separated by backslashes without an escape, so
anything beyond a line's last field belongs to that field. Nothing is dropped: every line is kept with its ordinal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from connectors.sources.flat.dates import UNKNOWN, flat_date, flat_time
from connectors.sources.flat.lines import cut_lines, split_text
from connectors.sources.flat.message import BLANK, Doubt, Identity, Message, Part, Piece, Sender
from connectors.sources.flat.text import Decoded, decode_flat
from connectors.sources.healthone._results import Row, read_rows
from connectors.sources.sniffing import LINE_BYTES, plain
from schemas.disposition import UnitKind
from schemas.identifiers import clean_inss, plain_digits
from schemas.persons import Person, fold_name, fold_sex

NAME = "healthone"
LINE = re.compile(r"^[^\w\\]{0,3}([AaLl][0-9])\\")
_HEAD = re.compile(r"[^\w\\\r\n]{0,3}A([12])\\", re.IGNORECASE)
_NUMBERS = {
    "A2": (6,),
    "A5": (3, 4),
}  # lines that may hold a national number: in A5 also a member's number
_BIRTH = re.compile(r"(0[1-9]|[12][0-9]|3[01])(0[1-9]|1[0-2])([0-9]{4}|[0-9]{2})", re.ASCII)
_NO_BIRTH = frozenset({"01010001", "01011900"})
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
    def is_nothing(self) -> bool:
        """Whether it is blank, or END."""
        return self.raw.strip(BLANK).upper() in ("", "END")


def parse_messages(data: bytes) -> list[Message]:
    """Every message of a file or an attachment. Bytes before the first `A1` belong to the first message."""
    return [parse_message(piece) for piece in split_messages(data)]


def split_messages(data: bytes) -> list[bytes]:
    """Cut at the message bounds; the joined pieces equal the data."""
    return list(group_lines(cut_lines(data)))


def begins_message(line: str) -> bool:
    """Whether a line, in its plain signs, is an A1 or A2 line."""
    return _HEAD.match(line) is not None


def group_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Group the lines of a file into messages."""
    current: list[bytes] = []
    started = identified = False
    for line in lines:
        head = _HEAD.match(plain(line[:LINE_BYTES]))
        first, second = (head is not None and head[1] == digit for digit in "12")
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
    lines = tuple(_line(ordinal, raw) for ordinal, raw in enumerate(split_text(decoded.text), 1))
    heads: dict[str, list[str]] = {}
    at: dict[str, int] = {}
    for line in lines:
        if line.descriptor.startswith("A"):
            heads.setdefault(line.descriptor, _fields(line.raw))
            at.setdefault(line.descriptor, line.ordinal)
    a1, a4 = heads.get("A1", []), heads.get("A4", [])
    date = flat_date(_at(a4, 3), None)
    rows = [_row(line) for line in lines if line.descriptor == "L1"]
    parts, results = read_rows(rows)
    opened = {result.line for result in results}
    return Message(
        format=NAME,
        kind="labresult" if rows else "note",
        reference=_at(a1, 1) or _at(heads.get("A2", []), 1),
        sender=_sender(_at(a1, 2)),
        identity=_identity(heads, date, (at.get("A2", 1), at.get("A3", 1))),
        requestor=_at(a4, 2),
        date=date,
        time=flat_time(_at(a4, 4)),
        status=_status(_at(a4, 5)),
        pieces=tuple(Piece(line.ordinal, 1, _kind(line, opened), line.raw) for line in lines),
        parts=tuple(_parts(lines, {part.line: part for part in parts})),
        results=tuple(results),
        text=decoded.text,
        data=data,
        codec=decoded.codec,
        doubts=tuple(_doubts(lines, decoded, date)),
        person=_person(heads.get("A2", [])),
        numbers=frozenset(_stated_numbers(lines)),
    )


def result_rows(message: Message) -> list[Row]:
    """The `L1` lines of a message by their fields, as they came."""
    lines = (_line(piece.ordinal, piece.text) for piece in message.pieces)
    return [_row(line) for line in lines if line.descriptor == "L1"]


def _kind(line: Line, opened: set[int]) -> UnitKind | None:
    if line.descriptor.startswith("A"):
        return UnitKind.MESSAGE_HEADER
    if line.ordinal in opened:
        return UnitKind.RESULT
    return UnitKind.COMMENT if line.descriptor == "L1" or not line.is_nothing else None


def _parts(lines: tuple[Line, ...], of_rows: dict[int, Part]) -> Iterator[Part]:
    for line in lines:
        if line.descriptor.startswith("A") or line.is_end:
            continue
        if line.ordinal in of_rows:
            yield of_rows[line.ordinal]
        elif line.descriptor == "L1":  # a row that repeats the one before it
            continue
        elif line.descriptor in ("L5", "L2", "L3"):
            yield Part(line.ordinal, "letter", _report_text(line))
        else:
            nothing = line.is_nothing
            yield Part(line.ordinal, "blank" if nothing else "letter", "" if nothing else line.raw)


def _doubts(lines: tuple[Line, ...], decoded: Decoded, date: str | None) -> Iterator[Doubt]:
    if decoded.doubtful:
        strange = decoded.strange or tuple(line.ordinal for line in lines if not line.raw.isascii())
        yield Doubt(strange[0], "code_page_doubtful", lines[strange[0] - 1].raw)
    for at in decoded.mended[:1]:
        yield Doubt(at, "encoding_repaired", lines[at - 1].raw)
    for line in lines:
        if line.descriptor not in _NUMBERS:
            continue
        fields = _fields(line.raw)
        birth = _at(fields, 5)
        if line.descriptor == "A2" and birth not in UNKNOWN and flat_date(birth, date) is None:
            yield Doubt(line.ordinal, "birth_date_unreadable", birth)
        for number in (_at(fields, at) for at in _NUMBERS[line.descriptor]):
            if len(plain_digits(number)) == 11 and not clean_inss(number):
                yield Doubt(line.ordinal, "national_number_invalid", number)


def _line(ordinal: int, raw: str) -> Line:
    match = LINE.match(raw)
    return Line(ordinal, match[1].upper() if match else "", raw)


def _fields(raw: str) -> list[str]:
    return raw.rstrip("\x1a\f").split("\\")


def _at(fields: list[str], at: int) -> str:
    return fields[at].strip() if at < len(fields) else ""


def _row(line: Line) -> Row:
    fields = _fields(line.raw)
    code, name, limits, unit, flag = (*fields[2:7], "", "", "", "", "")[:5]
    return Row(line.ordinal, code, name, limits, unit, flag, _last_field(fields))


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


def _sender(name: str) -> Sender:
    """The sender: a name, or a health insurance number instead; `-` names nobody."""
    digits = plain_digits(name)
    return Sender(name if name.strip("-") else "", digits if re.fullmatch(r"[0-9]{11}", digits) else "")


def _identity(heads: dict[str, list[str]], date: str | None, lines: tuple[int, int]) -> Identity:
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
        lines=lines,
    )


def _name(raw: str) -> str:
    return "" if raw == "-" else raw


def _person(a2: list[str]) -> Person:
    family, first, sex, birth = (a2[2:6] + [""] * 4)[:4]
    code = fold_sex(sex)
    return Person(
        fold_name(family), fold_name(first), _birth(birth), code if code in ("male", "female") else ""
    )


def _birth(field: str) -> tuple[str, ...]:
    found = _BIRTH.fullmatch(field.strip())
    return () if found is None or found[0] in _NO_BIRTH else (found[3], found[2], found[1])


def _stated_numbers(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        if line.descriptor in ("A2", "A5"):
            yield from line.raw.split("\\")[2:]
