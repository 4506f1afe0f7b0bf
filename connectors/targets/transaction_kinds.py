"""The transaction kinds of SMF, and where the others go (formats: KMEHR, the SMF table and how letters travel)."""

from __future__ import annotations

from connectors.targets.tree import Node, leaf

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


def set_kind(children: list[Node]) -> None:
    """Give a transaction a kind of the SMF table; its own kind stays beside it."""
    for at, child in enumerate(children):
        if child.name == "cd" and child.attributes.get("S") == "CD-TRANSACTION" and child.text not in KINDS:
            original = leaf(
                "cd", child.text, S="LOCAL", SV="1.0", SL="REPRISE-TRANSACTION", DN=child.attributes.get("SV")
            )
            kind = "result" if child.text in _TECHNICAL else "note"
            child.attributes = {
                "S": "CD-TRANSACTION",
                "SV": child.attributes.get("SV", "1.0"),
                **{k: v for k, v in child.attributes.items() if k not in ("S", "SV")},
            }
            child.text = kind
            children.insert(at + 1, original)
            return
