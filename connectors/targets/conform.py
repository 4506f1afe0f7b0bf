"""Fit trees into KMEHR 1.7 and 1.43 at once; what reordering cannot fit is a misfit, never a loss."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from connectors.targets.forms import settled
from connectors.targets.kmehr_schema import RELEASES, is_valid_as, names_of, types_of
from connectors.targets.tree import Node, inside

ORDERED = frozenset({"regimen", "compoundprescription", "text-with-layout"})


@cache
def child_type(parent: str, name: str, release: str) -> str | None:
    """The type of a child element, None if the release has no such child."""
    found = types_of(release).get(parent, {}).get("children", {}).get(name)
    return None if found is None else str(found)


@cache
def order_of(name: str) -> dict[str, int]:
    """The rank of each child element in the newest release's order."""
    order = dict.fromkeys(child for child, _ in _children(name, RELEASES[-1]))
    return {child: rank for rank, child in enumerate(order)}


@cache
def occurs_once(parent: str, name: str) -> bool:
    """Whether at least one release admits the child at most once."""
    return any([many for child, many in _children(parent, r) if child == name] == [False] for r in RELEASES)


@cache
def _known_type(parent: str, name: str) -> str | None:
    """The type of a child in the newest release that has one."""
    return child_type(parent, name, RELEASES[-1]) or child_type(parent, name, RELEASES[0])


@cache
def _common_type(parent: str, name: str) -> str | None:
    """The type of a child, if both releases have it with the same type."""
    found = {child_type(parent, name, release) for release in RELEASES}
    return found.pop() if len(found) == 1 else None


def _children(type_name: str, release: str) -> list[tuple[str, bool]]:
    return list(names_of(types_of(release).get(type_name, {}).get("model") or ["sequence"]))


def arrange(node: Node, type_name: str) -> None:
    """Put children into schema order at every depth; equals keep their order. Ordered content is not changed."""
    if not node.children:
        return
    for child in node.children:
        found = _known_type(type_name, child.name)
        if found:
            arrange(child, found)
    mixed = any(c.tail.strip() for c in node.children)
    if node.name not in ORDERED and not mixed:
        ranks = order_of(type_name)
        node.children.sort(key=lambda c: ranks.get(c.name, 999))


def is_valid(node: Node, type_name: str) -> bool:
    """Whether the tree is valid as this type in both releases. The content of streamed attachments is not checked."""
    return is_valid_as(type_name, inside(node))


def fit_children(
    children: list[Node], type_name: str, known: Collection[int] = ()
) -> tuple[list[Node], list[Node]]:
    """Split a unit's children into those that fit the target, in schema order, and the misfits, as they came.

    A child that fits once its values are in the form of the schema (`forms`) is kept in that form. `known`: the identities of
    children that are known to be valid.
    """
    kept: list[Node] = []
    misfits: list[Node] = []
    for child in children:
        fitting = _fitting(child, type_name, kept, is_known=id(child) in known)
        (misfits if fitting is None else kept).append(child if fitting is None else fitting)
    sort_children(kept, type_name)
    return kept, misfits


def fits(child: Node, parent: str) -> bool:
    """Whether the child alone fits the type in both releases, with its values in the form of the schema."""
    return _fitting(child, parent, []) is not None


def sort_children(children: list[Node], type_name: str) -> None:
    """Put direct children into schema order; equals keep the order of their source."""
    ranks = order_of(type_name)
    children.sort(key=lambda c: (ranks.get(c.name, 999), c.position))


def _fitting(child: Node, type_name: str, kept: list[Node], *, is_known: bool = False) -> Node | None:
    known = _common_type(type_name, child.name)
    if known is None:
        return None
    if occurs_once(type_name, child.name) and any(other.name == child.name for other in kept):
        return None
    arrange(child, known)
    if is_known or is_valid(child, known):
        return child
    formed = settled(child)
    arrange(formed, known)
    return formed if is_valid(formed, known) else None
