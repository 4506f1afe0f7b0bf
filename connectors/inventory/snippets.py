"""Texts that carry an element: `Reprise: ` and its escaped XML (docs/formats/facts.md, "Degraded")."""

from __future__ import annotations

from xml.parsers import expat

from connectors.inventory.names import local_attributes, local_name
from connectors.inventory.normal_form import Node

OPENING = "Reprise: "


class _Refused(Exception):
    """A declaration that no snippet holds."""


class _Builder:
    """Builds the nodes of a small document."""

    def __init__(self, depth: int) -> None:
        self.root: Node | None = None
        self._stack: list[Node] = []
        self._run: list[str] = []
        self._depth = depth

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._stack) >= self._depth:
            raise _Refused
        node = Node(local_name(name), local_attributes(attributes, {"xsi"}))
        if self._stack:
            self._flush()
            self._stack[-1].mixed = True
            self._stack[-1].children.append(node)
        else:
            self.root = node
        self._stack.append(node)

    def end(self, _name: str) -> None:
        self._flush()
        self._stack.pop()

    def text(self, data: str) -> None:
        self._run.append(data)

    def doctype(self, *_parts: object) -> None:
        raise _Refused

    def _flush(self) -> None:
        if self._run:
            self._stack[-1].runs.append("".join(self._run))
            self._run.clear()


def snippet_element(text: str, depth: int) -> Node | None:
    """The element that a text carries; None for any other text, one that merely begins alike included."""
    if not text.startswith(OPENING + "<"):
        return None
    builder = _Builder(depth)
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.doctype
    try:
        parser.Parse(text[len(OPENING) :].encode("utf-8", "surrogatepass"), True)
    except (expat.ExpatError, _Refused):
        return None
    return builder.root
