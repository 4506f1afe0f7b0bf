"""Fit trees into KMEHR 1.7 and 1.43 at once; what does not fit by reordering is a misfit, never a loss.

The table `schemas/codes/kmehr_types.json` restates, for every type of both releases, its children, their order, a
regular expression over their names (the content model), attributes, and for simple types base and values.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from connectors.targets.tree import Node

RELEASES = ("1.7", "1.43")
ORDERED = frozenset({"regimen", "compoundprescription", "text-with-layout"})
_DATE = r"-?\d{4,}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_TIME = r"(([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?|24:00:00(\.0+)?)"
_ZONE = r"(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)?"
_BASES = {
    "decimal": r"\s*[+-]?(\d+(\.\d*)?|\.\d+)\s*",
    "unsignedInt": r"\s*\+?\d{1,9}\s*",
    "integer": r"\s*[+-]?\d+\s*",
    "nonNegativeInteger": r"\s*\+?\d+\s*",
    "positiveInteger": r"\s*\+?0*[1-9]\d*\s*",
    "int": r"\s*[+-]?\d{1,9}\s*",
    "boolean": r"\s*(true|false|1|0)\s*",
    "date": rf"\s*{_DATE}{_ZONE}\s*",
    "time": rf"\s*{_TIME}{_ZONE}\s*",
    "dateTime": rf"\s*{_DATE}T{_TIME}{_ZONE}\s*",
    "gYear": rf"\s*-?\d{{4,}}{_ZONE}\s*",
    "gYearMonth": rf"\s*-?\d{{4,}}-(0[1-9]|1[0-2]){_ZONE}\s*",
    "language": r"\s*[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*\s*",
    "base64Binary": r"\s*(([A-Za-z0-9+/]\s*){4})*(([A-Za-z0-9+/]\s*){3}=|([A-Za-z0-9+/]\s*)([AQgw]\s*)(=\s*){2})?\s*",
}


@cache
def _types() -> dict[str, dict[str, Any]]:
    text = files("schemas").joinpath("codes/kmehr_types.json").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, Any]] = json.loads(text)
    return loaded


def child_type(parent: str, name: str, release: str) -> str | None:
    """The type of a child element, or None where the release has no such child."""
    found = _types()[release].get(parent, {}).get("children", {}).get(name)
    return None if found is None else str(found)


@cache
def _model(name: str, release: str) -> re.Pattern[str]:
    return re.compile(_types()[release][name].get("model") or "")


@cache
def order_of(name: str) -> dict[str, int]:
    """Rank of each child element in the newest release's order."""
    order = _types()[RELEASES[-1]].get(name, {}).get("order", [])
    return {child: rank for rank, child in enumerate(order)}


@cache
def occurs_once(parent: str, name: str) -> bool:
    """Whether the (flat) content model admits the child at most once."""
    found = re.search(rf"\(\?:{re.escape(name)} \)([*+]?)", _types()[RELEASES[0]][parent]["model"])
    return found is not None and found.group(1) == ""


def arrange(node: Node, type_name: str) -> None:
    """Put children into schema order, all the way down; equals keep their order. Ordered content is left alone."""
    for child in node.children:
        found = child_type(type_name, child.name, RELEASES[-1]) or child_type(
            type_name, child.name, RELEASES[0]
        )
        if found:
            arrange(child, found)
    mixed = any(c.tail.strip() for c in node.children)
    if node.name not in ORDERED and not mixed:
        ranks = order_of(type_name)
        node.children.sort(key=lambda c: ranks.get(c.name, 999))


def is_valid(node: Node, type_name: str) -> bool:
    """Whether the tree is valid as this type in both releases."""
    return all(_valid(node, type_name, release) for release in RELEASES)


def _valid(node: Node, type_name: str, release: str) -> bool:
    if type_name.startswith("xsd:"):
        return not node.children and not node.attributes and _simple(node.text, type_name, release)
    known = _types()[release].get(type_name)
    if known is None or not _attributes(node, known, release):
        return False
    if "children" not in known:
        return not node.children and _restricted(node.text, type_name, release)
    return _complex(node, type_name, known, release)


def _complex(node: Node, type_name: str, known: dict[str, Any], release: str) -> bool:
    if not known.get("mixed") and (node.text.strip() or any(c.tail.strip() for c in node.children)):
        return False
    if not _model(type_name, release).fullmatch("".join(f"{c.name} " for c in node.children)):
        return False
    types = known["children"]  # a mixed type's model may be empty: then none is known
    return all(c.name in types and _valid(c, str(types[c.name]), release) for c in node.children)


def _attributes(node: Node, known: dict[str, Any], release: str) -> bool:
    allowed: dict[str, Any] = known.get("attributes", {})
    for name, (_, required, _) in allowed.items():
        if required and name not in node.attributes:
            return False
    for name, value in node.attributes.items():
        if name not in allowed:
            return False
        type_name, _, fixed = allowed[name]
        if (fixed is not None and value != fixed) or not _restricted(value, type_name, release):
            return False
    return True


def _restricted(text: str, type_name: str, release: str) -> bool:
    """Test a simple value through its chain of bases."""
    while not type_name.startswith("xsd:"):
        known = _types()[release][type_name]
        if "enum" in known and text not in known["enum"]:
            return False
        if "pattern" in known and not re.fullmatch(known["pattern"], text):
            return False
        low, high = known.get("minInclusive"), known.get("maxInclusive")
        if (low is not None or high is not None) and not _within(text, low, high):
            return False
        length = known.get("length")
        if length is not None and len(text) != int(length):
            return False
        if len(text) < int(known.get("minLength", 0)) or len(text) > int(known.get("maxLength", 1 << 40)):
            return False
        type_name = str(known["base"])
    return _simple(text, type_name, release)


def _within(text: str, low: str | None, high: str | None) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return (low is None or value >= float(low)) and (high is None or value <= float(high))


def _simple(text: str, type_name: str, _release: str) -> bool:
    base = type_name.partition(":")[2]
    pattern = _BASES.get(base)
    if pattern is None:
        return True
    if not re.fullmatch(pattern, text):
        return False
    if base in ("date", "dateTime"):
        return _real_day(text.strip())
    return not (base.startswith("gYear") and text.strip().lstrip("-").startswith("0000"))


def _real_day(text: str) -> bool:
    year, month, day = (int(part) for part in text.lstrip("-")[: text.lstrip("-").index("-") + 6].split("-"))
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    longest = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    return year > 0 and day <= longest


def fit_children(children: list[Node], type_name: str) -> tuple[list[Node], list[Node]]:
    """Split the children of a unit into those the target holds, in schema order, and the misfits, verbatim."""
    kept: list[Node] = []
    misfits: list[Node] = []
    for child in children:
        (kept if _fits(child, type_name, kept) else misfits).append(child)
    ranks = order_of(type_name)
    kept.sort(key=lambda c: (ranks.get(c.name, 999), c.position))
    return kept, misfits


def _fits(child: Node, type_name: str, kept: list[Node]) -> bool:
    found = [child_type(type_name, child.name, release) for release in RELEASES]
    if None in found or found[0] != found[1]:
        return False
    if occurs_once(type_name, child.name) and any(other.name == child.name for other in kept):
        return False
    arrange(child, str(found[0]))
    return is_valid(child, str(found[0]))
