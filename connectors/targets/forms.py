"""Values written in several ways with one meaning: the form that the schema admits (docs/formats/facts.md, "Forms")."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy

from connectors.targets.tree import Node

_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\Z")
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})T00:00(?::00(?:\.0+)?)?\Z")
_MONTH = re.compile(r"(\d{4})(\d{2})\Z")
_COMMA = re.compile(r"([+-]?\d+),(\d+)\Z")
_TRUTH = re.compile(r"(?i:true|false)\Z")


def _time(text: str) -> str:
    found = _TIME.match(text)
    return f"{int(found[1]):02d}:{found[2]}:{found[3] or '00'}" if found else text


def _date(text: str) -> str:
    return _MIDNIGHT.sub(r"\1", text)


def _year_month(text: str) -> str:
    return _MONTH.sub(r"\1-\2", text)


def _decimal(text: str) -> str:
    return _COMMA.sub(r"\1.\2", text)


def _truth(text: str) -> str:
    return text.lower() if _TRUTH.match(text) else text


_FORMS: dict[str, Callable[[str], str]] = {
    "time": _time,
    "date": _date,
    "deliverydate": _date,
    "expirationdate": _date,
    "yearmonth": _year_month,
    "decimal": _decimal,
    "iscomplete": _truth,
    "isvalidated": _truth,
    "isrelevant": _truth,
    "boolean": _truth,
}


def settled(node: Node) -> Node:
    """A copy with every value in the form of the schema, if there is one and it loses nothing."""
    copied = deepcopy(node)
    _settle(copied)
    return copied


def _settle(node: Node) -> None:
    if node.name == "cd" and "SV" not in node.attributes and "S" in node.attributes:
        node.attributes["SV"] = ""  # the version of the table is not known
    if not node.children:
        form = _FORMS.get(node.name)
        if form is not None:
            node.text = form(node.text.strip())
        return
    for child in node.children:
        _settle(child)
    if node.name == "address":
        _settle_address(node)


def _settle_address(address: Node) -> None:
    """Add the empty house number that the schema of 1.7 requires in a structured address; one in the street does not count."""
    present = {child.name for child in address.children}
    if {"country", "zip", "city", "street"} <= present and "housenumber" not in present:
        address.children.append(Node("housenumber"))
