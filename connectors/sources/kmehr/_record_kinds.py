"""The kind of record that a transaction is, and the doctor responsible for it (docs/formats/kmehr.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from connectors.sources.kmehr.tree import Element
from schemas.disposition import RecordKind
from schemas.identifiers import clean_nihii

HOSPITAL_KINDS = frozenset({"admission", "discharge", "dischargereport", "quickdischargereport"})
REPORT_KINDS = frozenset({"note", "result", "report", "referral", "request"})
NOTICE_WORDING = re.compile("admission|discharge|hospitalisation|opname|ontslag|sortie", re.IGNORECASE)


def record_kind(kind: str | None, local_wording: Iterable[str], author_types: Iterable[str]) -> RecordKind:
    """The kind of record, as an instruction names it.

    `kind` is the CD-TRANSACTION value; `local_wording` the values and DN of the `cd`s with S=LOCAL; `author_types` the CD-HCPARTY
    values of the author's parties. Case and surrounding blanks do not count.
    """
    known = (kind or "").strip().lower()
    if known == "labresult":
        return RecordKind.LAB_RESULTS
    if known in HOSPITAL_KINDS:
        return RecordKind.HOSPITAL_NOTICES
    if known in ("note", "report"):
        hospital = any(each.strip().lower() == "orghospital" for each in author_types)
        if hospital and any(NOTICE_WORDING.search(each) for each in local_wording):
            return RecordKind.HOSPITAL_NOTICES
    return RecordKind.SPECIALIST_REPORTS if known in REPORT_KINDS else RecordKind.PATIENT_RECORDS


def transaction_kind(head: Element) -> str | None:
    """The value of the first `cd` with S=CD-TRANSACTION, as it came."""
    return first_code(head, "CD-TRANSACTION")


def first_code(element: Element, scheme: str) -> str | None:
    """The own text of the first `cd` child with that scheme."""
    found = (cd.own_text for cd in element.all("cd") if cd.attributes.get("S") == scheme)
    return next(found, None)


def record_kind_of(head: Element) -> RecordKind:
    """The record kind of a transaction's head."""
    wording = [
        text
        for cd in head.all("cd")
        if cd.attributes.get("S") == "LOCAL"
        for text in (cd.own_text, cd.attributes.get("DN", ""))
    ]
    types = [
        cd.own_text
        for party in author_parties(head)
        for cd in party.all("cd")
        if cd.attributes.get("S") == "CD-HCPARTY"
    ]
    return record_kind(transaction_kind(head), wording, types)


def author_parties(head: Element) -> list[Element]:
    """The `hcparty` elements directly in the head's `author` elements."""
    return [party for author in head.all("author") for party in author.all("hcparty")]


def responsible_of(head: Element) -> str | None:
    """The first eight NIHII digits of the first author who is a physician and has such a number."""
    for party in author_parties(head):
        if not any(
            cd.attributes.get("S") == "CD-HCPARTY" and cd.own_text.strip() == "persphysician"
            for cd in party.all("cd")
        ):
            continue
        first = next((i for i in party.all("id") if i.attributes.get("S") == "ID-HCPARTY"), None)
        digits = clean_nihii(first.own_text if first else None)
        if len(digits) >= 8:
            return digits[:8]
    return None
