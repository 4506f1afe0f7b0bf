"""Why an element does not fit the target: which of its values, and what the format admits there instead."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from connectors.targets.conform import child_type, occurs_once
from connectors.targets.kmehr_schema import RELEASES, enumeration, is_valid_in_each, names_of, types_of
from connectors.targets.tree import Node, inside

Types = tuple[str, ...]  # of one element, in each release
_NAMED = frozenset({"hcparty", "person"})
_NAMES = frozenset({"firstname", "familyname", "name"})
_LONGEST = 200  # characters of a value
_DEEPEST = 32


class Cause(StrEnum):
    """What the format objects to."""

    NO_FIELD = "no_field"  # it has no such field there
    REPEATED = "repeated"  # it admits one, and another one is there
    NOT_LISTED = "not_listed"  # the value is not in its closed list
    NO_NUMBER = "no_number"
    NO_DATE = "no_date"
    NO_TIME = "no_time"
    NO_YES_OR_NO = "no_yes_or_no"
    OTHER_FORM = "other_form"  # the value has another form than the format wants
    OTHER_SCHEME = "other_scheme"  # codes of this system have no place there
    MISSING = "missing"  # a part is absent without which the format admits none of it
    NOT_TOGETHER = "not_together"  # the parts exclude each other
    NO_KIND = "no_kind"  # it knows no such kind of record
    NESTED = "nested"  # it does not hold such an element inside of another


class Misfit(NamedTuple):
    """A value that did not fit. `field` and `missing` are names of elements or attributes."""

    cause: Cause
    field: str
    value: str = ""
    admitted: tuple[str, ...] = ()
    missing: str = ""


_FORMS = {
    "xsd:decimal": Cause.NO_NUMBER,
    "xsd:integer": Cause.NO_NUMBER,
    "xsd:positiveInteger": Cause.NO_NUMBER,
    "xsd:unsignedInt": Cause.NO_NUMBER,
    "xsd:date": Cause.NO_DATE,
    "xsd:gYear": Cause.NO_DATE,
    "xsd:gYearMonth": Cause.NO_DATE,
    "xsd:dateTime": Cause.NO_DATE,
    "xsd:time": Cause.NO_TIME,
    "xsd:boolean": Cause.NO_YES_OR_NO,
}


def explain(node: Node, owner: str, *, repeated: bool = False) -> Misfit:
    """The first value of an element that its place in a type does not admit. `repeated`: the place is taken."""
    types = _types((owner,) * len(RELEASES), node.name)
    if types is None:
        return Misfit(Cause.NO_FIELD, node.name, shown(node))
    if repeated and occurs_once(owner, node.name):
        return Misfit(Cause.REPEATED, node.name, shown(node))
    return _inside(node, types, node.name, _DEEPEST)


def shown(node: Node) -> str:
    """The texts of an element as one line."""
    return " ".join(" ".join(_texts(node)).split())[:_LONGEST]


def _texts(node: Node) -> Iterator[str]:
    """The texts in an element; of a person or an organisation only the name, of an address no code."""
    yield "" if node.name == "lnk" else node.text
    named = [child for child in node.children if child.name in _NAMES] if node.name in _NAMED else []
    plain = [child for child in node.children if child.name != "cd"] if node.name == "address" else []
    for child in named or plain or node.children:
        yield from _texts(child)
        yield child.tail


def _types(owners: Types, name: str) -> Types | None:
    """The type of a child in each release; None if one of them has no such child."""
    found = [child_type(owner, name, release) for owner, release in zip(owners, RELEASES, strict=True)]
    return None if None in found else tuple(map(str, found))


def _inside(node: Node, own: Types, field: str, left: int) -> Misfit:
    type_name = own[-1]
    known = types_of(RELEASES[-1]).get(type_name, {})
    for child in node.children if left else ():
        types = _types(own, child.name)
        name = field if child.name == "cd" else child.name
        if types is None:
            return Misfit(Cause.NO_FIELD, child.name, shown(child))
        if not is_valid_in_each(types, inside(child)):
            return _inside(child, types, name, left - 1)
    if node.children or "children" in known:
        return _of_parts(node, own, field)
    return _of_value(node, type_name, field)


def _of_parts(node: Node, own: Types, field: str) -> Misfit:
    """The objection to children that are each admitted."""
    if node.attributes or node.text.strip():
        extra = next(iter(node.attributes), "text")
        return Misfit(Cause.NO_FIELD, extra, node.attributes.get(extra, node.text.strip())[:_LONGEST])
    present = [child.name for child in node.children]
    missing = next((name for name in _forced(own, frozenset(present)) if name not in present), None)
    if missing is not None:
        return Misfit(Cause.MISSING, field, shown(node), missing=missing)
    twice = next((n for n in present if present.count(n) > 1 and occurs_once(own[-1], n)), None)
    if twice is not None:
        last = [child for child in node.children if child.name == twice][-1]
        return Misfit(Cause.REPEATED, twice, shown(last))
    return Misfit(Cause.NOT_TOGETHER, field, shown(node))


def _forced(own: Types, present: frozenset[str]) -> Iterator[str]:
    """The children that one of the releases forces beside those that are present."""
    for type_name, release in zip(own[::-1], RELEASES[::-1], strict=True):
        model = types_of(release).get(type_name, {}).get("model") or []
        yield from _required(model)
        yield from _begun(model, present)


def _required(model: list[Any]) -> Iterator[str]:
    """The children that a content model forces, in order; none of a choice."""
    if not model or not str(model[0]).startswith("sequence") or str(model[0])[-1] in "?*":
        return
    for each in model[1:]:
        if isinstance(each, list):
            yield from _required(each)
        elif each[-1] not in "?*":
            yield each.rstrip("+")


def _begun(model: list[Any], present: frozenset[str]) -> Iterator[str]:
    """The children that go with one that is present, in a branch of a choice."""
    for each in (each for each in model[1:] if isinstance(each, list)):
        if str(model[0]).startswith("choice") and str(each[0]).startswith("sequence"):
            begun = present.intersection(name for name, _ in names_of(each))
            yield from _required(each) if begun else ()
        else:
            yield from _begun(each, present)


def _of_value(node: Node, type_name: str, field: str) -> Misfit:
    value = node.text.strip()[:_LONGEST]
    scheme = node.attributes.get("S", "")
    for name, schemes in _attributes(type_name).items():
        if name == "S" and scheme and schemes and scheme not in schemes:
            return Misfit(Cause.OTHER_SCHEME, field, value, schemes, scheme)
        if name not in node.attributes:
            return Misfit(Cause.MISSING, field, value, missing=name)
    admitted, form = _admitted(type_name)
    if admitted and value not in admitted:
        return Misfit(Cause.NOT_LISTED, field, value, admitted)
    for name, text in node.attributes.items():
        listed = _listed(type_name, name)
        if listed and text not in listed:
            return Misfit(Cause.NOT_LISTED, name, text, listed)
    extra = next((name for name in node.attributes if not _is_known(type_name, name)), None)
    if extra is not None:
        return Misfit(Cause.NO_FIELD, extra, node.attributes[extra][:_LONGEST])
    return Misfit(form, field, value)


@cache
def _is_known(type_name: str, attribute: str) -> bool:
    """Whether each release that has the type has the attribute."""
    known = [types_of(release)[type_name] for release in RELEASES if type_name in types_of(release)]
    return all(attribute in (each.get("attributes") or {}) for each in known)


@cache
def _attributes(type_name: str) -> dict[str, tuple[str, ...]]:
    """The attributes that a type forces, with the values that the older release admits: it admits fewer."""
    found: dict[str, tuple[str, ...]] = {}
    for name, (_, required, _) in _stated(type_name).items():
        if required:
            found[name] = _listed(type_name, name)
    return found


def _stated(type_name: str) -> dict[str, Any]:
    for release in RELEASES:
        known = types_of(release).get(type_name, {})
        if known.get("attributes"):
            return dict(known["attributes"])
    return {}


@cache
def _listed(type_name: str, attribute: str) -> tuple[str, ...]:
    """The values of an attribute that both releases admit; empty: any."""
    lists: list[tuple[str, ...]] = []
    for release in RELEASES:
        of_type = types_of(release).get(type_name, {}).get("attributes", {}).get(attribute)
        if of_type is None:
            continue
        kind, _, fixed = of_type
        lists.append((fixed,) if fixed is not None else enumeration(kind, release))
    return _common(lists)


@cache
def _admitted(type_name: str) -> tuple[tuple[str, ...], Cause]:
    """The closed list of a type in both releases (empty: none), and the objection to a value of another form."""
    form = Cause.OTHER_FORM
    each = type_name
    while each:
        form = _FORMS.get(each, form)
        each = types_of(RELEASES[-1]).get(each, {}).get("base", "")
    return _common([enumeration(type_name, release) for release in RELEASES]), form


def _common(lists: list[tuple[str, ...]]) -> tuple[str, ...]:
    if not lists or not all(lists):
        return ()
    return tuple(value for value in lists[0] if all(value in other for other in lists[1:]))
