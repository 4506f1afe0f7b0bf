"""Templates by shape: where each text of a unit goes, and the conditions that it must meet there.

The first unit of a shape is fitted into the schema element by element (`conform`). If all of it fits as it stands, the result
depends only on the shape, except for the values. A template records where these went and against which types they were
checked. Texts of later units of the shape are inserted, if each is valid in its place; any other unit is fitted individually.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache, partial
from typing import NamedTuple

from connectors.targets.chart import Unit
from connectors.targets.conform import child_type, is_valid
from connectors.targets.kmehr_schema import RELEASES, holds_any_text, is_mixed, is_valid_in_each
from connectors.targets.skeleton import Skeleton
from connectors.targets.tree import Node, escape_text, opening
from schemas.disposition import UnitKind
from schemas.item_kinds import ITEM_KINDS

Types = tuple[str, ...]  # of one element, in each release
Texts = Sequence[str]
_KEPT = 4096  # templates
_VERDICTS = 8192  # for texts held against one type: dates and measures recur in a practice, not in a chart


Check = Callable[[str], bool]
"""A condition on a text; its verdicts are cached."""


class Poured(NamedTuple):
    """XML with open places for texts."""

    form: str  # for the operator %
    order: tuple[int, ...]  # which text goes into each place

    def fill(self, written: Texts) -> str:
        """Returns the XML with these texts, which must already be escaped."""
        return self.form % tuple([written[at] for at in self.order])


class ChildTemplate(NamedTuple):
    """A child element: a leaf has the hole of its text, any other child has poured XML."""

    name: str
    attributes: dict[str, str]
    hole: int
    inside: Poured | None
    start: str

    def node(self, texts: Texts, written: Texts) -> Node:
        """The child for one unit. All units share its attributes: replace them, do not change them."""
        if self.inside is None:
            text = texts[self.hole] if self.hole >= 0 else ""
            return Node(self.name, self.attributes, text, start=self.start)
        return Node(self.name, self.attributes, rest=self.inside.fill(written), start=self.start)


class Template:
    """How units of one shape are written."""

    def __init__(
        self, texts: Texts, kept: Iterable[Node], types: Types, checks: dict[int, list[Check]]
    ) -> None:
        """Learn from a unit's texts, its children in schema order and its own types; `checks`: additional conditions.

        Raises UnlearnableError if the result depends on a value.
        """
        found = {at: list(held) for at, held in checks.items()}
        nodes = list(kept)
        for node in nodes:
            _learn(node, types_of_child(types, node.name), texts, found)
        self._children = tuple(map(_child_template, nodes))
        self.whole = poured(nodes)
        self._checks = tuple((at, check) for at, held in found.items() for check in dict.fromkeys(held))

    def nodes(self, texts: Texts, written: Texts) -> list[Node]:
        """The children of a unit; `written`: its texts escaped for XML."""
        return [child.node(texts, written) for child in self._children]

    def takes(self, texts: Texts) -> bool:
        """Whether each text of a unit is valid in its place."""
        for at, check in self._checks:  # noqa: SIM110 - called for each unit: a generator costs more than the checks
            if not check(texts[at]):
                return False
        return True


def _child_template(node: Node) -> ChildTemplate:
    inside = None
    if node.children:
        pouring = _Pouring()
        pouring.inside(node)
        inside = pouring.done()
    return ChildTemplate(node.name, node.attributes, node.hole, inside, opening(node))


class UnlearnableError(Exception):
    """The result depends on a value."""


def poured(nodes: Iterable[Node]) -> Poured:
    """Some elements as XML with open places. An element's text goes before the rest of its content."""
    pouring = _Pouring()
    for node in nodes:
        pouring.element(node)
    return pouring.done()


class _Pouring:
    """Collects XML and its open places."""

    def __init__(self) -> None:
        self._form: list[str] = []
        self._order: list[int] = []

    def element(self, node: Node) -> None:
        self._form.append(_as_form(opening(node)))
        self.inside(node)
        self._form.append(f"</{node.name}>")

    def inside(self, node: Node) -> None:
        self._text(node.text, node.hole)
        self._form.append(_as_form(node.rest))
        for child in node.children:
            self.element(child)
            self._text(child.tail, child.tail_hole)

    def _text(self, text: str, hole: int) -> None:
        if hole >= 0:
            self._form.append("%s")
            self._order.append(hole)
        else:
            self._form.append(_as_form(escape_text(text)))

    def done(self) -> Poured:
        return Poured("".join(self._form), tuple(self._order))


