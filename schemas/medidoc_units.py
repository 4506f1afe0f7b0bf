"""The unit codes of MediDoc with their units, and where each row is from (`codes/medidoc_units.csv`).

The table of the format is not public (claim: medidoc-unit-codes). A row is `probable` where public files show values and ranges
that only this unit fits.
A code without a row has no unit here: it is delivered as a code and is on the work list.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def medidoc_units() -> dict[str, str]:
    """The unit by code."""
    table = files("schemas").joinpath("codes/medidoc_units.csv").read_text(encoding="utf-8")
    return {row["code"]: row["unit"] for row in csv.DictReader(table.splitlines())}
