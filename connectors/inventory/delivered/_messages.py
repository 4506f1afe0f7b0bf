"""Transactions made from a flat message: its units are counted, and all other content must follow from them.

The transaction holds the message as an attachment, byte for byte. Everything made from it (the text, the items, the head's
date, the patient's fields) is compared with what the message says, so that invented content is detected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

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
    """Whether the transaction states what the message states and no more; all items may be missing (`misses_items`)."""
    texts = [child.body for child in unit.children if child.kind is UnitKind.TEXT]
    items = [child.said for child in unit.children if child.kind is UnitKind.ITEM]
    known = 1 + len(texts) + len(items) == len(unit.children)
    text = without_controls(message.readable)
    return (
        known
        and texts == [shortened(canon(Node("text", {"L": "und"}, [text])))]
        and (not items or Counter(items) == Counter(result.form for result in message.results))
        and _kind(node) == ("labresult" if message.is_lab else "note")
        and message.bears_head(node)
    )


def _kind(node: Node) -> str:
    codes = (c for c in node.children if c.name == "cd" and c.get("S") == "CD-TRANSACTION")
    return next((code.value() for code in codes), "")


def has_items(unit: Unit) -> bool:
    """Whether a transaction made from a message has items."""
    return any(child.kind is UnitKind.ITEM for child in unit.children)


def misses_items(told: Sequence[tuple[ReadMessage, bool]]) -> bool:
    """Whether a message has no items although no later version replaces it, or has some although one does.

    `told`: each message of a chart, and whether it has items.
    """
    complete = [message for message, _ in told if message.head.is_complete is True and message.head.reference]
    last: dict[tuple[str, str, str], tuple[str, str]] = {}
    for message in sorted(complete, key=lambda each: each.head.moment):
        last[message.report] = message.head.moment
    for message, has_some in told:
        moment = last.get(message.report, ("", ""))
        is_old = moment > message.head.moment
        is_old = is_old or (
            message.report in last and moment == message.head.moment and message.head.is_complete is False
        )
        if (has_some and is_old) or (message.results and not has_some and not is_old):
            return True
    return False
