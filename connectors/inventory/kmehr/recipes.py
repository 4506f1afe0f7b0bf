"""Build the normal forms of all units with the same tags (docs/formats/facts.md, "Normal form").

The tags of a unit without its texts are its skeleton. For each new skeleton the form is built once, with a place for each
text; the texts of further units are inserted there. The result equals `normal_form` of the unit's tree, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from operator import itemgetter
from typing import Generic, TypeVar
from xml.parsers import expat

from connectors.inventory.facts.forms import FORMED, settled
from connectors.inventory.facts.names import local_name
from connectors.inventory.facts.normal_form import (
    ITSELF,
    MARK,
    MF_ID,
    MF_ID_SOURCE,
    RS,
    US,
    Node,
    attributes,
    is_position,
    is_position_id,
)
from connectors.inventory.kmehr.byte_scan import UnknownForm, Why
from connectors.inventory.kmehr.byte_texts import in_form, text_of

_LONG = 1024
_ORDERED = frozenset({"regimen", "compoundprescription", "text-with-layout"})
_PEOPLE = frozenset({"folder", "patient"})
_SEPARATOR = RS.encode()
_KNOWN_AT_MOST = 4_000
Made = TypeVar("Made")


class Skeleton:
    """The elements of a unit's tags; its texts are numbered in their order."""

    def __init__(self, tags: bytes, token: str | None) -> None:
        self._token = token
        self._stack = [Node("", {})]
        leaves: list[Node] = []
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = lambda _name: self._stack.pop()
        parser.ProcessingInstructionHandler = self._nested
        first, *rest = tags.split(b"\0")
        parser.Parse(first, False)
        for piece in rest:  # each ends with a whole tag: its element is open when its text follows
            leaves.append(self._stack[-1])
            parser.Parse(piece, False)
        parser.Parse(b"", True)
        self.root = self._stack[0].children[0]
        self._slots = {id(leaf): slot for slot, leaf in enumerate(leaves)}

    def slot(self, leaf: Node) -> int | None:
        """The number of its text, if it has one."""
        return self._slots.get(id(leaf))

    def slots_of(self, nodes: Iterable[Node]) -> Iterator[int]:
        """The numbers of the texts of those of these nodes that have one."""
        return (slot for slot in map(self.slot, nodes) if slot is not None)

    def slots_below(self, nodes: Iterable[Node]) -> Iterator[int]:
        """The numbers of all texts of these nodes and below them."""
        for node in nodes:
            own = self.slot(node)
            if own is not None:
                yield own
            yield from self.slots_below(node.children)

    def filled(self, raw: Sequence[bytes], node: Node | None = None) -> Node:
        """The root, or another element, with these texts inserted."""
        node = node or self.root
        slot = self.slot(node)
        texts = [] if slot is None else [text_of(raw[slot])]
        children = [self.filled(raw, child) for child in node.children]
        return Node(node.name, node.attributes, texts, children, node.mixed, node.made)

    def _start(self, name: str, labels: dict[str, str]) -> None:
        if ":" in name or any(":" in label or label == "xmlns" for label in labels):
            raise UnknownForm(Why.NAMESPACE)
        name = local_name(name)
        if name.casefold() in _PEOPLE:
            raise UnknownForm(Why.STRUCTURE)
        node = Node(name, labels, made=self._token is not None and labels.get("SV") == self._token)
        self._stack[-1].children.append(node)
        self._stack[-1].mixed = True
        self._stack.append(node)

    def _nested(self, _target: str, _data: str) -> None:
        self._stack[-1].mixed = True


@dataclass(frozen=True, slots=True)
class Group:
    """Siblings whose order depends on their texts: they are sorted once the texts are known."""

    separator: bytes
    members: list[list[Piece]]


Piece = bytes | int | Group
"""A literal, the number of a text, or siblings."""


