"""Replacements for elements that do not fit the schema as a whole: the parts that fit, and the prose.

They follow from the content models of KMEHR 1.7 and 1.43. An address and a moment may hold a text. A content holds one kind of
value, so a number goes into one content and its prose into the next. An author holds parties but no text, so the prose goes
below the author. Prose without such a place becomes a text of its unit.
"""

from __future__ import annotations

from connectors.targets.conform import arrange, child_type, fits, is_valid
from connectors.targets.forms import settled
from connectors.targets.kmehr_schema import RELEASES
from connectors.targets.originals import Originals
from connectors.targets.tree import Node, wrap

_MOMENTS = frozenset({"beginmoment", "endmoment"})
AUTHORS = frozenset({"author", "redactor"})
_NUMBERS = frozenset({"decimal", "unsignedInt"})
_BOUNDS = frozenset({"minref", "maxref"})


def stand_in(child: Node, owner_type: str, originals: Originals) -> list[Node] | None:
    """The nodes that replace a child that does not fit in its owner; None if only a text can."""
    if child_type(owner_type, child.name, RELEASES[0]) is None:
        return None
    if child.name == "address":
        return _address(child, originals)
    if child.name in _MOMENTS:
        return [wrap(child.name, originals.text(child))]
    if child.name == "content" and owner_type == "itemType":
        return _content(child, originals)
    return None


def fitting_author(author: Node) -> Node | None:
    """An author with the parties that fit, each reduced to the parts that fit; None if there are none."""
    author = settled(author)
    parties = [party for each in author.children if each.name == "hcparty" for party in _party(each)]
    return Node(author.name, children=parties) if parties else None


def _party(party: Node) -> list[Node]:
    """The party without the parts that do not fit. Half of a name is still kept as a name."""
    kept = [child for child in party.children if fits(child, "hcpartyType")]
    names = {child.name: child for child in kept if child.name in ("name", "firstname", "familyname")}
    if "name" not in names and len(names) == 1:
        (half,) = names.values()
        kept[kept.index(half)] = Node("name", text=half.text)
    elif "name" in names:
        kept = [child for child in kept if child.name not in ("firstname", "familyname")]
    fitted = Node("hcparty", children=kept)
    arrange(fitted, "hcpartyType")
    return [fitted] if is_valid(fitted, "hcpartyType") else []


def _address(address: Node, originals: Originals) -> list[Node] | None:
    kinds = [c for c in settled(address).children if c.name == "cd" and fits(c, "addressType")]
    return [Node("address", children=[*kinds, originals.text(address)])] if kinds else None


def _content(content: Node, originals: Originals) -> list[Node]:
    parts = [child for child in settled(content).children if fits(child, "contentType")]
    number = next((part for part in parts if part.name in _NUMBERS), None)
    if number is None:
        return [_placed(wrap("content", originals.text(content)), content)]
    bounds = [part for part in parts if part.name in _BOUNDS]
    unit = [part for part in parts if part.name == "unit"]
    copy = wrap("content", number, *unit, *bounds)
    arrange(copy, "contentType")
    if not is_valid(copy, "contentType"):
        copy = wrap("content", number)
    text = originals.text(content, copy="content")
    return [_placed(copy, content), _placed(wrap("content", text), content)]


def _placed(node: Node, source: Node) -> Node:
    node.position = source.position
    return node
