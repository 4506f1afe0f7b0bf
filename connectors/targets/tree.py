"""Small XML trees for output: read back from staged fragments, written with exact escaping."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast
from xml.parsers import expat

from schemas.errors import UnexplainedUnitError

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ESCAPED = re.compile('[\x00-\x1f\ufffe\uffff&<>"]')
_AS_IT_IS = re.compile("[ !#-%'-;=?-~]*")  # ASCII that is not escaped in a text or an attribute


class OfRun(str):
    """Placeholder for the token of the run in its marks, until the chart is written."""

    __slots__ = ()


RUN = OfRun("run")


@dataclass(slots=True)
class Node:
    """An element by its local name; `tail` is the text after it, kept only inside mixed content."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Node] = field(default_factory=list)
    tail: str = ""
    position: int = 0  # its ordinal in the source, which keeps equals in order
    stream: object = None  # a document whose content is written piece by piece
    hole: int = -1  # index of `text` among its unit's texts; -1: none
    tail_hole: int = -1
    rest: str = ""  # further content after the children, as XML
    start: str = ""  # its start tag if already made; its attributes then do not change
    number: int = 0  # its place among its kind, written as an ID-KMEHR; 0: none

    def child(self, name: str) -> Node | None:
        """The first child of that name."""
        return next((c for c in self.children if c.name == name), None)


def leaf(name: str, text: str | None, **attributes: str | None) -> Node:
    """An element that holds only text; attributes that are None are omitted."""
    if None in attributes.values():
        attributes = {k: v for k, v in attributes.items() if v is not None}
    return Node(name, cast("dict[str, str]", attributes), text or "")


def wrap(name: str, *children: Node) -> Node:
    """An element that holds only elements."""
    return Node(name, children=list(children))


def parse_fragment(xml: str) -> Node:
    """The tree of a staged fragment."""
    stack: list[Node] = [Node("")]
    parser = expat.ParserCreate()

    def start(name: str, attributes: dict[str, str]) -> None:
        node = Node(name.rpartition(":")[2], dict(attributes))
        stack[-1].children.append(node)
        stack.append(node)

    def text(data: str) -> None:
        node = stack[-1]
        if node.children:
            node.children[-1].tail += data
        else:
            node.text += data

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: stack.pop()
    parser.CharacterDataHandler = text
    parser.buffer_text = True
    try:
        parser.Parse(xml.encode("utf-8"), True)
        return stack[0].children[0]
    except (expat.ExpatError, IndexError):
        pass
    raise UnexplainedUnitError("fragment_unreadable")


def clean(text: str) -> str:
    """NFC, without the characters that XML cannot hold."""
    return _CONTROL.sub("", unicodedata.normalize("NFC", text))


def told(node: Node) -> str:
    """An element's text as the books compare it: cleaned, without surrounding white space."""
    return told_text(node.text)


def told_text(text: str) -> str:
    """Like `told`, for a text."""
    return text if text.isascii() and text.isalnum() else clean(text).strip(" \t\r\n")


def escape_text(text: str) -> str:
    """Text content; CR as a reference, because a parser would turn it into LF."""
    if _AS_IT_IS.fullmatch(text):
        return text
    text = clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;")


def escape_attribute(text: str) -> str:
    """Attribute value between double quotes; white space as references, because a parser would normalise it."""
    if _AS_IT_IS.fullmatch(text):
        return text
    text = escape_text(text).replace('"', "&quot;")
    return text.replace("\n", "&#10;").replace("\t", "&#9;")


def opening(node: Node) -> str:
    """The start tag."""
    if node.start:
        return node.start
    if not node.attributes:
        return f"<{node.name}>"
    attributes = "".join(f' {name}="{escape_attribute(value)}"' for name, value in node.attributes.items())
    return f"<{node.name}{attributes}>"


def serialise(node: Node) -> str:
    """The element as XML, without a trailing tail."""
    inside = escape_text(node.text) + "".join(serialise(c) + escape_text(c.tail) for c in node.children)
    return f"{opening(node)}{inside}</{node.name}>"


def inside(node: Node) -> str:
    """The element as XML without its name: attributes, `>` and content, not yet normalised to NFC."""
    pieces: list[str] = []
    _inside(node, pieces)
    return "".join(pieces)


def _inside(node: Node, pieces: list[str]) -> None:
    for name, value in node.attributes.items():
        pieces.append(f' {name}="{escape_attribute(value) if _ESCAPED.search(value) else value}"')
    pieces.append(f">{escape_text(node.text) if _ESCAPED.search(node.text) else node.text}")
    for child in node.children:
        pieces.append(f"<{child.name}")
        _inside(child, pieces)
        pieces.append(f"</{child.name}>{escape_text(child.tail)}" if child.tail else f"</{child.name}>")


def stamp(node: Node, token: str) -> None:
    """Set the token of the run in the marks of a tree."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each.attributes.get("SV"), OfRun):
            each.attributes = {**each.attributes, "SV": token}
        waiting += each.children


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and all nodes below it."""
    yield node
    for child in node.children:
        yield from walk(child)
