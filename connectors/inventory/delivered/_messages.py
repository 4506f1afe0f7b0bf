"""Transactions made from a flat message: its units are counted, and all other content must follow from them.

The transaction holds the message as an attachment, byte for byte. Everything made from it (the text, the items, the head's
date, the patient's fields) is compared with what the message says, so that invented content is detected.
"""

from __future__ import annotations

from collections import Counter

from connectors.inventory.facts.normal_form import Node, canon, shortened, without_controls
from connectors.inventory.facts.units import Unit
from connectors.inventory.flat.reading import ReadMessage
from connectors.inventory.message_formats import FORMATS, read_all
from schemas.disposition import UnitKind

DIFFERS = "message_differs"


def held_message(unit: Unit, node: Node) -> ReadMessage | None:
    """The one message that a marked transaction holds, in the format that its head names; None if it holds none or several."""
    held = [child.held for child in unit.children if child.kind is UnitKind.ATTACHMENT]
    name = _format_of(node)
    if len(held) != 1 or held[0] is None or name is None:
        return None
    found = list(read_all(name, held[0]))
    return found[0] if len(found) == 1 else None


def _format_of(node: Node) -> str | None:
    """The format that the mark of the transaction names: `FORMAT:FILE/MESSAGE`."""
    marks = (c.value() for c in node.children if c.made and c.get("SL") == "REPRISE-MESSAGE")
    name = next(marks, "").partition(":")[0]
    return name if name in FORMATS else None


def follows(unit: Unit, node: Node, message: ReadMessage) -> bool:
    """Whether the transaction states what the message states and no more."""
    texts = [child.body for child in unit.children if child.kind is UnitKind.TEXT]
    items = [child.said for child in unit.children if child.kind is UnitKind.ITEM]
    known = 1 + len(texts) + len(items) == len(unit.children)
    text = without_controls(message.readable)
    return (
        known
        and texts == [shortened(canon(Node("text", {"L": "und"}, [text])))]
        and Counter(items) == Counter(result.form for result in message.results)
        and _kind(node) == ("labresult" if message.is_lab else "note")
        and message.bears_head(node)
    )


def _kind(node: Node) -> str:
    codes = (c for c in node.children if c.name == "cd" and c.get("S") == "CD-TRANSACTION")
    return next((code.value() for code in codes), "")
