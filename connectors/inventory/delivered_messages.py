"""A transaction made from a HealthOne message: its lines are what counts; all the rest must follow from them.

The message lies in the transaction as an attachment, byte for byte. What was made from it (the text, the items,
the head's date, the patient's fields) is held against its lines here, so that nothing made can be invented.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from connectors.inventory.healthone_lines import MessageLine, messages, national_number
from connectors.inventory.markers import is_mark
from connectors.inventory.normal_form import Node, canon, derived_form, shortened, without_controls
from connectors.inventory.units import Unit
from schemas.disposition import UnitKind

DIFFERS = "message_differs"
_SEXES = {"M": "male", "F": "female", "V": "female"}
_WORD = re.compile(r"[^\s,]+")


def lines_of(unit: Unit) -> list[MessageLine] | None:
    """The lines of the one message that a marked transaction holds; None when it holds none, or several."""
    held = [child.held for child in unit.children if child.kind is UnitKind.ATTACHMENT]
    if len(held) != 1 or held[0] is None:
        return None
    found = list(messages([held[0]]))
    return found[0] if len(found) == 1 else None


def follows(unit: Unit, node: Node, lines: list[MessageLine]) -> bool:
    """Whether the transaction says what the message says and no more."""
    texts = [child.body for child in unit.children if child.kind is UnitKind.TEXT]
    items = [child.line for child in unit.children if child.kind is UnitKind.ITEM]
    known = 1 + len(texts) + len(items) == len(unit.children)
    text = without_controls("".join(line.whole for line in lines))
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


class Said:
    """What the header lines of a message say, in the forms in which it may be repeated."""

    def __init__(self, lines: Iterable[MessageLine]) -> None:
        heads = [line for line in lines if line.kind is UnitKind.MESSAGE_HEADER]
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
        """Whether a field of the patient is said."""
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
        """Whether date, time and reference of the transaction are said, where they are no fillers."""
        filled = {name for c in node.children if is_mark(c, "REPRISE-FILLED") for name in c.value().split()}
        return all(bears for name, bears in self._head(node) if name not in filled)

    def _head(self, node: Node) -> Iterator[tuple[str, bool]]:
        for child in node.children:
            if child.name == "date":
                yield "date", self._bears_day(child.value())
            elif child.name == "time":
                yield "time", child.value().replace(":", "")[:4] in self._fields
            elif child.get("SL") == "HEALTHONE-REFERENCE":
                yield "id", child.value() in self._fields

    def _bears_day(self, date: str) -> bool:
        year, month, day = date[:4], date[5:7], date[8:10]
        return bool({day + month + year, day + month + year[2:]} & self._fields)
