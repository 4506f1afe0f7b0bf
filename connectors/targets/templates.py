"""Units written once a shape: where each text of a unit goes, and what it has to be for that.

The first unit of a shape is fitted into the schema element by element (`conform`). Where all of it fitted as it stands, what
was found depends on the shape alone, but for the values: a template keeps where they went and what types they were held
against. Later units of the shape pour their texts into it, if each text is valid at its place; any other unit is fitted by
itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from connectors.targets.chart import Unit
from connectors.targets.conform import child_type
from connectors.targets.kmehr_schema import RELEASES, holds_any_text, is_mixed, is_valid_in
from connectors.targets.tree import Node, escape_text, opening
from schemas.disposition import UnitKind
from schemas.item_kinds import ITEM_KINDS

Types = tuple[str, ...]  # of one element, in each release
Texts = Sequence[str]
_KEPT = 4096  # templates
_VERDICTS = 1024  # on the texts of one place


class Check:
    """A condition on a text, with the verdicts so far."""

    def __init__(self, test: Callable[[str], bool]) -> None:
        self._test = test
        self._known: dict[str, bool] = {}

    def holds(self, text: str) -> bool:
        """Whether the text meets it."""
        verdict = self._known.get(text)
        if verdict is None:
            if len(self._known) >= _VERDICTS:
                self._known.clear()
            verdict = self._known[text] = self._test(text)
        return verdict


class Poured(NamedTuple):
    """XML with a place for each of some texts."""

    form: str  # for the operator %
    order: tuple[int, ...]  # which text stands in each place

    def fill(self, written: Texts) -> str:
        """The XML; the texts are escaped already."""
        return self.form % tuple([written[at] for at in self.order])


class ChildTemplate(NamedTuple):
    """A child element: a leaf by its hole, any other by what stands in it."""

    name: str
    attributes: dict[str, str]
    hole: int
    inside: Poured | None
    start: str

    def node(self, texts: Texts, written: Texts) -> Node:
        """The child of a unit. Its attributes are shared by all units: they are replaced, not changed."""
        if self.inside is None:
            text = texts[self.hole] if self.hole >= 0 else ""
            return Node(self.name, self.attributes, text, start=self.start)
        return Node(self.name, self.attributes, rest=self.inside.fill(written), start=self.start)


class Template:
    """How units of one shape are written."""

    def __init__(
        self, texts: Texts, kept: Iterable[Node], types: Types, checks: dict[int, list[Check]]
    ) -> None:
        """From the texts of a unit, its children in schema order and its own types; `checks`: conditions beside these.

        Raises UnlearnableError where what was found depends on a value.
        """
        learning = _Learning(texts, checks)
        self.children = tuple(learning.child(node, types_of_child(types, node.name)) for node in kept)
        found = learning.checks
        self.whole = _join(self.children)
        self._checks = tuple((at, check) for at, held in found.items() for check in dict.fromkeys(held))

    def takes(self, texts: Texts) -> bool:
        """Whether each text of a unit is valid at its place."""
        return all(check.holds(texts[at]) for at, check in self._checks)


class UnlearnableError(Exception):
    """What was found depends on a value."""


def poured(nodes: Iterable[Node]) -> Poured:
    """Some elements as XML. Where an element has a hole a text is to be poured in, before the rest of it."""
    form: list[str] = []
    order: list[int] = []

    def add(node: Node) -> None:
        form.append(_as_form(opening(node)))
        if node.hole >= 0:
            form.append("%s")
            order.append(node.hole)
        form.append(_as_form(escape_text(node.text) + node.rest))
        for child in node.children:
            add(child)
        form.append(f"</{node.name}>")

    for node in nodes:
        add(node)
    return Poured("".join(form), tuple(order))


def written(texts: Texts) -> Texts:
    """The texts as they stand in XML."""
    plain = "".join(texts)
    return texts if escape_text(plain) is plain else [escape_text(text) for text in texts]


def _join(children: Sequence[ChildTemplate]) -> Poured:
    form: list[str] = []
    order: list[int] = []
    for child in children:
        form.append(_as_form(child.start))
        if child.inside is not None:
            form.append(child.inside.form)
            order += child.inside.order
        elif child.hole >= 0:
            form.append("%s")
            order.append(child.hole)
        form.append(f"</{child.name}>")
    return Poured("".join(form), tuple(order))


_POSITION = re.compile(r"[0-9A-Fa-f.\s-]*")


def says_position(version: str, text: str) -> bool:
    """Whether the version and the text of an ID-KMEHR say no more than a position, which is numbered anew."""
    return _POSITION.fullmatch(version + text) is not None


def _as_form(xml: str) -> str:
    return xml.replace("%", "%%")


class _Learning:
    """What the children of one unit say of all units of its shape."""

    def __init__(self, texts: Texts, checks: dict[int, list[Check]]) -> None:
        self._texts, self.checks = texts, checks
        self._form: list[str] = []
        self._order: list[int] = []

    def child(self, node: Node, types: Types) -> ChildTemplate:
        self._form, self._order = [], []
        self._element(node, types)
        if node.children:
            inside = Poured("".join(self._form), tuple(self._order))
            return ChildTemplate(node.name, node.attributes, -1, inside, opening(node))
        return ChildTemplate(node.name, node.attributes, node.hole, None, opening(node))

    def _element(self, node: Node, types: Types) -> None:
        """What stands in an element: its form, which texts it takes, and what they have to be."""
        self._text(node.text, node.hole)
        if not node.children:
            if node.hole >= 0 and not all(map(holds_any_text, RELEASES, types)):
                start = opening(Node("", node.attributes))[1:-1] + ">"
                self.checks.setdefault(node.hole, []).append(_check_of(types, start))
            return
        beside = node.hole >= 0 or any(child.tail_hole >= 0 for child in node.children)
        if beside and not all(map(is_mixed, RELEASES, types)):
            raise UnlearnableError
        for child in node.children:
            self._form.append(_as_form(opening(child)))
            self._element(child, types_of_child(types, child.name))
            self._form.append(f"</{child.name}>")
            self._text(child.tail, child.tail_hole)

    def _text(self, text: str, hole: int) -> None:
        if hole >= 0 and self._texts[hole] == text:
            self._form.append("%s")
            self._order.append(hole)
        elif text:
            raise UnlearnableError  # it was put into another form


def types_of_child(types: Types, name: str) -> Types:
    """The types of a child element. Raises UnlearnableError where a release does not know it by its name."""
    found = [child_type(type_name, name, release) for type_name, release in zip(types, RELEASES, strict=True)]
    if None in found:
        raise UnlearnableError
    return tuple(map(str, found))


@lru_cache(_KEPT)
def _check_of(types: Types, start: str) -> Check:
    """That a text is valid in both releases as the content of a leaf; `start`: its start tag after the name."""

    def is_valid(text: str) -> bool:
        rest = start + escape_text(text)
        return all(map(is_valid_in, RELEASES, types, (rest,) * len(types)))

    return Check(is_valid)


_learned: dict[tuple[str, str], Template] = {}


def template_of(unit: Unit) -> Template | None:
    """The template by which a unit can be written."""
    found = None if unit.altered else _learned.get(_key(unit))
    return found if found is not None and found.takes(all_texts(unit)) else None


def learn_template(unit: Unit, kept: Iterable[Node], type_name: str) -> None:
    """Keep how a unit was written of which every child fitted its type; nothing where that depends on a value."""
    if unit.altered:
        return
    checks: dict[int, list[Check]] = {}
    for attributes, hole in unit.skeleton.ids:
        if hole >= 0 and attributes.get("S") == "ID-KMEHR":
            checks.setdefault(hole, []).append(_position_check(attributes.get("SV", "")))
    for hole in unit.skeleton.codes("CD-ITEM") if unit.kind is UnitKind.ITEM else ():
        checks.setdefault(hole, []).append(_KIND)
    try:
        template = Template(all_texts(unit), kept, (type_name,) * len(RELEASES), checks)
    except UnlearnableError:
        return
    if len(_learned) >= _KEPT:
        _learned.clear()
    _learned[_key(unit)] = template


def all_texts(unit: Unit) -> Texts:
    """The texts of a unit, with that of the MF-ID made for it."""
    return unit.texts if unit.made is None else [*unit.texts, unit.made.text]


def _key(unit: Unit) -> tuple[str, str]:
    return unit.shape, "" if unit.made is None else unit.made.attributes["SV"]


_KIND = Check(lambda text: text in ITEM_KINDS)


@cache
def _position_check(version: str) -> Check:
    return Check(lambda text: says_position(version, text))
