r"""The `L1` lines of a HealthOne message as results, titles and remarks (docs/formats/flat.md, "HealthOne")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from connectors.sources.flat.message import Part, Result
from connectors.sources.flat.values import SUSCEPTIBILITY, is_measured, is_pending, without_flag

COLUMN = 24
"""Signs in the column of one germ."""
_ANTIBIOGRAM = re.compile(r"antibiogram", re.IGNORECASE)
_HEAD_VALUE = re.compile(
    r"[\d\s.]*\Z|(?:souches?|stam(?:men)?|isola(?:t|at|te|ten)|germes?|kiem(?:en)?|keime?)\Z", re.IGNORECASE
)
_REMARK_CODES = frozenset({"TEXTEF", "CORCOP"})
_REMARK = re.compile(
    r"(?:texte de fin|commentaires?|remarques?|conclusions?|opmerking(?:en)?|commentaar|besluit|eindtekst|bemerkung(?:en)?"
    r"|kommentare?|schlussfolgerung|notes?)(?![\w-])",
    re.IGNORECASE,
)


class Row(NamedTuple):
    """One `L1` line; its fields are as they came."""

    line: int
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
    def key(self) -> tuple[str, str]:
        """Code and name, by which lines of one result are told."""
        return self.code.strip(), self.name.strip()

    @property
    def measures(self) -> bool:
        """Whether it has a range or a unit."""
        return bool(self.range.strip() or self.unit.strip())

    @property
    def is_text(self) -> bool:
        """Whether its flag marks it as a text."""
        return self.flag.strip() == "C"

    @property
    def is_bare(self) -> bool:
        """Whether it has nothing but a code and a name."""
        return not (self.value.strip() or self.measures) and self.flag.strip() in ("", "C")


def read_rows(rows: Sequence[Row]) -> tuple[list[Part], list[Result]]:
    """The readable parts of the rows, and the results among them. A row that repeats another without a value is no part."""
    reading = _Reading()
    for row in rows:
        kind = reading.take(row)
        if kind != "twin":
            told = "" if kind == "blank" else _told(row, repeated=reading.repeated)
            reading.parts.append(Part(row.line, kind, told))
    return reading.parts, reading.results


def _told(row: Row, *, repeated: bool) -> str:
    """Name, value, unit, range and flag; a name that the row before it had is not repeated."""
    limits = f"({row.range.strip()})" if row.range.strip() else ""
    flag = "" if row.is_text or not row.name.strip() else row.flag
    name = "" if repeated and row.value.strip() else row.name
    parts = (row.value, row.unit, limits, flag)
    # Blanks before a name show its level, blanks in a value its columns.
    told = [part.rstrip() for part in parts if part.strip()]
    return "  ".join([*([name.rstrip()] if name.strip() else []), *told])


class _Reading:
    """The results of a message while its rows are read."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.results: list[Result] = []
        self.repeated = False  # the row's name is that of the row before
        self._key = ("", "")
        self._is_open = False  # further rows may belong to the last result
        self._block: str | None = None  # the code of an antibiogram
        self._germs = 0  # its columns

    def take(self, row: Row) -> str:
        """Take the next row; returns what it is."""
        code, name = row.key
        self.repeated = bool(name) and row.key == self._key
        if code and code != self._block:
            self._block = None
        kind = self._named(row) if name else self._nameless(row)
        if name:
            self._key = row.key
        if kind == "title":
            self._is_open = False
        return kind

    def _nameless(self, row: Row) -> str:
        code = row.code.strip()
        if row.is_bare:
            return "blank"
        if row.measures:
            return self._open(row, code)
        if self._block is not None and code in ("", self._block):
            return "title"
        if self._is_open and code in ("", self.results[-1].code):
            self._note(row.value.strip())
        return "remark"

    def _named(self, row: Row) -> str:
        code, name = row.key
        value = row.value.strip()
        if _ANTIBIOGRAM.match(name) and not row.measures and _HEAD_VALUE.match(value):
            self._block, self._germs = code, len(value.split())
            return "title"
        if code in _REMARK_CODES or (_REMARK.match(name) and not row.measures and not is_measured(value)):
            return "blank" if row.is_bare else "remark"
        if self._is_open and self.repeated and (continued := self._continue(row, value)):
            return continued
        if row.is_bare:
            return "title"
        if self._block is not None and SUSCEPTIBILITY.match(value):
            return self._tested(row, value)
        return self._open(row, name)

    def _continue(self, row: Row, value: str) -> str | None:
        """What a row with code and name of the one before it adds to the result; None if it is a result of its own."""
        last = self.results[-1]
        if not value:
            other = (row.unit.strip(), row.range.strip())
            return "twin" if other in (("", ""), (last.unit, last.range)) else None
        if not last.value:
            flag = "" if row.is_text else row.flag.strip()
            taken = last._replace(
                value=value,
                unit=last.unit or row.unit.strip(),
                range=last.range or row.range.strip(),
                flag=last.flag or flag,
            )
            self.results[-1] = _settled(taken)
            return "remark"
        if is_measured(value) and not row.is_text:
            return None
        self._note(value)
        return "remark"

    def _note(self, note: str) -> None:
        last = self.results[-1]
        self.results[-1] = last._replace(notes=(*last.notes, note))

    def _open(self, row: Row, label: str) -> str:
        flag = "" if row.is_text else row.flag.strip()
        value, unit, limits = row.value.strip(), row.unit.strip(), row.range.strip()
        self.results.append(_settled(Result(row.line, row.code.strip(), label, value, unit, limits, flag)))
        self._is_open = True
        return "result"

    def _tested(self, row: Row, value: str) -> str:
        """A line of an antibiogram: in each column of a germ S, I or R, and perhaps the lowest inhibiting concentration."""
        cells = [value]
        if self._germs > 1:
            cells = [row.value[at : at + COLUMN].strip() for at in range(0, len(row.value), COLUMN)]
            value = "; ".join(f"{at}: {cell}" for at, cell in enumerate(cells, 1) if cell)
        signs = {found[1] for cell in cells if (found := SUSCEPTIBILITY.match(cell))}
        flag = row.flag.strip() or (signs.pop() if len(signs) == 1 else "")
        self.results.append(Result(row.line, row.code.strip(), row.name.strip(), value, flag=flag))
        self._is_open = True
        return "result"


def _settled(result: Result) -> Result:
    value, flag = without_flag(result.value, result.flag)
    return result._replace(value=value, flag=flag, state="pending" if is_pending(value) else "")
