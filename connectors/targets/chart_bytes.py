"""Trees of a chart as bytes, in pieces of some tens of KiB; attachment contents are streamed, nothing else is copied."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pybase64

from connectors.targets.chart import Unit
from connectors.targets.tree import Node, escape_text, opening

_ENCODE = 57 * 1024  # a multiple of three: base64 pieces join without padding
_HELD = 2048  # strings: a tag, a text or a leaf each
_POSITION = '<id S="ID-KMEHR" SV="1.0">'


def write_nodes(nodes: Iterable[Node], emit: Callable[[bytes], None]) -> None:
    """Emit the bytes of some elements, one after the other."""
    writing = _Writing(emit)
    for node in nodes:
        writing.add(node)
    writing.pass_on()


class _Writing:
    """The bytes not yet passed on."""

    def __init__(self, emit: Callable[[bytes], None]) -> None:
        self._emit = emit
        self._held: list[str] = []

    def add(self, node: Node) -> None:
        held = self._held
        held.append(node.start or opening(node))
        if node.text:
            held.append(escape_text(node.text))
        if isinstance(node.stream, Unit):
            self.pass_on()
            _write_base64(node.stream, self._emit)
        position = f"{_POSITION}{node.number}</id>" if node.number else ""
        for child in node.children:
            if position and child.name != "confidentiality":
                held.append(position)
                position = ""
            if child.children or child.stream is not None:
                self.add(child)
            else:  # the most frequent case: leaves, and units poured whole
                text = escape_text(child.text) if child.text else ""
                number = f"{_POSITION}{child.number}</id>" if child.number else ""
                held.append(f"{child.start or opening(child)}{text}{number}{child.rest}</{child.name}>")
                if len(held) > _HELD:
                    self.pass_on()
            if child.tail:
                held.append(escape_text(child.tail))
        held.append(f"{position}{node.rest}</{node.name}>")
        if len(held) > _HELD:
            self.pass_on()

    def pass_on(self) -> None:
        if self._held:
            self._emit("".join(self._held).encode())
            self._held.clear()


def _write_base64(unit: Unit, emit: Callable[[bytes], None]) -> None:
    rest = b""
    for piece in unit.content():
        data = rest + piece
        cut = len(data) // _ENCODE * _ENCODE
        for start in range(0, cut, _ENCODE):
            emit(pybase64.b64encode(data[start : start + _ENCODE]))
        rest = data[cut:]
    emit(pybase64.b64encode(rest))
