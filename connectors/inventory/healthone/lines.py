r"""Messages of the HealthOne family, read line by line by an independent tokeniser.

A line is `descriptor \ reference \ fields`. A message begins with its A1 line, or with an A2 line without an A1 line before
it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from connectors.inventory.facts.national_number import parse_inss
from connectors.inventory.facts.persons import Stated, checked, letters
from connectors.inventory.flat.decoding import raw_lines, signs, texts_of
from connectors.inventory.flat.reading import BLANK, Head, Piece, ReadMessage, Text
from connectors.inventory.healthone._results import Results
from schemas.disposition import UnitKind

NAME = "healthone"
_DESCRIPTOR = re.compile(r"[^\w\\]{0,3}([AL][0-9])\\", re.IGNORECASE)
_HEAD = re.compile(r"[^\w\\\r\n]{0,3}A([12])\\", re.IGNORECASE)
_DAY = re.compile(r"(\d{2})(\d{2})(\d{4})\Z", re.ASCII)
_FLAT = re.compile(r"(\d\d)(\d\d)(\d{4}|\d\d)\Z", re.ASCII)
_UNKNOWN_DAYS = ("01010001", "01011900")
_SEXES = {"M": "male", "F": "female", "V": "female"}
_LETTERS = {"male": "M", "m": "M", "female": "F", "f": "F", "v": "F"}
_REPORTS = ("L2", "L3", "L5")


class Line(NamedTuple):
    """One line: its number in the message, its descriptor (empty for any other line), its text, its bytes."""

    number: int
    descriptor: str
    whole: str
    text: str  # without the line end
    size: int

    @property
    def fields(self) -> list[str]:
        """Its fields, without a DOS end-of-file character at its end."""
        return self.text.rstrip("\x1a\x0c").split("\\")

    @property
    def is_blank(self) -> bool:
        """Whether it says nothing, or END."""
        return self.text.strip(BLANK).upper() in ("", "END")


def divide(lines: Iterable[bytes]) -> Iterator[tuple[list[bytes], int]]:
    """Yield the lines of each message, in order; together they are all the bytes. None of them is borrowed."""
    held: list[bytes] = []
    started, identified = False, False
    for line in lines:
        head = None if line[:1] == b"L" else _HEAD.match(signs(line))
        first, second = (head is not None and head[1] == digit for digit in "12")
        # Two A1 lines in a row begin one message; a second A2 begins another patient.
        if held and ((first and started and len(held) > 1) or (second and identified)):
            yield held, 0
            held, identified = [], False
        started = started or first or second
        identified = identified or second
        held.append(line)
    if held:
        yield held, 0


def begins(lines: Iterable[bytes]) -> bool:
    """Whether a message begins in these lines."""
    return any(_HEAD.match(signs(line)) for line in lines)


def read(number: int, content: bytes, borrowed: int = 0) -> ReadMessage:
    """Read one message; `borrowed`: how many of its first bytes lie in an earlier one."""
    raw = list(raw_lines([content]))
    lines = []
    for at, (line_bytes, whole) in enumerate(zip(raw, texts_of(raw), strict=True), start=1):
        match = _DESCRIPTOR.match(whole)
        descriptor = match[1].upper() if match else ""
        lines.append(Line(at, descriptor, whole, whole.rstrip("\r\n"), len(line_bytes)))
    results = Results()
    text = Text()
    for line in lines:
        if line.descriptor == "L1":
            _of_result(results, line, text)
        elif line.descriptor in _REPORTS:
            text.add(_report(line.fields))
        elif not line.descriptor.startswith("A") and line.text.strip(BLANK).upper() != "END":
            text.add("" if line.is_blank else line.text)
    openers = {result.first for result in results.found}
    heads = [line for line in lines if line.descriptor.startswith("A")]
    return ReadMessage(
        format=NAME,
        number=number,
        pieces=[Piece(line.number, _kind(line, openers), line.text, line.size) for line in lines],
        results=results.found,
        readable=text.whole(line.whole for line in lines),
        is_lab=any(line.descriptor == "L1" for line in lines),
        day=_day(heads),
        head=_head(heads),
        stated=_stated(heads),
        borrowed=borrowed,
        titles=text.titles,
        remarks=text.remarks,
    )


def _kind(line: Line, openers: set[int]) -> UnitKind | None:
    if line.descriptor.startswith("A"):
        return UnitKind.MESSAGE_HEADER
    if line.number in openers:
        return UnitKind.RESULT
    return None if line.is_blank and line.descriptor != "L1" else UnitKind.COMMENT


def _of_result(results: Results, line: Line, text: Text) -> None:
    fields = line.fields
    code, name, limits, unit, flag = (*fields[2:7], "", "", "", "", "")[:5]
    said = results.add(line.number, [code, name, limits, unit, flag, _last(fields)])
    if said is not None:
        text.add(said, results.kind)


def _report(fields: list[str]) -> str:
    return _last(fields) or "".join(fields[3:4])


def _last(fields: list[str]) -> str:
    """The eighth field, with everything after further backslashes; empty fields at the end are part of the line."""
    rest = fields[7:]
    kept = next((n for n in range(len(rest), 0, -1) if rest[n - 1].strip()), 1)
    return "\\".join(rest[:kept])


def _first(heads: Sequence[Line], descriptor: str) -> list[str]:
    fields = next((line.fields for line in heads if line.descriptor == descriptor), [])
    return [*(field.strip() for field in fields), *[""] * 8]


def _head(heads: Sequence[Line]) -> Head:
    a1, a2, a4 = (_first(heads, name) for name in ("A1", "A2", "A4"))
    state = a4[5].upper()
    fields = frozenset(part.strip() for line in heads for part in line.text.split("\\"))
    number = "".join(sign for sign in a1[2] if sign not in "./- \t")
    numbers = (
        part for line in heads if line.descriptor in ("A2", "A5") for part in line.text.split("\\")[2:]
    )
    return Head(
        fields=fields,
        days=frozenset(part for part in fields if part.isdecimal()),
        is_complete=True if "C" in state else False if "P" in state else None,
        sender=a1[2] if a1[2].strip("-") else "",
        number=number,
        inss=next((inss for inss in map(parse_inss, numbers) if inss), None),
        sex=_SEXES.get(a2[4].upper(), ""),
        reference=a1[1] or a2[1],
        moment=_moment(a4[3], a4[4]),
    )


def _moment(date: str, time: str) -> tuple[str, str]:
    """The moment of the message: a year of two digits is the latest that is not in the future."""
    found = None if date in (*_UNKNOWN_DAYS, "00000000") else _FLAT.match(date)
    hours, minutes = time[:2], time[2:]
    known = len(time) == 4 and time.isascii() and time.isdigit() and int(hours) < 24 and int(minutes) < 60
    if found is None:
        return "", time if known else ""
    day, month, year = found.groups()
    today = dt.datetime.now(dt.UTC).date().isoformat()
    years = [int(year)] if len(year) == 4 else [2000 + int(year), 1900 + int(year)]
    valid = [each for each in (_valid(n, month, day) for n in years) if each]
    if len(year) == 2:
        valid = [each for each in valid if each <= today or each < "2000"]
    return (valid[0] if valid else ""), time if known else ""


def _valid(year: int, month: str, day: str) -> str | None:
    try:
        return dt.date(year, int(month), int(day)).isoformat()
    except ValueError:
        return None


def _day(heads: Sequence[Line]) -> str | None:
    """The day of the message: the fourth field of its A4 line, if the year has four digits."""
    found = _DAY.match(_first(heads, "A4")[3])
    if found is None:
        return None
    try:
        return dt.date(int(found[3]), int(found[2]), int(found[1])).isoformat()
    except ValueError:
        return None


def _stated(heads: Sequence[Line]) -> Stated:
    """What the A2 and A5 lines of a message state about the patient."""
    identity: list[str] | None = None
    numbers: list[str] = []
    for line in heads:
        if line.descriptor not in ("A2", "A5"):
            continue
        fields = line.text.split("\\")
        numbers += fields[2:]
        if line.descriptor == "A2" and identity is None:
            identity = line.fields
    family, first, sex, birth = ([*(identity or [])[2:6], "", "", "", ""])[:4]
    found = None if birth.strip() in _UNKNOWN_DAYS else _FLAT.match(birth.strip())
    day, month, year = found.groups() if found else ("", "", "")
    if found and not (1 <= int(day) <= 31 and 1 <= int(month) <= 12):
        day = month = year = ""
    return Stated(
        letters(family), letters(first), day, month, year, _LETTERS.get(sex.strip().casefold(), ""), frozenset(checked(numbers))
    )  # fmt: skip
