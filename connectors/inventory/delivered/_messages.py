"""Transactions made from a HealthOne message: the lines are counted, and all other content must follow from them.

The transaction holds the message as an attachment, byte for byte. Everything made from it (the text, the items, the head's
date, the patient's fields) is compared with its lines here, so that invented content is detected.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from connectors.inventory.facts.markers import is_mark
from connectors.inventory.facts.normal_form import Node, canon, derived_form, shortened, without_controls
from connectors.inventory.facts.units import Unit
from connectors.inventory.healthone.lines import MessageLine, messages, national_number
from schemas.disposition import UnitKind

DIFFERS = "message_differs"
_SEXES = {"M": "male", "F": "female", "V": "female"}
_REPORTS = ("L2", "L3", "L5")
_DEGREES = {
    "+": "high", "++": "veryhigh", "+++": "extremelyhigh", "-": "low", "--": "verylow", "---": "extremelylow",
    "*": "abnormal", "N": "normal",
}  # fmt: skip
_WORD = re.compile(r"[^\s,]+")


def lines_of(unit: Unit) -> list[MessageLine] | None:
    """The lines of the one message that a marked transaction holds; None if it holds none or several."""
    held = [child.held for child in unit.children if child.kind is UnitKind.ATTACHMENT]
    if len(held) != 1 or held[0] is None:
        return None
    found = list(messages([held[0]]))
    return found[0] if len(found) == 1 else None


def follows(unit: Unit, node: Node, lines: list[MessageLine]) -> bool:
    """Whether the transaction states what the message states and no more."""
    texts = [child.body for child in unit.children if child.kind is UnitKind.TEXT]
    items = [child.line for child in unit.children if child.kind is UnitKind.ITEM]
    known = 1 + len(texts) + len(items) == len(unit.children)
    text = without_controls(readable(lines))
    results = Counter(derived_form(line.text) for line in lines if line.descriptor == "L1")
    return (
        known
        and texts == [shortened(canon(Node("text", {"L": "und"}, [text])))]
        and Counter(derived_form(line or "") for line in items) == results
        and _kind(node) == ("labresult" if results else "note")
        and Said(lines).bears_head(node)
    )


def _kind(node: Node) -> str:
    codes = (c for c in node.children if c.name == "cd" and c.get("S") == "CD-TRANSACTION")
    return next((code.value() for code in codes), "")


def readable(lines: list[MessageLine]) -> str:
    """The text of the lines below the header, without descriptors, references and codes; the whole message if none are below."""
    texts = []
    for line in lines:
        if line.kind is UnitKind.RESULT:
            texts.append(_result(line.fields))
        elif line.kind is UnitKind.COMMENT:
            texts.append((_report(line.fields) if line.descriptor in _REPORTS else line.text).rstrip())
        elif line.kind is None and not line.is_end:
            texts.append("")
    return "\n".join(texts).strip("\n") or "".join(line.whole for line in lines)


def _result(fields: list[str]) -> str:
    _, name, limits, unit, flag, *_ = [*fields[2:], *[""] * 5]
    if limits.strip():
        limits = f"({limits.strip()})"
    if flag.strip() == "C" or not name.strip():
        flag = ""
    return "  ".join(part.rstrip() for part in (name, _last(fields), unit, limits, flag) if part.strip())


def _report(fields: list[str]) -> str:
    return _last(fields) or "".join(fields[3:4])


def _last(fields: list[str]) -> str:
    """The eighth field, with everything after further backslashes; empty fields at the end are part of the line."""
    rest = fields[7:]
    kept = max((n for n, field in enumerate(rest, start=1) if field.strip()), default=1)
    return "\\".join(rest[:kept])


def item_follows(node: Node, line: str) -> bool:
    """Whether an item made from a result line states nothing beyond that line."""
    fields = [*without_controls(line).rstrip("\x1a\x0c").split("\\"), *[""] * 8]
    value, limits = _last(fields[:-8]), fields[4]
    for content in (child for child in node.children if child.name == "content"):
        for child in content.children:
            if child.name in ("minref", "maxref", "unit") and not child.children:
                return False
            if child.name == "decimal" and not value.strip().startswith(_forms(child)):
                return False
            if child.name in ("minref", "maxref") and not any(
                form in limits for form in _forms(child.children[0])
            ):
                return False
            if child.name == "unit" and child.children[0].value() not in f"{fields[5]} {value}".casefold():
                return False
            if child.name == "text" and child.value().split() != f"{value} {fields[5]}".split():
                return False
    degrees = [code.value() for child in node.children if child.name == "severity" for code in child.children]
    return degrees == [degree for degree in [_DEGREES.get(fields[6].strip())] if degree]


def _forms(decimal: Node) -> tuple[str, str]:
    return decimal.value(), decimal.value().replace(".", ",")


class Said:
    """What the header lines of a message state, in the forms in which it may be repeated."""

    def __init__(self, lines: Iterable[MessageLine]) -> None:
        lines = list(lines)
        heads = [line for line in lines if line.kind is UnitKind.MESSAGE_HEADER]
        self._results = any(line.kind is UnitKind.RESULT for line in lines)
        self._sender, self._status = _field(heads, "A1", 2), _field(heads, "A4", 5).upper()
        self._fields = {without_controls(part).strip() for line in heads for part in line.text.split("\\")}
        self._words = {word for part in self._fields for word in _WORD.findall(part)}
        self._inss = national_number(heads)
        self._sexes = {
            _SEXES.get(part.strip().upper())
            for line in heads
            if line.descriptor == "A2"
            for part in line.text.split("\\")[4:5]
        }

    def bears_field(self, node: Node) -> bool:
        """Whether the message states this field of the patient."""
        if node.name == "id":
            return node.value() == self._inss
        if node.name == "sex":
            return [code.value() for code in node.children] == list(self._sexes)
        if node.name == "birthdate":
            return all(self._bears_day(date.value()) for date in node.children)
        if node.name == "address":
            texts = [child.value() for child in node.children if child.name == "text"]
            return all(word in self._words for text in texts for word in _WORD.findall(text))
        return node.value() in self._fields

    def bears_head(self, node: Node) -> bool:
        """Whether the message states the transaction's date, time and reference, unless they are fillers."""
        filled = {name for c in node.children if is_mark(c, "REPRISE-FILLED") for name in c.value().split()}
        return all(bears for name, bears in self._head(node) if name not in filled)

    def _head(self, node: Node) -> Iterator[tuple[str, bool]]:
        for child in node.children:
            if child.name == "date":
                yield "date", self._bears_day(child.value())
            elif child.name == "time":
                yield "time", child.value().replace(":", "")[:4] in self._fields
            elif child.name == "iscomplete":
                said = "C" in self._status if child.value() == "true" else "P" in self._status
                yield "iscomplete", said and ("C" in self._status) == (child.value() == "true")
            elif child.name == "author":
                yield "author", [self._has_sender(party) for party in child.children] == [True]
            elif child.get("SL") == "HEALTHONE-REFERENCE":
                yield "id", child.value() in self._fields

    def _has_sender(self, party: Node) -> bool:
        """Whether a party is the sender, in the role that such messages state."""
        role = "orglaboratory" if self._results else "sender"
        digits = "".join(sign for sign in self._sender if sign not in "./- \t")
        said = {"id": digits, "cd": role, "name": self._sender}
        return self._sender.strip("-") != "" and all(
            said.get(part.name) == part.value() for part in party.children
        )

    def _bears_day(self, date: str) -> bool:
        year, month, day = date[:4], date[5:7], date[8:10]
        return bool({day + month + year, day + month + year[2:]} & self._fields)


def _field(heads: list[MessageLine], descriptor: str, at: int) -> str:
    """A field of the first line with this descriptor; empty if there is none."""
    fields = next((line.fields for line in heads if line.descriptor == descriptor), [])
    return without_controls(fields[at]).strip() if at < len(fields) else ""
