"""Profile an unknown table for a draft of its mapping: kinds, shares, counts and likely meaning; never a value."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import closing
from typing import Literal

from connectors.base import SourceFile
from connectors.inventory.delimited._cells import Signs
from connectors.inventory.delimited._values import number, stated
from connectors.inventory.facts.national_number import parse_inss
from connectors.inventory.flat.decoding import encoding_of
from schemas.errors import SourceError
from schemas.header_words import HINTS, folded, is_sayable, words_of
from schemas.mapping import DateRule, Dialect
from schemas.table_profile import SMALLEST, ColumnProfile, Shape, TableProfile, said, share

_MAX_BYTES = 64 << 20
_LEAST_ALIKE = 90  # per cent of the rows that have as many cells as the first
_MOSTLY = 90  # per cent of the filled cells from which a column has a shape
_DELIMITERS: tuple[Literal["semicolon", "tab", "bar", "comma"], ...] = ("semicolon", "tab", "bar", "comma")
_PATTERNS = (
    "yyyy-mm-dd", "dd/mm/yyyy", "mm/dd/yyyy", "dd-mm-yyyy", "dd.mm.yyyy", "yyyymmdd", "ddmmyyyy", "d/m/yyyy", "yyyy/mm/dd",
    "yyyy-mm-dd hh:mi:ss", "yyyy-mm-ddThh:mi:ss", "yyyy-mm-ddThh:mi:ssZ", "dd/mm/yyyy hh:mi", "dd/mm/yyyy hh:mi:ss", "mm/yyyy",
)  # fmt: skip
_SEXES = frozenset("m f v h w x male female man vrouw homme femme mann frau 1 2 0 9".split())  # noqa: SIM905 - a table
_FORMS: dict[Shape, re.Pattern[str]] = {
    "icpc": re.compile(r"[A-Z][0-9]{2}"),
    "icd": re.compile(r"[A-Z][0-9]{2}\.[0-9A-Z]{1,4}|[A-Z][0-9]{3,4}"),
    "cnk": re.compile(r"[0-9]{7}"),
    "key": re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9]{1,10}"),
    "mail": re.compile(r"[^@\s]+@[^@\s]+\.[a-zA-Z]+"),
    "phone": re.compile(r"(?:\+|00|0)[0-9][0-9 ./-]{6,14}"),
}
_SYSTEMS: dict[Shape, str] = {"icpc": "ICPC-2", "icd": "ICD-10", "loinc": "LOINC", "cnk": "CNK"}
_SHAPES_OF: dict[str, tuple[Shape, ...]] = {
    "patient.national_number": ("national_number",), "patient.birth_date": ("date",), "patient.death_date": ("date",),
    "patient.sex": ("sex",), "problem.code": ("icpc", "icd"), "medication.code": ("cnk",), "lab_result.code": ("loinc",),
    "patient.email": ("mail",), "patient.phone": ("phone",), "patient.mobile": ("phone",), "measurement.value": ("number",),
}  # fmt: skip
"""The shapes with which a hint of a name counts; a target that is not here takes any text."""
_LONG = 80


def profile_table(file: SourceFile) -> TableProfile | None:
    """Profile a file if it is a table whose first line is a header beyond doubt; else None. Never raises on foreign bytes."""
    if file.size > _MAX_BYTES:
        return None
    try:
        with closing(file.open()) as stream:
            data = b"".join(iter(lambda: stream.read(1 << 20), b""))
    except (SourceError, OSError):
        return None
    for delimiter in _DELIMITERS:
        rows = _rows(data, delimiter)
        if rows is not None and _is_header(rows[0], rows[1:]):
            columns = tuple(_column(name, list(cells)) for name, *cells in zip(*rows, strict=True))
            return TableProfile(file.ordinal, delimiter, encoding_of(data), said(len(rows) - 1), columns)
    return None


def _rows(data: bytes, delimiter: Literal["comma", "semicolon", "tab", "bar"]) -> list[list[str]] | None:
    """The rows that have as many cells as the first, if these are nearly all; None if it is no table by this delimiter."""
    found = [[cell.text for cell in row.cells or ()] for row in Signs(data, Dialect(delimiter)).rows()]
    if len(found) <= SMALLEST or len(found[0]) < 2:
        return None
    alike = [row for row in found if len(row) == len(found[0])]
    return alike if len(alike) * 100 >= len(found) * _LEAST_ALIKE else None


def _is_header(first: list[str], rest: list[list[str]]) -> bool:
    """Whether a third of the names, and two at least, are made of known words, all differ, and none is a value below."""
    known = [name for name in first if is_sayable(name)]
    named = [folded(name) for name in first]
    below = {folded(cell) for row in rest for cell in row if cell}
    return len(known) >= max(2, len(first) / 3) and len(set(named)) == len(named) and below.isdisjoint(named)


def _column(name: str, cells: list[str]) -> ColumnProfile:
    filled = [cell for cell in cells if cell]
    shapes: Counter[Shape] = Counter(shape for cell in filled for shape in _shapes(cell))
    mostly = [s for s, n in shapes.items() if n >= SMALLEST and n * 100 >= len(filled) * _MOSTLY]
    meaning = _meaning(name, mostly)
    fitting = [p for p in _PATTERNS if filled and all(stated(c, DateRule(p)) is not None for c in filled)]
    if "dd/mm/yyyy" in fitting:
        fitting.remove("d/m/yyyy")  # a looser form of the same
    return ColumnProfile(
        name=name if is_sayable(name) else "",
        filled=share(len(filled), len(cells)),
        different=said(len(set(filled))),
        shapes={shape: share(count, len(filled)) for shape, count in sorted(shapes.items())},
        patterns=tuple(fitting) if len(filled) >= SMALLEST else (),
        decimal=_decimal(filled),
        meaning=meaning,
        system=next((_SYSTEMS[s] for s in mostly if s in _SYSTEMS and s in _SHAPES_OF.get(meaning, ())), ""),
    )


def _shapes(cell: str) -> list[Shape]:
    """Every shape that a cell has; the length of its text if it has none."""
    found: list[Shape] = [shape for shape, form in _FORMS.items() if form.fullmatch(cell)]
    if parse_inss(cell) is not None:
        found.append("national_number")
    if any(stated(cell, DateRule(pattern)) is not None for pattern in _PATTERNS):
        found.append("date")
    if number(cell, ".") is not None or number(cell, ",") is not None:
        found.append("number")
    if cell.casefold() in _SEXES:
        found.append("sex")
    if _is_loinc(cell):
        found.append("loinc")
    return found or ["long_text" if len(cell) > _LONG else "short_text"]


def _is_loinc(cell: str) -> bool:
    """Whether a cell has the form and the check digit of a LOINC code (modulus 10, as of the LOINC Users' Guide)."""
    digits, dash, check = cell.partition("-")
    if not dash or not re.fullmatch("[0-9]{1,7}", digits) or not re.fullmatch("[0-9]", check):
        return False
    backwards = digits[::-1]
    total = sum(map(int, str(int(backwards[0::2]) * 2))) + sum(map(int, backwards[1::2]))
    return (10 - total % 10) % 10 == int(check)


def _meaning(name: str, shapes: list[Shape]) -> str:
    """The target on which a name's words and the shape of the cells agree; empty if there is none, or several."""
    if "national_number" in shapes:
        return "patient.national_number"
    words = words_of(name)
    hinted = {HINTS[word] for word in ("".join(words), *words) if word in HINTS}
    fitting = {h for h in hinted if h not in _SHAPES_OF or set(_SHAPES_OF[h]) & set(shapes)}
    return fitting.pop() if len(fitting) == 1 else ""


def _decimal(filled: list[str]) -> Literal["", "point", "comma"]:
    if len(filled) < SMALLEST:
        return ""
    if all(number(cell, ".") is not None for cell in filled):
        return "point"
    return "comma" if all(number(cell, ",") is not None for cell in filled) else ""
