"""Transactions made from a flat message: its units are counted, and all other content must follow from them.

The transaction holds the message as an attachment, byte for byte. Everything made from it (the text, the items, the head's
date, the patient's fields) is compared with what the message says, so that invented content is detected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from connectors.inventory.facts.markers import true_kind
from connectors.inventory.facts.normal_form import Node, attachment_body, canon, shortened, without_controls
from connectors.inventory.facts.units import Unit
from connectors.inventory.flat.reading import ReadMessage
from connectors.inventory.message_formats import FORMATS, read_all
from schemas.disposition import UnitKind

DIFFERS = "message_differs"


def held_message(unit: Unit, node: Node) -> ReadMessage | None:
    """The one message that a marked transaction holds, in the format that its head names, and behind it the message's documents.

    None if it holds none, several, or another attachment.
    """
    attachments = [child for child in unit.children if child.kind is UnitKind.ATTACHMENT]
    name = _format_of(node)
    if not attachments or attachments[0].held is None or name is None:
        return None
    found = list(read_all(name, attachments[0].held))
    is_one = len(found) == 1 and not found[0].is_refused
    return (
        found[0] if is_one and _held_documents(found[0]) == [each.body for each in attachments[1:]] else None
    )


def _held_documents(message: ReadMessage) -> list[str]:
    """The forms of the attachments that the documents in a message must become."""
    labels = Node("lnk", {"TYPE": "multimedia"}, [])
    return [shortened(attachment_body(labels, *document)) for document in message.documents]


def _format_of(node: Node) -> str | None:
    """The format that the mark of the transaction names: `FORMAT:FILE/MESSAGE`."""
    marks = (c.value() for c in node.children if c.made and c.get("SL") == "REPRISE-MESSAGE")
    name = next(marks, "").partition(":")[0]
    return name if name in FORMATS else None


def follows(unit: Unit, node: Node, message: ReadMessage) -> bool:
    """Whether the transaction states what the message states and no more; all items may be missing (`misses_items`)."""
    texts = [child.body for child in unit.children if child.kind is UnitKind.TEXT]
    items = [child.said for child in unit.children if child.kind is UnitKind.ITEM]
    known = 1 + len(message.documents) + len(texts) + len(items) == len(unit.children)
    text = without_controls(message.readable)
    return (
        known
        and texts == [shortened(canon(Node("text", {"L": "und"}, [text])))]
        and (not items or Counter(items) == Counter(result.form for result in message.results))
        and _kind(node) == message.transaction
        and message.bears_head(node)
    )


def _kind(node: Node) -> str:
    codes = (c for c in true_kind(node.children) if c.name == "cd" and c.get("S") == "CD-TRANSACTION")
    return next((code.value() for code in codes), "")


def has_items(unit: Unit) -> bool:
    """Whether a transaction made from a message has items."""
    return any(child.kind is UnitKind.ITEM for child in unit.children)


def misses_items(told: Sequence[tuple[ReadMessage, bool]]) -> bool:
    """Whether a message has no items although no later version replaces it, or has some although one does.

    `told`: each message of a chart, and whether it has items.
    """
    versions: dict[tuple[str, str, str], list[ReadMessage]] = {}
    for message, _ in told:
        if message.head.is_complete is True and message.head.reference:
            known = versions.setdefault(message.report, [])
            if message.restates or not known:
                known.append(message)
            elif known[0].head.moment < message.head.moment:  # the newest decides
                known[0] = message
    for message, has_some in told:
        is_old = any(later.replaces(message) for later in versions.get(message.report, ()))
        if (has_some and is_old) or (message.results and not has_some and not is_old):
            return True
    return False
