"""Units to valid SMF elements: what does not fit moves into a text of the same unit, verbatim."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from connectors.targets.chart import Unit
from connectors.targets.conform import fit_children, is_valid, order_of
from connectors.targets.media import media_type_of
from connectors.targets.references import References
from connectors.targets.tree import Node, leaf, parse_fragment, serialise
from schemas.disposition import Reason, UnitKind
from schemas.item_kinds import ITEM_KINDS

_POSITION = re.compile(r"[0-9A-Fa-f.\s-]*")
_TYPES = {UnitKind.ITEM: "itemType", UnitKind.HEADING: "headingType", UnitKind.TRANSACTION: "transactionType"}


TEXT_TYPES = {"text": "DT:textType", "text-with-layout": "textWithLayoutType"}
FOLDER_TEXTS = {"text": "DT:textType"}


def snippet(node: Node) -> Node:
    """A text that carries an element verbatim (docs/formats/facts.md, Degraded)."""
    return leaf("text", f"Reprise: {serialise(node)}", L="und")


def is_kmehr_id(node: Node) -> bool:
    """An ID-KMEHR: there is one in each element, and it is a position."""
    return node.name == "id" and node.attributes.get("S") == "ID-KMEHR"


def is_position(node: Node) -> bool:
    """Whether an ID-KMEHR says no more than a position, which is numbered anew."""
    labels = node.attributes
    told = labels.get("SV", "") + node.text
    return (
        is_kmehr_id(node)
        and labels.keys() <= {"S", "SV"}
        and not node.children
        and bool(_POSITION.fullmatch(told))
    )


def fit_unit(unit: Unit) -> tuple[list[Node], list[Node]]:
    """The unit's own children that fit, and the misfits; marks it degraded when there are any."""
    children = [child for child in unit.children if not is_kmehr_id(child)]
    kept, misfits = fit_children(children, _TYPES[unit.kind])
    misfits += [child for child in unit.children if is_kmehr_id(child) and not is_position(child)]
    if misfits:
        unit.degrade(Reason.NOT_IN_TARGET)
    return kept, misfits


class UnitWriter:
    """Turns the units of a transaction into nodes. `references`: where links point to in the chart."""

    def __init__(self, references: References) -> None:
        self._references = references

    def body(self, owner: Unit) -> list[Node]:
        """The body nodes of a transaction or heading, numbered from 1."""
        nodes: list[Node] = []
        for unit in owner.units:
            nodes += self._nodes(unit)
        return number(nodes)

    def _nodes(self, unit: Unit) -> list[Node]:
        match unit.kind:
            case UnitKind.ITEM:
                return [self._item(unit)]
            case UnitKind.HEADING:
                return [self._heading(unit)]
            case UnitKind.TEXT:
                return [text_of(unit)]
            case _:
                return [self.link(unit)]

    def link(self, unit: Unit) -> Node:
        """A link or attachment; what cannot be one goes into a text of its owner."""
        if unit.kind is UnitKind.ATTACHMENT:
            return attachment(unit)
        node = parse_fragment(unit.row["xml"])
        url = self._references.url(unit)
        if url is not None:
            node.attributes["URL"] = url
        elif node.attributes.get("URL"):
            unit.degrade(Reason.DANGLING_LINK)
            return snippet(node)
        if not is_valid(node, "CD:lnkType"):
            unit.degrade(Reason.NOT_IN_TARGET)
            return snippet(parse_fragment(unit.row["xml"]))
        return node

    def loose(self, unit: Unit) -> Node:
        """What stands directly in a folder: texts and links there are, all else travels as text."""
        if unit.kind in (UnitKind.ITEM, UnitKind.HEADING):
            return self._whole(unit)
        return text_of(unit, FOLDER_TEXTS) if unit.kind is UnitKind.TEXT else self.link(unit)

    def _item(self, unit: Unit) -> Node:
        kept, misfits = fit_unit(unit)
        links = [self.link(each) for each in unit.units]
        item = Node("item", children=[*_numberless(), *kept, *(snippet(m) for m in misfits), *links])
        ranks = order_of("itemType")
        item.children.sort(key=lambda c: ranks.get(c.name, 999))
        kinds = [c.text for c in item.children if c.name == "cd" and c.attributes.get("S") == "CD-ITEM"]
        if kinds and all(kind in ITEM_KINDS for kind in kinds) and is_valid(_bare(item), "itemType"):
            return item
        return self._whole(unit)

    def _heading(self, unit: Unit) -> Node:
        kept, misfits = fit_unit(unit)
        body = self.body(unit)
        ranks = order_of("headingType")
        head = sorted([*_numberless(), *kept], key=lambda c: ranks.get(c.name, 999))
        heading = Node("heading", children=[*head, *body, *(snippet(m) for m in misfits)])
        if any(c.name == "cd" for c in kept) and (body or misfits):
            return heading
        return self._whole(unit)

    def _whole(self, unit: Unit) -> Node:
        """The whole unit, with all that is in it, as text in its parent."""
        for each in unit.below():
            each.degrade(Reason.NOT_IN_TARGET)
        return snippet(verbatim(unit))


def verbatim(unit: Unit) -> Node:
    """The unit as it came, as a tree (attachments included: only small units go this way)."""
    if unit.kind in (UnitKind.TEXT, UnitKind.PATIENT_FIELD):
        return unit.children[0]
    if unit.kind is UnitKind.LINK:
        return parse_fragment(unit.row["xml"])
    if unit.kind is UnitKind.ATTACHMENT:
        from base64 import b64encode

        node = attachment(unit)
        node.stream = None
        node.text = b64encode(b"".join(unit.content())).decode()
        return node
    return Node(unit.kind.value, children=[*unit.children, *(verbatim(each) for each in unit.units)])


def text_of(unit: Unit, types: Mapping[str, str] = TEXT_TYPES) -> Node:
    """A text; one that is none of the types known there becomes a snippet."""
    node = unit.children[0]
    if node.name in types and is_valid(node, types[node.name]):
        return node
    unit.degrade(Reason.NOT_IN_TARGET)
    return snippet(node)


def attachment(unit: Unit) -> Node:
    """A `lnk` whose content is streamed when it is written."""
    row = unit.row
    labels = {
        "TYPE": row["link_type"],
        "MEDIATYPE": media_type_of(row["media_type"]),
        "URL": row["url"],
        "SIZE": row["size_label"],
    }
    node = Node("lnk", {name: value for name, value in labels.items() if value is not None})
    if not is_valid(Node("lnk", dict(node.attributes)), "CD:lnkType"):
        unit.degrade(Reason.NOT_IN_TARGET)
    node.stream = unit
    return node


def _bare(item: Node) -> Node:
    """The item with its streamed contents left out, for validation."""
    return Node(
        item.name,
        item.attributes,
        item.text,
        [Node(c.name, c.attributes, c.text, c.children) for c in item.children],
    )


def _numberless() -> Iterator[Node]:
    yield leaf("id", "1", S="ID-KMEHR", SV="1.0")


def number(nodes: list[Node]) -> list[Node]:
    """Number headings and items among themselves from 1 (ID-KMEHR is a position)."""
    count = 0
    for node in nodes:
        if node.name in ("item", "heading", "transaction"):
            count += 1
            first = next((c for c in node.children if is_kmehr_id(c)), None)
            if first is not None:
                first.text = str(count)
    return nodes
