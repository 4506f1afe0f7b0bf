"""What a doctor counts: the sort of each unit, the part of its sort, and the year that it bears."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from connectors.targets.chart import Unit
from connectors.targets.skeleton import Skeleton
from schemas.disposition import UnitKind
from schemas.practice_documents import Sort

ITEMS = {
    "healthcareelement": Sort.PROBLEM, "problem": Sort.PROBLEM, "healthissue": Sort.PROBLEM, "diagnosis": Sort.PROBLEM,
    "medication": Sort.MEDICATION, "allergy": Sort.ALLERGY, "adr": Sort.ALLERGY, "vaccine": Sort.VACCINATION,
    "risk": Sort.RISK, "socialrisk": Sort.RISK, "familyrisk": Sort.RISK, "professionalrisk": Sort.RISK,
    "patientwill": Sort.PATIENT_WISH, "ntbr": Sort.PATIENT_WISH, "bloodtransfusionrefusal": Sort.PATIENT_WISH,
    "treatment": Sort.TREATMENT, "parameter": Sort.MEASUREMENT, "lab": Sort.LAB_RESULT,
}  # fmt: skip
TRANSACTIONS = {
    "clinicalsummary": Sort.SUMMARY, "sumehr": Sort.SUMMARY, "contactreport": Sort.CONTACT, "labresult": Sort.LAB_REPORT,
    "pharmaceuticalprescription": Sort.PRESCRIPTION, "prescription": Sort.PRESCRIPTION,
}  # fmt: skip
UNITS = {
    UnitKind.PATIENT_FIELD: Sort.PATIENT_DATA, UnitKind.HEADING: Sort.SECTION, UnitKind.TEXT: Sort.NOTE,
    UnitKind.LINK: Sort.LINK, UnitKind.MESSAGE_HEADER: Sort.MESSAGE_LINE, UnitKind.RESULT: Sort.LAB_RESULT,
    UnitKind.COMMENT: Sort.MESSAGE_LINE, UnitKind.ROW: Sort.TABLE_ROW, UnitKind.FILE: Sort.WHOLE_FILE,
    UnitKind.LOOSE_TEXT: Sort.LOOSE_TEXT,
    UnitKind.REMARK: Sort.LOOSE_TEXT, UnitKind.ATTACHMENT: Sort.DOCUMENT, UnitKind.TRANSACTION: Sort.LETTER,
    UnitKind.ITEM: Sort.OTHER_ITEM,
}  # fmt: skip
"""The sort of a unit of which no more is known than its kind."""
STATUSES = {
    "active": "active", "added": "active", "reported": "active", "administrated": "active", "substituted": "active",
    "prescribed": "prescribed", "delivered": "prescribed", "ordered": "prescribed",
    "stopped": "stopped", "aborted": "stopped", "completed": "stopped", "cancelled": "stopped", "inactive": "stopped",
    "suspended": "stopped", "excluded": "stopped", "retracted": "stopped", "notpresent": "stopped", "refused": "stopped",
}  # fmt: skip
"""Parts of the medication by CD-LIFECYCLE; any other status, or none, is `other`."""
DATED = frozenset(
    {
        Sort.CONTACT,
        Sort.LAB_REPORT,
        Sort.LETTER,
        Sort.PRESCRIPTION,
        Sort.IMAGE,
        Sort.DOCUMENT,
        Sort.LAB_RESULT,
    }
)
"""Sorts that are counted per year: that of the date of their transaction."""
_TO_DO = "planned"
_YEAR = re.compile(r"([0-9]{4})-")


class Place(NamedTuple):
    """Where a unit is counted. `part`: empty for a sort that is not divided; `year` 0: none."""

    sort: Sort
    part: str = ""
    year: int = 0


def place_of_unit(unit: Unit, transaction: Unit | None) -> Place:
    """Where a unit of a transaction (or of no transaction) is counted."""
    sort, part = _sort(unit)
    return Place(sort, part, year_of(transaction) if sort in DATED else 0)


def year_of(transaction: Unit | None) -> int:
    """The year of a transaction's date; 0: it has no readable one."""
    return _year(transaction.row["date"] or "") if transaction is not None else 0


@lru_cache(4096)
def _year(date: str) -> int:
    found = _YEAR.match(date)
    return int(found[1]) if found is not None else 0


def _sort(unit: Unit) -> tuple[Sort, str]:
    if unit.kind is UnitKind.ITEM:
        return item_sort(unit.name or "", status_of(unit))
    if unit.kind is UnitKind.TRANSACTION:
        return transaction_sort(unit.name or "")
    if unit.kind is UnitKind.ATTACHMENT:
        image = (unit.row["media_type"] or "").startswith("image/")
        return (Sort.IMAGE if image else Sort.DOCUMENT), ""
    return UNITS[unit.kind], ""


@lru_cache(4096)
def item_sort(kind: str, status: str) -> tuple[Sort, str]:
    """The sort and part of an item of a kind (CD-ITEM) with a status (CD-LIFECYCLE)."""
    sort = ITEMS.get(kind.strip(), Sort.OTHER_ITEM)
    if sort is Sort.MEDICATION:
        return sort, STATUSES.get(status.strip(), "other")
    if status.strip() == _TO_DO:
        return Sort.REMINDER, ""
    return sort, kind.strip() if sort is Sort.OTHER_ITEM else ""


@lru_cache(4096)
def transaction_sort(kind: str) -> tuple[Sort, str]:
    """The sort and part of a transaction of a kind (CD-TRANSACTION)."""
    sort = TRANSACTIONS.get(kind.strip(), Sort.LETTER)
    return sort, kind.strip() if sort is Sort.LETTER else ""


def status_of(item: Unit) -> str:
    """The first lifecycle code of an item as it came; empty if it has none."""
    hole = _status_hole(item.skeleton)
    return item.texts[hole] if hole >= 0 else ""


@lru_cache(4096)
def _status_hole(skeleton: Skeleton) -> int:
    for child in skeleton.root.children:
        if child.name == "lifecycle":
            return next((code.hole for code in child.children if code.name == "cd"), -1)
    return -1
