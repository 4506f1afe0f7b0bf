"""The transaction kinds of SMF, and the mapping of all others (docs/formats: KMEHR, the SMF table and how letters travel)."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.targets.chart import Unit, stated_kind
from connectors.targets.fillers import SUMMARY
from connectors.targets.marks import Mark
from connectors.targets.tree import RUN, Node, leaf

KINDS = frozenset(
    {
        "clinicalsummary",
        "contactreport",
        "labresult",
        "result",
        "note",
        "pharmaceuticalprescription",
        "prescription",
    }
)
_TECHNICAL = frozenset({"telemonitoring", "radiationexposuremonitoring", "epidemiology", "bvt-sample"})


_OTHER_SUMMARY = "sumehr"


def is_summary(transaction: Unit) -> bool:
    """Whether one of its kinds is the clinical summary."""
    kinds = transaction.skeleton.codes("CD-TRANSACTION")
    return any(transaction.texts[at] == SUMMARY for at in kinds if at >= 0)


def is_bare_summary(transaction: Unit) -> bool:
    """Whether its head says no more than that it is a clinical summary: of rows of tables, a chart states that once."""
    said = transaction.children[
        : -1 if transaction.made else None
    ]  # an MF-ID that was made for it is the last
    if [child.name for child in said] != ["cd"]:
        return False
    return said[0].text == SUMMARY and said[0].attributes == {"S": "CD-TRANSACTION", "SV": "1.5"}


def newest_other_summary(transactions: Sequence[Unit]) -> Unit | None:
    """The newest SUMEHR: importers look for problems, allergies, medication and vaccines only in a clinicalsummary.

    claim: summary-holds-items
    """
    found = [t for t in transactions if stated_kind(t) == _OTHER_SUMMARY]
    return max(found, key=lambda t: (t.row["date"] or "", _time(t)), default=None)


def _time(transaction: Unit) -> str:
    return next((child.text for child in transaction.children if child.name == "time"), "")


def set_kind(children: list[Node], *, summary: bool = False) -> None:
    """Give a transaction a kind of the SMF table, or that of a summary; its own kind stays beside it."""
    known = frozenset({SUMMARY}) if summary else KINDS
    for at, child in enumerate(children):
        if child.name == "cd" and child.attributes.get("S") == "CD-TRANSACTION" and child.text not in known:
            original = leaf(
                "cd", child.text, S="LOCAL", SV=RUN, SL=Mark.TRANSACTION, DN=child.attributes.get("SV")
            )
            kind = SUMMARY if summary else "result" if child.text in _TECHNICAL else "note"
            child.attributes = {
                "S": "CD-TRANSACTION",
                "SV": child.attributes.get("SV", "1.0"),
                **{k: v for k, v in child.attributes.items() if k not in ("S", "SV")},
            }
            child.text, child.start = kind, ""
            children.insert(at + 1, original)
            return
