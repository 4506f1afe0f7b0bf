"""What is said of an unknown table: kinds, shares, counts. No value of a cell, and no small number.

A number from one to four is `fewer than five`, so that nobody can be told by being rare. A column's name is said only if every
word of it is in a closed list (`schemas.header_words`): a first line may hold a patient.
"""

from __future__ import annotations

from typing import Literal

from schemas.record import Record

SMALLEST = 5
"""The smallest number of cells, or of different values, that is said."""
Shape = Literal[
    "national_number", "date", "number", "sex", "icpc", "icd", "loinc", "cnk", "key", "mail", "phone", "short_text", "long_text"
]  # fmt: skip


class ColumnProfile(Record, frozen=True):
    """One column. `name` is empty if it may not be said. Shares are parts of a hundred of the cells that are not empty."""

    name: str
    filled: str  # share of all rows
    different: str  # number of different values
    shapes: dict[Shape, str]
    patterns: tuple[str, ...] = ()  # of dates: those that fit every cell
    decimal: Literal["", "point", "comma"] = ""
    meaning: str = ""  # a target, if words and shape agree on one
    system: str = ""  # of codes


class TableProfile(Record, frozen=True):
    """One table of an export."""

    file: int  # ordinal in the export
    delimiter: Literal["comma", "semicolon", "tab", "bar"]
    encoding: str
    rows: str
    columns: tuple[ColumnProfile, ...]


def said(count: int) -> str:
    """Returns a number as it may be said."""
    return "none" if count == 0 else "fewer than five" if count < SMALLEST else str(count)


def share(count: int, of: int) -> str:
    """Returns a part of a whole as it may be said: in parts of a hundred if neither it nor the rest is small."""
    if count in (0, of):
        return "all" if count and count == of else "none"
    if count < SMALLEST:
        return "fewer than five"
    return "all but fewer than five" if of - count < SMALLEST else f"{count * 100 // of} %"
