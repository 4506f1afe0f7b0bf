"""A site's own tables of codes: what a local code of an old software means in a known scheme, who says so, and since when.

A table is CSV (UTF-8, commas) in the home's folder `codes/`, with the columns of `SiteCode`. It is the only way by which a
local code gets a meaning that its record does not state: none is derived from a label or an abbreviation, for MS is multiple
sclerosis, mitral stenosis and a morphine. A table says what codes mean; it never names a patient.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from schemas.errors import HomeError

FOLDER = "codes"


class SiteCode(NamedTuple):
    """One row: the local system (SL of a LOCAL code) and code, the scheme and value that it means."""

    system: str
    code: str
    scheme: str
    value: str
    owner: str  # who answers for the row
    source: str  # where it stands, or who decided it
    dated: str  # yyyy-mm-dd


SiteCodes = Mapping[tuple[str, str], SiteCode]
"""Rows by local system and code."""
_LOINC = re.compile(r"([0-9]{1,7})-([0-9])")
_FORMS = {
    "ICPC": re.compile(r"[A-Z][0-9]{2}(\.[0-9]{2})?"),
    "ICD": re.compile(r"[A-Z][0-9]{2}(\.[0-9]{1,4})?"),
    "CD-LAB": _LOINC,
    "CD-ATC": re.compile(r"[A-Z]([0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?)?"),
    "CD-DRUG-CNK": re.compile(r"[0-9]{7}"),
    "CD-INNCLUSTER": re.compile(r"[0-9]{7,8}"),
    "CD-VMPGROUP": re.compile(r"[0-9]{1,8}"),
    "CD-SNOMED": re.compile(r"[0-9]{6,18}"),
    "CD-CLINICAL": re.compile(r"[0-9]{8}"),
    "CD-PARAMETER": re.compile(r"[a-z]{2,30}"),
}
SCHEMES = frozenset(_FORMS)
"""The schemes that a row may name; each value must have the form of its scheme."""
_DAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


def load_site_codes(home: Path) -> dict[tuple[str, str], SiteCode]:
    """Read all tables of a home; none without the folder.

    Raises HomeError: code_table_malformed (line) for a head, a field or a value that is not as it must be;
    code_table_contradicts (line) for a code that another row gives another meaning.
    """
    found: dict[tuple[str, str], SiteCode] = {}
    folder = home / FOLDER
    for path in sorted(folder.glob("*.csv")) if folder.is_dir() else ():
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except ValueError:
            raise HomeError("code_table_malformed", line=0) from None
        _add(found, lines)
    return found


def _add(found: dict[tuple[str, str], SiteCode], lines: Iterable[str]) -> None:
    rows = csv.reader(lines, strict=True)
    try:
        if tuple(next(rows, ())) != SiteCode._fields:
            raise HomeError("code_table_malformed", line=1)
        for cells in rows:
            row = _row(cells, rows.line_num)
            known = found.setdefault((row.system, row.code), row)
            if (known.scheme, known.value) != (row.scheme, row.value):
                raise HomeError("code_table_contradicts", line=rows.line_num)
    except csv.Error:
        malformed = HomeError("code_table_malformed", line=rows.line_num)
    else:
        return
    raise malformed


def _row(cells: list[str], line: int) -> SiteCode:
    stated = [cell.strip() for cell in cells]
    if len(stated) != len(SiteCode._fields) or not all(stated):
        raise HomeError("code_table_malformed", line=line)
    row = SiteCode(*stated)
    form = _FORMS.get(row.scheme)
    if form is None or not form.fullmatch(row.value) or not _DAY.fullmatch(row.dated):
        raise HomeError("code_table_malformed", line=line)
    if row.scheme == "CD-LAB" and not _checks(row.value):
        raise HomeError("code_table_malformed", line=line)
    return row


def _checks(loinc: str) -> bool:
    """Whether the last digit of a LOINC code checks the others (Luhn's modulo 10)."""
    digits = loinc.replace("-", "")
    doubled = [int(d) * (2 if at % 2 else 1) for at, d in enumerate(reversed(digits))]
    return sum(d // 10 + d % 10 for d in doubled) % 10 == 0
