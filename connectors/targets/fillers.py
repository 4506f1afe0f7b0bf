"""The closed table of values that SMF requires and a source may lack (docs/formats/facts.md); nothing else is filled."""

from __future__ import annotations

from connectors.targets.marks import Mark
from connectors.targets.tree import RUN, Node, leaf, wrap

FIRST_NAME = leaf("firstname", "-")
FAMILY_NAME = leaf("familyname", "-")
SEX = wrap("sex", leaf("cd", "unknown", S="CD-SEX", SV="1.0"))
KIND = leaf("cd", "note", S="CD-TRANSACTION", SV="1.0")
SUMMARY = "clinicalsummary"
_PLAIN = {"date": "1900-01-01", "time": "00:00:00", "iscomplete": "false", "isvalidated": "false"}


def marker(names: list[str]) -> Node:
    """The id that lists which children of its parent are fillers."""
    return leaf("id", " ".join(names), S="LOCAL", SV=RUN, SL=Mark.FILLED)


def fill_patient(children: list[Node]) -> list[str]:
    """Add what a patient lacks; returns the names filled."""
    present = {child.name for child in children}
    fillers = {"firstname": FIRST_NAME, "familyname": FAMILY_NAME, "sex": SEX}
    filled = [name for name in fillers if name not in present]
    children += [fillers[name] for name in filled]
    if "id" not in present:
        filled.append("id")
    if filled:
        children.append(marker(filled))
    return filled


def fill_transaction(children: list[Node], author: list[Node], *, empty_body: bool) -> list[str]:
    """Add what a transaction's head lacks; returns the names filled (`text`: a mandatory body)."""
    present = {child.name for child in children}
    filled = [name for name in _PLAIN if name not in present]
    children += [leaf(name, _PLAIN[name]) for name in filled]
    if not any(c.name == "cd" and c.attributes.get("S") == "CD-TRANSACTION" for c in children):
        children.append(KIND)
        filled.append("cd")
    if "author" not in present and author:
        children.append(wrap("author", *author))
        filled.append("author")
    if empty_body:
        filled.append("text")
    if filled:
        children.append(marker(filled))
    return filled


def fill_summary(children: list[Node], author: list[Node]) -> None:
    """Make children the head of a clinical summary of which the source has nothing."""
    head = [leaf("cd", SUMMARY, S="CD-TRANSACTION", SV="1.0")]
    fill_transaction(head, author, empty_body=False)
    children += [child for child in head if child.attributes.get("SL") != Mark.FILLED]
    children.append(marker(["date", "time", "author", "iscomplete", "isvalidated", "cd", "text"]))


def fill_heading(children: list[Node], *, empty_body: bool) -> list[Node]:
    """The children of a heading's head, with a code if it has none, and the mark that states so."""
    filled = [] if any(child.name == "cd" for child in children) else ["cd"]
    # made each time: the token of the run is set in it
    added = [leaf("cd", "-", S="LOCAL", SV=RUN, SL=Mark.HEADING)] if filled else []
    filled += ["text"] if empty_body else []
    return [*children, *added, *([marker(filled)] if filled else [])]
