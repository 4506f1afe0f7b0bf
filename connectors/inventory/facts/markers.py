"""What a target adds and marks: fillers, the true kind of a transaction, items derived from a message.

Only marks with the token of the chart's own run count (`Node.made`); any other is an ordinary id.

The table of fillers is that of docs/formats/facts.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.inventory.facts.normal_form import Node, canon, canons

FILLED = "REPRISE-FILLED"
DERIVED = "REPRISE-DERIVED"
TRANSACTION = "REPRISE-TRANSACTION"
SUMMARY = "clinicalsummary"
MESSAGE = "REPRISE-MESSAGE"
HEADING = "REPRISE-HEADING"
_KNOWN_MARKS = frozenset({FILLED, DERIVED, TRANSACTION, MESSAGE, "REPRISE-MF-ID-SOURCE"})
_PLAIN_FILLERS = {
    "firstname": "-",
    "familyname": "-",
    "date": "1900-01-01",
    "time": "00:00:00",
    "iscomplete": "false",
    "isvalidated": "false",
}
PATIENT_NAMES = frozenset({"sex", "firstname", "familyname", "id"})
TRANSACTION_NAMES = frozenset({"date", "time", "author", "iscomplete", "isvalidated", "text", "cd"})
_KIND = "note"
HEADING_NAMES = frozenset({"cd", "text"})
_DERIVED_FROM = re.compile(r"\d+/\d+(?:\.\d+)*(?:#\d+\.\d+)?\Z")
MALFORMED = "marker_malformed"
DIFFERS = "filler_differs"


@dataclass
class Filling:
    """The content of a REPRISE-FILLED id, checked against the table."""

    kept: list[Node]
    names: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    summary: bool = False  # the whole clinicalsummary was made from nothing
    text: bool = False  # the body's text is a filler, if it is empty


def filling(children: Sequence[Node], allowed: frozenset[str], sender: frozenset[str]) -> Filling:
    """Set aside the filled children. A child that differs from its filler stays and is a problem."""
    names = [name for mark in children if is_mark(mark, FILLED) for name in mark.value().split()]
    stands = next((c.value() for c in children if _is_kind(c)), "")
    found = Filling(list(children), summary=set(names) == TRANSACTION_NAMES and stands == SUMMARY)
    fillers = _PLAIN_FILLERS | {"cd": SUMMARY if found.summary else _KIND}
    for name in names:
        if name not in allowed:
            found.problems.append(MALFORMED)
            continue
        found.names.append(name)
        if name == "text":
            found.text = True
        elif name != "id" and not _set_aside(found.kept, name, fillers, sender):
            found.problems.append(DIFFERS)
    return found


def _set_aside(children: list[Node], name: str, fillers: dict[str, str], sender: frozenset[str]) -> bool:
    for at, child in enumerate(children):
        if child.name == name and _is_filler(child, fillers, sender):
            del children[at]
            return True
    return False


def _is_kind(node: Node) -> bool:
    return node.name == "cd" and node.get("S") == "CD-TRANSACTION"


def _is_filler(node: Node, fillers: dict[str, str], sender: frozenset[str]) -> bool:
    if node.name == "author":
        parties = canons(node.children)
        return bool(parties) and all(party in sender for party in parties)
    if node.name == "sex":
        return [(c.name, c.get("S"), c.value()) for c in node.children] == [("cd", "CD-SEX", "unknown")]
    if node.name == "cd" and node.made and node.get("SL") == HEADING:
        return not node.children and node.value() == "-"
    if node.name == "cd" and not _is_kind(node):
        return False
    return not node.children and node.value() == fillers.get(node.name)


def is_empty_text(body: str) -> bool:
    """Whether the body of a text unit is the filler of a mandatory body."""
    return body == canon(Node("text", {"L": "und"}))


def true_kind(children: Sequence[Node]) -> list[Node]:
    """The children of a transaction, with its CD-TRANSACTION set back to the value of REPRISE-TRANSACTION."""
    mark = next((c for c in children if c.name == "cd" and c.made and c.get("SL") == TRANSACTION), None)
    if mark is None:
        return list(children)
    kept = [child for child in children if child is not mark]
    for at, child in enumerate(kept):
        if _is_kind(child):
            kept[at] = _reset(child, mark)
            break
    return kept


def _reset(code: Node, mark: Node) -> Node:
    attributes = {name: value for name, value in code.attributes.items() if name != "SV"}
    version = mark.get("DN")
    if version is not None:
        attributes["SV"] = version
    return Node("cd", attributes, mark.texts)


def is_derived(children: Sequence[Node]) -> bool:
    """Whether an item was made by the run from a result of a lab message."""
    return any(is_mark(child, DERIVED) for child in children)


def was_derived(children: Sequence[Node]) -> bool:
    """Whether an item of a source was made so by an earlier package."""
    return any(child.name == "id" and child.get("SL") == DERIVED for child in children)


def message_mark(children: Sequence[Node]) -> str | None:
    """The value of a REPRISE-MESSAGE id: this transaction, or these fields of a patient, come from a message."""
    return next((child.value() for child in children if is_mark(child, MESSAGE)), None)


def malformed_marks(children: Sequence[Node]) -> list[str]:
    """Returns a problem for each of the run's ids that is unknown or malformed."""
    marks = [c for c in children if c.name == "id" and c.made and (c.get("SL") or "").startswith("REPRISE-")]
    wrong = [c for c in marks if c.get("SL") not in _KNOWN_MARKS or not c.value()]
    wrong += [c for c in marks if c.get("SL") == DERIVED and not says_origin(c.value())]
    return [MALFORMED] * len(wrong)


def says_origin(value: str) -> bool:
    """Whether a REPRISE-DERIVED id states the place in the source from which its item is made."""
    return _DERIVED_FROM.match(value) is not None


def is_mark(node: Node, scheme: str) -> bool:
    """Whether an id is a mark of this run."""
    return node.name == "id" and node.made and node.get("S") == "LOCAL" and node.get("SL") == scheme
