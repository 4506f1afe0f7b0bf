"""What a transaction's head states about it: the kind of record, the responsible doctor, its day."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence

from connectors.inventory.facts.normal_form import Node
from connectors.inventory.facts.units import Transaction
from schemas.disposition import RecordKind

_HOSPITAL_KINDS = frozenset({"admission", "discharge", "dischargereport", "quickdischargereport"})
_REPORT_KINDS = frozenset({"note", "result", "report", "referral", "request"})
_HOSPITAL_WORDS = re.compile(r"admission|discharge|hospitalisation|opname|ontslag|sortie", re.IGNORECASE)
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:Z|[+-]\d{2}:\d{2})?\Z", re.ASCII)


def describe(children: Sequence[Node], true: Sequence[Node]) -> Transaction:
    """The head's facts, from its children as they stand and with the CD-TRANSACTION set back to the true one.

    The record kind follows the children as they stand (docs/formats/kmehr.md, "Record kind").
    """
    kind = _code(children, "CD-TRANSACTION").lower()
    said = [c.value() for c in true if c.name == "cd" and c.get("S") == "CD-TRANSACTION"]
    return Transaction(
        "clinicalsummary" if "clinicalsummary" in said else min(said, default=""),
        _record_kind(kind, children),
        _responsible(children),
    )


def _code(children: Iterable[Node], scheme: str) -> str:
    return next((c.value() for c in children if c.name == "cd" and c.get("S") == scheme), "")


def _record_kind(kind: str, children: Sequence[Node]) -> RecordKind:
    if kind == "labresult":
        return RecordKind.LAB_RESULTS
    if kind in _HOSPITAL_KINDS:
        return RecordKind.HOSPITAL_NOTICES
    if kind in ("note", "report") and _by_hospital(children) and _speaks_of_hospital(children):
        return RecordKind.HOSPITAL_NOTICES
    return RecordKind.SPECIALIST_REPORTS if kind in _REPORT_KINDS else RecordKind.PATIENT_RECORDS


def _speaks_of_hospital(children: Sequence[Node]) -> bool:
    local = (c for c in children if c.name == "cd" and c.get("S") == "LOCAL")
    return any(_HOSPITAL_WORDS.search(f"{c.value()} {c.get('DN') or ''}") for c in local)


def _parties(children: Iterable[Node], code: str) -> Iterable[Node]:
    for author in children:
        for party in author.children if author.name == "author" else ():
            cds = (c for c in party.children if c.name == "cd" and c.get("S") == "CD-HCPARTY")
            if party.name == "hcparty" and any(cd.value() == code for cd in cds):
                yield party


def _by_hospital(children: Sequence[Node]) -> bool:
    return any(True for _ in _parties(children, "orghospital"))


def _responsible(children: Sequence[Node]) -> str | None:
    for party in _parties(children, "persphysician"):
        ids = (c for c in party.children if c.name == "id" and c.get("S") == "ID-HCPARTY")
        digits = re.sub(r"[^0-9]", "", next((one.value() for one in ids), ""))
        if len(digits) >= 8:
            return digits[:8]
    return None


def day(children: Iterable[Node]) -> str | None:
    """The transaction's date as yyyy-mm-dd, if it is a real one."""
    for child in children:
        found = _DATE.match(child.value()) if child.name == "date" else None
        if found and _is_day(found.group(1)):
            return found.group(1)
    return None


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True
