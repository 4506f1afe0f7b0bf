"""Turn units into valid SMF elements; what does not fit becomes prose in the same unit (`originals`, `ladder`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial

import pybase64

from connectors.targets.chart import Unit
from connectors.targets.conform import (
    child_type,
    fit_children,
    fits,
    is_valid,
    occurs_once,
    order_of,
    sort_children,
)
from connectors.targets.fillers import fill_heading
from connectors.targets.kmehr_schema import RELEASES
from connectors.targets.ladder import AUTHORS, fitting_author, stand_in
from connectors.targets.media import media_type_of
from connectors.targets.misfits import Cause, Misfit, explain
from connectors.targets.originals import Originals
from connectors.targets.references import References
from connectors.targets.templates import (
    Template,
    learn_template,
    says_position,
    takes_any_text,
    template_of,
    written,
)
from connectors.targets.tree import Node, leaf, parse_fragment, serialise
from schemas.disposition import Reason, UnitKind
from schemas.item_kinds import ITEM_KINDS

_TYPES = {UnitKind.ITEM: "itemType", UnitKind.HEADING: "headingType", UnitKind.TRANSACTION: "transactionType"}


TEXT_TYPES = {"text": "DT:textType", "text-with-layout": "textWithLayoutType"}
FOLDER_TEXTS = {"text": "DT:textType"}


def is_kmehr_id(node: Node) -> bool:
    """Whether a node is an ID-KMEHR: each element has one, and it is a position."""
    return node.name == "id" and node.attributes.get("S") == "ID-KMEHR"


def is_position(node: Node) -> bool:
    """Whether an ID-KMEHR states no more than a position, which is numbered anew."""
    labels = node.attributes
    return (
        is_kmehr_id(node)
        and labels.keys() <= {"S", "SV"}
        and not node.children
        and says_position(labels.get("SV", ""), node.text)
    )


class UnitWriter:
    """Turns the units of a transaction into nodes. `references`: the targets of links in the chart."""

    def __init__(self, references: References, originals: Originals) -> None:
        self._references = references
        self._originals = originals

    def head(self, unit: Unit) -> tuple[list[Node], list[Node]]:
        """The unit's own children that fit, in schema order, and the texts for those that do not.

        Marks the unit degraded if there are any such texts.
        """
        template = template_of(unit)
        if template is not None:
            return template.nodes(unit.texts, written(unit.texts)), []
        return self._fit(unit)

    def _fit(self, unit: Unit) -> tuple[list[Node], list[Node]]:
        """Like `head`, child by child; keeps the result as a template for later units of the shape."""
        type_name = _TYPES[unit.kind]
        children = [child for child in unit.children if not is_kmehr_id(child)]
        kept, misfits = fit_children(children, type_name)
        misfits += [child for child in unit.children if is_kmehr_id(child) and not is_position(child)]
        texts: list[Node] = []
        before = len(self._originals)
        for misfit in misfits:
            repeated = any(child.name == misfit.name for child in kept)
            unit.misfits.append(partial(explain, misfit, type_name, repeated=repeated))
            self._place(misfit, type_name, kept, texts)
        unit.prose += self._originals.said_since(before)
        if misfits:
            unit.degrade(Reason.NOT_IN_TARGET)
            sort_children(kept, type_name)
        else:
            learn_template(unit, kept, type_name)
        return kept, texts

    def _place(self, misfit: Node, type_name: str, kept: list[Node], texts: list[Node]) -> None:
        present = {child.name for child in kept}
        single = occurs_once(type_name, misfit.name)
        known = child_type(type_name, misfit.name, RELEASES[0]) is not None
        if (
            known
            and _stands_before_text(misfit.name, type_name)
            and misfit.name in AUTHORS
            and misfit.name not in present
        ):
            author = fitting_author(misfit)
            if author is not None:
                kept.append(author)
                # Before the texts of other authors: the copy is the last author before its own text.
                texts.insert(0, self._originals.text(misfit, copy=author.name))
                return
        found = None if single and misfit.name in present else stand_in(misfit, type_name, self._originals)
        if found is None:
            texts.append(self._originals.text(misfit))
        else:
            kept += found

    def body(self, owner: Unit) -> list[Node]:
        """The body nodes of a transaction or heading."""
        texts = _texts_of(_TYPES[owner.kind])
        return [self._node(unit, texts) for unit in owner.units]

    def _node(self, unit: Unit, texts: Mapping[str, str]) -> Node:
        if unit.kind is UnitKind.ITEM:
            return self._item(unit)
        if unit.kind is UnitKind.HEADING:
            return self._heading(unit)
        return self.text_of(unit, texts) if unit.kind is UnitKind.TEXT else self.link(unit)

    def link(self, unit: Unit) -> Node:
        """A link or attachment; if it cannot be one, a text of its owner."""
        if unit.kind is UnitKind.ATTACHMENT:
            return attachment(unit)
        node = parse_fragment(unit.row["xml"])
        url = self._references.url(unit)
        if url is not None:
            node.attributes["URL"] = url
        elif node.attributes.get("URL"):
            unit.degrade(Reason.DANGLING_LINK)
            return self._say(unit, node)
        if not is_valid(node, "CD:lnkType"):
            unit.degrade(Reason.NOT_IN_TARGET)
            unit.misfits.append(partial(explain, node, "itemType"))
            return self._say(unit, parse_fragment(unit.row["xml"]))
        return node

    def loose(self, unit: Unit) -> Node:
        """Content directly in a folder: texts and links fit there, everything else becomes text."""
        if unit.kind in (UnitKind.ITEM, UnitKind.HEADING):
            return self._whole(unit)
        return self.text_of(unit, FOLDER_TEXTS) if unit.kind is UnitKind.TEXT else self.link(unit)

    def _item(self, unit: Unit) -> Node:
        template = template_of(unit)
        if template is not None:
            return self._pour_item(unit, template)
        if not _has_known_kind(unit):
            return self._whole(unit)
        kept, texts = self._fit(unit)
        return _arranged([*kept, *texts, *map(self.link, unit.units)])

    def _pour_item(self, unit: Unit, template: Template) -> Node:
        as_xml = written(unit.texts)
        if not unit.units:
            return Node("item", rest=template.whole.fill(as_xml))
        links = list(map(self.link, unit.units))
        if all(each.name == "lnk" and each.stream is None for each in links):
            # In an item links come last.
            return Node("item", rest=template.whole.fill(as_xml) + "".join(map(serialise, links)))
        return _arranged([*template.nodes(unit.texts, as_xml), *links])

    def _heading(self, unit: Unit) -> Node:
        kept, texts = self.head(unit)
        body = [*self.body(unit), *texts]
        filled = fill_heading(kept, empty_body=not body)
        if not body:
            body = [leaf("text", "", L="und")]
        sort_children(filled, "headingType")
        return Node("heading", children=[*filled, *number(body)])

    def _whole(self, unit: Unit) -> Node:
        """The whole unit, with all units in it, as a text in its parent."""
        unit.misfits.append(partial(_objection, unit))
        for each in unit.below():
            each.degrade(Reason.NOT_IN_TARGET)
        return self._say(unit, verbatim(unit))

    def text_of(self, unit: Unit, types: Mapping[str, str]) -> Node:
        """A text; prose if it is not a type of text known there."""
        type_name = types.get(unit.skeleton.root.name)
        if type_name is not None and takes_any_text(unit.skeleton, type_name):
            return unit.skeleton.leaf(unit.texts)
        node = unit.children[0]
        if type_name is not None and is_valid(node, type_name):
            return node
        unit.degrade(Reason.NOT_IN_TARGET)
        unit.misfits.append(partial(explain, node, "transactionType"))
        return self._say(unit, node)

    def _say(self, unit: Unit, node: Node) -> Node:
        text = self._originals.text(node)
        unit.prose += (text.text,)
        return text


def _arranged(children: list[Node]) -> Node:
    sort_children(children, "itemType")
    return Node("item", children=children)


@cache
def _texts_of(owner: str) -> Mapping[str, str]:
    """The texts that a type holds in both releases, with the type of each."""
    return {
        name: type_ for name, type_ in TEXT_TYPES.items() if all(child_type(owner, name, r) for r in RELEASES)
    }


def _stands_before_text(name: str, owner: str) -> bool:
    """Whether the text with the rest of such a child comes after it."""
    ranks = order_of(owner)
    return ranks.get(name, 0) < ranks.get("text", 0)


def _has_known_kind(item: Unit) -> bool:
    kinds = [c for c in item.children if c.name == "cd" and c.attributes.get("S") == "CD-ITEM"]
    return bool(kinds) and all(kind.text in ITEM_KINDS and fits(kind, "itemType") for kind in kinds)


def _objection(unit: Unit) -> Misfit:
    """Why a whole item or heading has no place: its kind, or that no transaction holds it."""
    kinds = [c for c in unit.children if c.name == "cd" and c.attributes.get("S") == "CD-ITEM"]
    for kind in kinds if unit.kind is UnitKind.ITEM else ():
        if kind.text not in ITEM_KINDS:
            return Misfit(Cause.NO_KIND, "cd", kind.text.strip())
        if not fits(kind, "itemType"):
            return explain(kind, "itemType")
    return Misfit(Cause.NO_KIND, "cd") if not kinds else Misfit(Cause.NESTED, unit.kind.value)


def verbatim(unit: Unit) -> Node:
    """The unit as it came, as a tree (attachments included: used only for small units)."""
    if unit.kind in (UnitKind.TEXT, UnitKind.PATIENT_FIELD):
        return unit.children[0]
    if unit.kind is UnitKind.LINK:
        return parse_fragment(unit.row["xml"])
    if unit.kind is UnitKind.ATTACHMENT:
        node = attachment(unit)
        node.stream = None
        node.text = pybase64.b64encode(b"".join(unit.content())).decode()
        return node
    return Node(unit.kind.value, children=[*unit.children, *(verbatim(each) for each in unit.units)])


def attachment(unit: Unit) -> Node:
    """A `lnk` whose content is streamed during writing; without a type of its own it is `multimedia`."""
    row = unit.row
    labels = {
        "TYPE": "multimedia" if row["link_type"] is None else row["link_type"],
        "MEDIATYPE": media_type_of(row["media_type"]),
        "URL": row["url"],
        "SIZE": row["size_label"],
    }
    node = Node("lnk", {name: value for name, value in labels.items() if value is not None})
    node.stream = unit
    return node


def number(nodes: list[Node]) -> list[Node]:
    """Number the transactions of a folder, or the headings and items of their owner, from 1 (ID-KMEHR is a position)."""
    count = 0
    for node in nodes:
        if node.name in ("item", "heading", "transaction"):
            count += 1
            node.number = count
    return nodes
