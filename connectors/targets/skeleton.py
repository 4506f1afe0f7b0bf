"""A shape (`schemas.shapes`) taken apart once: the tree to fill with texts, and the places of ids and codes in the texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from connectors.targets.marks import Mark
from connectors.targets.tree import Node, opening, parse_fragment, walk
from schemas.shapes import HOLE

ITSELF = "reprise-itself"
"""Holds the attributes and the text of a transaction, heading or item itself: the format knows none."""
UNDETERMINED = "und"
"""The standard's own code for a text whose language is not stated."""
_SHAPES = 4096  # cached; a practice has some hundreds
_MARK = "\ue000"  # replaces a hole while the shape is parsed, for XML cannot hold a HOLE


class Skeleton:
    """The common structure of all units with a shape."""

    def __init__(self, shape: str) -> None:
        self.root = parse_fragment(shape.replace(HOLE, _MARK))
        count = 0
        for node in walk(self.root):
            if node.name == "text" and not node.attributes.get("L"):
                node.attributes["L"] = UNDETERMINED
        for node, is_tail in _runs(self.root):
            if (node.tail if is_tail else node.text) == _MARK:
                setattr(node, "tail_hole" if is_tail else "hole", count)
                count += 1
        self.root.start = opening(self.root)
        self.names = frozenset(child.name for child in self.root.children)
        ids = [child for child in self.root.children if child.name == "id"]
        self.ids = tuple((child.attributes, child.hole) for child in ids)
        self.mf_ids = tuple(child.hole for child in ids if is_mf_id(child))
        self.is_derived = any(child.attributes.get("SL") == Mark.DERIVED for child in ids)
        """Whether an earlier package made it from a message."""

    def leaf(self, texts: Sequence[str]) -> Node:
        """The same for an element without children; all units of the shape share its attributes: they are not to be changed."""
        root = self.root
        return Node(root.name, root.attributes, texts[root.hole], hole=root.hole, start=root.start)

    def tree(self, texts: Sequence[str]) -> Node:
        """The element of a unit, as a new tree."""
        return _filled(self.root, texts)

    def children(self, texts: Sequence[str]) -> list[Node]:
        """The child elements of a transaction, heading or item, in order; its own attributes and text as ITSELF."""
        root = self.tree(texts)
        runs = [run for run in (root.text, *(child.tail for child in root.children)) if run]
        for at, child in enumerate(root.children, start=1):
            child.tail, child.position = "", at
        if root.attributes or runs:
            itself = Node(ITSELF, root.attributes, " ".join(run.strip() for run in runs))
            root.children.append(itself)
        return root.children

    def codes(self, scheme: str) -> Iterator[int]:
        """The holes of the `cd` children with a scheme."""
        return (
            child.hole
            for child in self.root.children
            if child.name == "cd" and child.attributes.get("S") == scheme
        )


skeleton_of = lru_cache(_SHAPES)(Skeleton)


def made_mf_id(value: str, token: str) -> Node:
    """An MF-ID made by the run of this token."""
    return Node("id", mf_id_labels(token), value)


def mf_id_labels(token: str) -> dict[str, str]:
    """The attributes of such an MF-ID."""
    return {"S": "LOCAL", "SV": token, "SL": Mark.MF_ID}


def is_mf_id(node: Node) -> bool:
    """Whether an element is an MF-ID of its parent unit."""
    labels = node.attributes
    return node.name == "id" and labels.get("S") == "LOCAL" and labels.get("SL") == Mark.MF_ID


def _filled(node: Node, texts: Sequence[str]) -> Node:
    return Node(
        node.name,
        dict(node.attributes),
        texts[node.hole] if node.hole >= 0 else "",
        [_filled(child, texts) for child in node.children],
        texts[node.tail_hole] if node.tail_hole >= 0 else "",
        hole=node.hole,
        tail_hole=node.tail_hole,
    )


def _runs(node: Node) -> Iterator[tuple[Node, bool]]:
    """The places of texts in document order: an element's own text, and the text after a child."""
    yield node, False
    for child in node.children:
        yield from _runs(child)
        yield child, True


NO_SKELETON = Skeleton("<none/>")
"""Of links and attachments, which are not staged as shapes."""