def written(texts: Texts) -> Texts:
    """The texts, escaped for XML."""
    plain = "".join(texts)
    return texts if escape_text(plain) is plain else [escape_text(text) for text in texts]


_POSITION = re.compile(r"[0-9A-Fa-f.\s-]*")


def says_position(version: str, text: str) -> bool:
    """Whether the version and the text of an ID-KMEHR state no more than a position, which is numbered anew."""
    return _POSITION.fullmatch(version + text) is not None


def _as_form(xml: str) -> str:
    return xml.replace("%", "%%")


def _learn(node: Node, types: Types, texts: Texts, checks: dict[int, list[Check]]) -> None:
    """Add the conditions on the texts in an element. Raises UnlearnableError."""
    _refuse_other_form(node.text, node.hole, texts)
    if not node.children:
        if node.hole >= 0 and not all(map(holds_any_text, RELEASES, types)):
            start = opening(Node("", node.attributes))[1:-1] + ">"
            checks.setdefault(node.hole, []).append(_check_of(types, start))
        return
    beside = node.hole >= 0 or any(child.tail_hole >= 0 for child in node.children)
    if beside and not all(map(is_mixed, RELEASES, types)):
        raise UnlearnableError
    for child in node.children:
        _learn(child, types_of_child(types, child.name), texts, checks)
        _refuse_other_form(child.tail, child.tail_hole, texts)


def _refuse_other_form(text: str, hole: int, texts: Texts) -> None:
    """Raise UnlearnableError unless the text is there as it came."""
    if text and (hole < 0 or texts[hole] != text):
        raise UnlearnableError


def types_of_child(types: Types, name: str) -> Types:
    """The types of a child element. Raises UnlearnableError if a release has no child of that name."""
    found = [child_type(type_name, name, release) for type_name, release in zip(types, RELEASES, strict=True)]
    if None in found:
        raise UnlearnableError
    return tuple(map(str, found))


@lru_cache(_KEPT)
def takes_any_text(skeleton: Skeleton, type_name: str) -> bool:
    """Whether every unit of a shape is one element without children, valid as a type that holds any text in both releases."""
    root = skeleton.root
    alone = root.hole == 0 and not root.children
    return alone and all(holds_any_text(r, type_name) for r in RELEASES) and is_valid(root, type_name)


@lru_cache(_KEPT)
def _check_of(types: Types, start: str) -> Check:
    """The condition that a text is valid as a leaf's content in both releases; `start`: its start tag after the name."""

    def is_valid_content(text: str) -> bool:
        return is_valid_in_each(types, start + escape_text(text))

    return lru_cache(_VERDICTS)(is_valid_content)


_learned: dict[tuple[Skeleton, str], Template] = {}  # by shape and the token of an MF-ID that was made


def template_of(unit: Unit) -> Template | None:
    """The template that fits a unit, if there is one."""
    found = None if unit.altered else _learned.get((unit.skeleton, unit.made))
    return found if found is not None and found.takes(unit.texts) else None


def learn_template(unit: Unit, kept: Iterable[Node], type_name: str) -> None:
    """Keep a template for a unit whose children all fitted their types, unless it depends on a value."""
    if unit.altered or unit.holds("confidentiality"):  # the one child that comes before the position
        return
    checks: dict[int, list[Check]] = {}
    for attributes, hole in unit.skeleton.ids:
        if hole >= 0 and attributes.get("S") == "ID-KMEHR":
            checks.setdefault(hole, []).append(_position_check(attributes.get("SV", "")))
    for hole in unit.skeleton.codes("CD-ITEM") if unit.kind is UnitKind.ITEM else ():
        checks.setdefault(hole, []).append(ITEM_KINDS.__contains__)
    try:
        template = Template(unit.texts, kept, (type_name,) * len(RELEASES), checks)
    except UnlearnableError:
        return
    if len(_learned) >= _KEPT:
        _learned.clear()
    _learned[unit.skeleton, unit.made] = template


@cache
def _position_check(version: str) -> Check:
    return partial(says_position, version)
