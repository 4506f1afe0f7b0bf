"""What the contracts on codes rest on: codes that one sex can have, quantities of codes and of units, each with its source.

A code or unit without a row is not judged. Each row names where it is from and of when that is (`codes/*.csv`).
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class SexSpecific(NamedTuple):
    """A range of codes, by their first three characters, that only patients of one sex can have."""

    scheme: str
    version: str  # of the scheme, as the standard writes it (SV); empty: all
    first: str
    last: str
    sex: str  # male | female
    says: str
    source: str
    dated: str


class CodeQuantity(NamedTuple):
    """The quantity that a code measures."""

    scheme: str
    code: str
    quantity: str
    says: str
    source: str
    dated: str


class UnitQuantity(NamedTuple):
    """The quantity that a unit measures; the unit in lower case."""

    unit: str
    quantity: str
    source: str
    dated: str


@cache
def sex_specific() -> tuple[SexSpecific, ...]:
    """The codes of one sex."""
    return tuple(SexSpecific(**row) for row in _rows("sex_specific"))


@cache
def code_quantities() -> tuple[CodeQuantity, ...]:
    """The codes whose quantity a source states."""
    return tuple(CodeQuantity(**row) for row in _rows("code_quantities"))


@cache
def unit_quantities() -> tuple[UnitQuantity, ...]:
    """The units whose quantity a source states."""
    return tuple(UnitQuantity(**row) for row in _rows("unit_quantities"))


def _rows(name: str) -> list[dict[str, str]]:
    table = files("schemas").joinpath(f"codes/{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(table.splitlines()))
