"""Small trees: the part of a document that belongs to one unit, named by local names."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

XSI = "http://www.w3.org/2001/XMLSchema-instance"
SPACE = " \t\r\n"
ORDINARY = frozenset({"S", "SV", "SL", "DN", "L", "nullFlavor", "TYPE", "URL", "MEDIATYPE", "SIZE"})


class Element:
    """An element with its local name, attributes, children, texts and ordinal among its parent's children."""

    __slots__ = ("attributes", "children", "detached", "name", "ordinal", "parts")

    def __init__(self, name: str, attributes: dict[str, str], ordinal: int) -> None:
        self.name = name
        self.attributes = attributes
        self.ordinal = ordinal
        self.children: list[Element] = []
        self.parts: list[str | Element] = []  # children and texts in order
        self.detached = False  # a separate unit was nested here and has been removed

    def append(self, child: Element) -> None:
        """Add a child element."""
        self.children.append(child)
        self.parts.append(child)

    @property
    def own_text(self) -> str:
        """The text directly in the element, with its pieces joined."""
        parts = self.parts
        if not parts:
            return ""
        if len(parts) == 1 and isinstance(parts[0], str):
            return parts[0]
        return "".join(part for part in parts if isinstance(part, str))

    def detach(self) -> None:
        """Note that a separate unit was nested here: it separates the text before it from the text after it."""
        self.detached = True
        self.parts.append("")

    @property
    def runs(self) -> list[str]:
        """The texts between child elements, including removed ones; stripped, without empty ones."""
        runs, run = [], ""
        for part in (*self.parts, ""):
            if isinstance(part, str) and part:
                run += part
            else:
                runs.append(run.strip(SPACE))
                run = ""
        return [run for run in runs if run]

    @property
    def is_leaf(self) -> bool:
        """Whether it holds no elements, and never held any."""
        return not self.children and not self.detached

    @property
    def is_plain(self) -> bool:
        """Whether it holds only child elements: no attributes, no text of its own."""
        return not self.attributes and not self.own_text.strip()

    def child(self, name: str) -> Element | None:
        """The first child of that name."""
        return next((each for each in self.children if each.name == name), None)

    def all(self, name: str) -> list[Element]:
        """The children of that name."""
        return [each for each in self.children if each.name == name]

    def text_of(self, name: str) -> str | None:
        """The own text of the first child of that name."""
        found = self.child(name)
        return None if found is None else found.own_text

    def all_text(self) -> str:
        """All text at any depth."""
        return "".join(part if isinstance(part, str) else part.all_text() for part in self.parts)


def leaf(name: str, text: str, **attributes: str) -> Element:
    """An element with one text, the first child of its parent."""
    element = Element(name, attributes, 1)
    element.parts.append(text)
    return element


def branch(name: str, *children: Element) -> Element:
    """An element with these children, the first child of its parent."""
    element = Element(name, {}, 1)
    for child in children:
        element.append(child)
    return element


def local(name: str) -> str:
    """An element's name without its prefix."""
    return name.rpartition(":")[2] if ":" in name else name


def own_attributes(
    raw: dict[str, str], schema_prefixes: set[str], aside: dict[str, str] | None = None
) -> dict[str, str]:
    """An element's attributes by local name, without namespace declarations and schema-instance hints.

    Those are put into `aside`. Prefixes bound to the schema-instance namespace are added to `schema_prefixes`. `xml:` attributes
    keep their prefix, which is always declared.
    """
    if raw.keys() <= ORDINARY:
        return raw
    kept: dict[str, str] = {}
    for name, value in raw.items():
        prefix, _, tail = name.rpartition(":")
        if prefix == "xmlns" and value == XSI:
            schema_prefixes.add(tail)
    for name, value in raw.items():
        prefix, _, tail = name.rpartition(":")
        if prefix == "xmlns" or name == "xmlns" or prefix in schema_prefixes:
            if aside is not None:
                aside[name] = value
            continue
        key = tail if prefix != "xml" else name
        kept[key if key not in kept else name.replace(":", "_")] = value
    return kept


def to_xml(element: Element) -> str:
    """Write an element as XML without namespaces: the same local names, attributes, order and text."""
    pieces: list[str] = []
    _write(element, pieces)
    return "".join(pieces)


def _write(element: Element, pieces: list[str]) -> None:
    pieces.append(start_tag(element.name, element.attributes))
    if not element.parts:
        pieces[-1] = pieces[-1][:-1] + "/>"
        return
    for part in settled_parts(element) if element.detached else element.parts:
        if isinstance(part, str):
            pieces.append(escape_text(part))
        else:
            _write(part, pieces)
    pieces.append(f"</{element.name}>")


def settled_parts(element: Element) -> Iterator[str | Element]:
    """The parts of an element from which a unit was removed: its runs stripped, and still separate."""
    run, apart = "", False
    for part in element.parts:
        if isinstance(part, str) and part:
            run += part
            continue
        if run.strip(SPACE):
            yield (" " if apart else "") + run.strip(SPACE)
            apart = True
        run = ""
        if not isinstance(part, str):
            yield part
            apart = False
    if run.strip(SPACE):
        yield (" " if apart else "") + run.strip(SPACE)


def start_tag(name: str, attributes: dict[str, str]) -> str:
    """A start tag; white space in values is written so that it survives a second reading."""
    return f"<{name}" + "".join(f" {key}={_quoted(value)}" for key, value in attributes.items()) + ">"


def _quoted(value: str) -> str:
    return quoteattr(value)


def escape_text(text: str) -> str:
    """Escape text; a carriage return becomes a reference, which a second reading does not change."""
    return escape(text, {"\r": "&#13;"})