class Recipe:
    """Builds the form of a unit's body. `omitted`: an id that does not count."""

    def __init__(self, skeleton: Skeleton, kind: str) -> None:
        """`kind`: `head` (only its children count), `derived` (without ids), `field` (of a patient) or `element`."""
        self.skeleton = skeleton
        self.positions: list[int] = []  # texts that must be positions; otherwise the recipe does not apply
        self.formed: list[tuple[int, _Settled]] = []  # texts that are compared by the meaning of their value
        root = skeleton.root
        if kind == "head":
            pieces: list[Piece] | None = self._head(root)
        elif kind == "derived":
            pieces = self._derived(root)
        elif kind == "field" and root.name == "id" and root.get("S") != "ID-KMEHR":
            pieces = self._identifier(root)
        else:
            pieces = self._canon(root, ordered=False)
        self.omitted = pieces is None
        self._pieces = _joined(pieces or [])
        self._form, self._take = _plain(self._pieces)

    def body(self, raw: Sequence[bytes], written: list[bytes]) -> bytes:
        """The body of a unit with these texts; a long one as a digest."""
        body = self.whole(raw, written)
        return body if len(body) <= _LONG else shortened(body)

    def whole(self, raw: Sequence[bytes], written: list[bytes]) -> bytes:
        """The same, however long."""
        for slot in self.positions:
            if not raw[slot].isdigit() and not is_position(text_of(raw[slot])):
                raise UnknownForm(Why.STRUCTURE)
        for slot, forms in self.formed:
            written[slot] = forms[raw[slot]]
        return self._form % self._take(written) if self._take is not None else _poured(self._pieces, written)

    def _head(self, node: Node) -> list[Piece]:
        pieces = self._children(node.children, ordered=False, separator=_SEPARATOR)
        if node.attributes:
            itself = f"({ITSELF}|{US.join(attributes(node))}|)".encode()
            pieces = [*pieces, _SEPARATOR, itself] if pieces else [itself]
        return pieces

    def _derived(self, node: Node) -> list[Piece]:
        """Like `normal_form.derived_item_form`."""
        said = [child for child in node.children if child.name != "id"]
        pieces = self._children(said, ordered=False, separator=_SEPARATOR)
        return [b"derived" + _SEPARATOR, *pieces] if pieces else [b"derived"]

    def _identifier(self, node: Node) -> list[Piece] | None:
        """Like `normal_form.identifier`."""
        slot, scheme = self.skeleton.slot(node), node.get("SL") or ""
        local = node.get("S") == "LOCAL"
        if is_position_id(node.name, node.attributes) and not node.children:
            self.positions += [] if slot is None else [slot]
            return None
        if local and scheme == MF_ID and node.made:
            return None
        if local and (scheme == MF_ID or (scheme == MF_ID_SOURCE and node.made)):
            kept = {name: value for name, value in node.attributes.items() if name != "SV"}
            return self._canon(node, kept | {"SL": MF_ID}, ordered=False)
        return None if node.made and scheme.startswith(MARK) else self._canon(node, ordered=False)

    def _canon(self, node: Node, labels: dict[str, str] | None = None, *, ordered: bool) -> list[Piece]:
        """Like `normal_form.canon`."""
        ordered = ordered or node.name in _ORDERED
        named = node if labels is None else Node(node.name, labels)
        opening = f"({node.name}|{US.join(attributes(named))}|".encode()
        slot = self.skeleton.slot(node)
        if slot is not None:
            if node.name in FORMED:
                self.formed.append((slot, _SETTLED[node.name]))
            return [opening, slot, b")"]
        children = node.children
        if node.name == "address":
            children = [c for c in children if c.name != "housenumber" or self._says_anything(c)]
        return [opening, *self._children(children, ordered=ordered), b")"]

    def _says_anything(self, node: Node) -> bool:
        return bool(self.skeleton.slot(node) is not None or node.children or node.attributes)

    def _children(self, nodes: Sequence[Node], *, ordered: bool, separator: bytes = b"") -> list[Piece]:
        found: list[list[Piece]] = []
        for node in nodes:
            pieces = self._identifier(node) if node.name == "id" else self._canon(node, ordered=ordered)
            if pieces is not None:
                found.append(_joined(pieces))
        if not ordered:
            found.sort(key=_opening)
            if any(_undecided(one, other) for one, other in pairwise(found)):
                return [Group(separator, found)]
        out: list[Piece] = []
        for pieces in found:
            out += [separator, *pieces] if out and separator else pieces
        return out


class _Settled(dict[bytes, bytes]):
    """The settled values of one element name, as they appear in forms, by text."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, raw: bytes) -> bytes:
        if len(self) > _KNOWN_AT_MOST:
            self.clear()
        value = self[raw] = in_form(settled(self._name, text_of(raw)))
        return value


_SETTLED = {name: _Settled(name) for name in FORMED}


def _opening(pieces: list[Piece]) -> bytes:
    first = pieces[0]
    return first if isinstance(first, bytes) else b""


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Join neighbouring literals."""
    out: list[Piece] = []
    for piece in pieces:
        last = out[-1] if out else None
        if isinstance(piece, bytes) and isinstance(last, bytes):
            out[-1] = last + piece
        else:
            out.append(piece)
    return out


def _undecided(one: list[Piece], other: list[Piece]) -> bool:
    """Whether the order of two siblings, sorted by their first literals, depends on their texts."""
    return not (len(one) == len(other) == 1) and _opening(other).startswith(_opening(one))


_Take = Callable[[list[bytes]], tuple[bytes, ...]]


def _plain(pieces: list[Piece]) -> tuple[bytes, _Take | None]:
    """A format string and the getter of its texts; none if siblings must be sorted."""
    if any(isinstance(piece, Group) for piece in pieces):
        return b"", None
    form = b"".join(piece.replace(b"%", b"%%") if isinstance(piece, bytes) else b"%b" for piece in pieces)
    slots = [piece for piece in pieces if isinstance(piece, int)]
    if len(slots) > 1:
        return form, itemgetter(*slots)
    return form, (lambda texts: (texts[slots[0]],)) if slots else (lambda _texts: ())


def _poured(pieces: list[Piece], written: list[bytes]) -> bytes:
    out: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, int):
            out.append(written[piece])
        elif isinstance(piece, bytes):
            out.append(piece)
        else:
            out.append(piece.separator.join(sorted(_poured(member, written) for member in piece.members)))
    return b"".join(out)


def shortened(body: bytes) -> bytes:
    """Like `normal_form.shortened`: a body of more than 1,024 characters becomes a digest and a length in bytes."""
    if len(body) <= _LONG or len(body.decode()) <= _LONG:
        return body
    return f"sha256:{sha256(body).hexdigest()}:{len(body)}".encode()


class Known(dict[bytes, Made], Generic[Made]):
    """Cached results by the tags of a skeleton; when there are too many, all are dropped."""

    def __init__(self, make: Callable[[bytes], Made]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, tags: bytes) -> Made:
        if len(self) >= _KNOWN_AT_MOST:
            self.clear()
        made = self[tags] = self._make(tags)
        return made
