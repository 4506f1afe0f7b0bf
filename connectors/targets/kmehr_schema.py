"""The XML Schema of KMEHR 1.7 and 1.43, made from `schemas/codes/kmehr_types.json` and loaded into libxml2.

For every type of both releases that a chart can hold, the table states its content model, the types of its children, its
attributes (type, required, fixed value), its base and its facets. Types for signatures and encryption are left out, because a
chart holds neither. All types are in one namespace, and each also has a global element, so that a part of a chart can be
validated as its type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from lxml import etree

RELEASES = ("1.7", "1.43")
NAMESPACE = "http://www.ehealth.fgov.be/standards/kmehr/schema/v1"
ROOT_TYPE = "kmehrmessageType"
Model = list[Any]  # a group: its kind and how often it occurs, then names of children and groups

_XSD = "http://www.w3.org/2001/XMLSchema"
_SPACES = {"xsd": _XSD, "k": NAMESPACE}
_PARTICLE = re.compile(r"([A-Za-z][A-Za-z0-9-]*)([?*+]|\{\d+,\d+\}|)")
_BOUNDS = {"": ("1", "1"), "?": ("0", "1"), "*": ("0", "unbounded"), "+": ("1", "unbounded")}
_NOT_FACETS = frozenset({"base", "enum", "attributes"})
_SHORT = 1024  # verdicts on parts up to this many characters are cached: codes, flags and dates recur
_REMEMBERED = 8192


# Nothing is fetched or expanded. The input is already in memory, so it may be large.
PARSING: dict[str, Any] = {
    "huge_tree": True,
    "collect_ids": False,
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
}
_PARSER = etree.XMLParser(**PARSING)


def is_valid_as(type_name: str, rest: str) -> bool:
    """Whether an element with these attributes and this content is valid as this type in both releases.

    `rest` is the text after the name in the start tag, then the content, without the end tag.
    """
    return (_remembered if len(rest) <= _SHORT else _verdict)(type_name, rest)


def is_valid_in_each(types: Sequence[str], rest: str) -> bool:
    """Like `is_valid_as`, with a separate type for each release."""
    if len(set(types)) == 1:
        return _verdict(types[0], rest)
    trees = [_parsed(type_name, rest) for type_name in types]
    return all(
        tree is not None and schema_of(release).validate(tree)
        for tree, release in zip(trees, RELEASES, strict=True)
    )


def _verdict(type_name: str, rest: str) -> bool:
    if not type_name.startswith("xsd:") and type_name not in types_of(RELEASES[-1]):
        return False
    tree = _parsed(type_name, rest)
    return tree is not None and validate(tree)


def _parsed(type_name: str, rest: str) -> etree._Element | None:
    name = element_of(type_name)
    try:
        return etree.fromstring(f'<{name} xmlns="{NAMESPACE}"{rest}</{name}>'.encode(), _PARSER)
    except etree.XMLSyntaxError:  # an undeclared prefix
        return None


def validate(tree: etree._Element) -> bool:
    """Whether a tree is valid in both releases; its root is that of a chart, or of a type that both have.

    What a type of 1.7 admits, the type of that name in 1.43 admits too, except in elements whose content only 1.7 leaves free
    (`tests/unit/connectors/targets/test_two_releases.py` proves it). A tree without such an element is therefore validated once.
    """
    older, newer = map(schema_of, RELEASES)
    return older.validate(tree) and (next(tree.iter(*free_elements()), None) is None or newer.validate(tree))


@cache
def free_elements() -> frozenset[str]:
    """The elements that may hold anything in the older release alone."""
    older, newer = map(types_of, RELEASES)
    free = {name for name in older.keys() - newer.keys() if older[name].get("base") == "xsd:anyType"}
    return frozenset(
        f"{{{NAMESPACE}}}{name}"
        for known in older.values()
        for name, type_name in known.get("children", {}).items()
        if type_name in free
    )


_remembered = lru_cache(_REMEMBERED)(_verdict)


@cache
def types_of(release: str) -> dict[str, dict[str, Any]]:
    """Every type of a release by its name."""
    text = files("schemas").joinpath("codes/kmehr_types.json").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, Any]] = json.loads(text)[release]
    return loaded


@cache
def holds_any_text(release: str, type_name: str) -> bool:
    """Whether an element of the type, without children, may hold any text."""
    while type_name != "xsd:string":
        known = types_of(release).get(type_name, {})
        if "base" not in known or known.keys() - {"base", "attributes"}:
            return False
        type_name = known["base"]
    return True


@cache
def enumeration(type_name: str, release: str) -> tuple[str, ...]:
    """The closed list of a type, or of the nearest base that has one; empty: any text of its form."""
    each = type_name
    while each:
        known = types_of(release).get(each, {})
        if known.get("enum"):
            return tuple(map(str, known["enum"]))
        each = known.get("base", "")
    return ()


@cache
def is_mixed(release: str, type_name: str) -> bool:
    """Whether text may occur beside the children of an element of the type."""
    return "mixed" in types_of(release).get(type_name, {})


def names_of(model: Model) -> Iterator[tuple[str, bool]]:
    """The children in the order of a content model, and whether each may occur more than once in its place."""
    _, times = particle(model[0])
    for each in model[1:]:
        inner = names_of(each) if isinstance(each, list) else [_name(each)]
        for name, many in inner:
            yield name, many or times in ("*", "+")


def _name(text: str) -> tuple[str, bool]:
    name, times = particle(text)
    return name, times not in ("", "?")


def particle(text: str) -> tuple[str, str]:
    """The name and how often it occurs: empty, `?`, `*`, `+` or `{least,most}`."""
    found = _PARTICLE.fullmatch(text)
    if found is None:
        raise ValueError("kmehr_types_malformed")
    return found[1], found[2]


def element_of(type_name: str) -> str:
    """The local name of the global element of a type."""
    return f"as.{_plain(type_name)}"


def _plain(type_name: str) -> str:
    return type_name.replace(":", ".").replace("/", ".")


@cache
def schema_of(release: str) -> etree.XMLSchema:
    """The schema of a release, ready to validate."""
    return etree.XMLSchema(schema_document(release))


def schema_document(release: str) -> etree._Element:
    """The schema of a release as a document."""
    schema = etree.Element(
        f"{{{_XSD}}}schema",
        {"targetNamespace": NAMESPACE, "elementFormDefault": "qualified"},
        nsmap=_SPACES,
    )
    _add(schema, "element", name="kmehrmessage", type=_label(ROOT_TYPE))
    types = types_of(release)
    used = {label for known in types.values() for label in _referred(known) if label.startswith("xsd:")}
    for name, known in types.items():
        _define(schema, name, known)
        _add(schema, "element", name=element_of(name), type=_label(name))
    for name in sorted(used):
        _add(schema, "element", name=element_of(name), type=name)
    return schema


def _referred(known: dict[str, Any]) -> Iterator[str]:
    yield from known.get("children", {}).values()
    yield known.get("base", ROOT_TYPE)


def _add(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_XSD}}}{tag}", attributes)


def _define(schema: etree._Element, name: str, known: dict[str, Any]) -> None:
    if "children" in known:
        made = _add(schema, "complexType", name=_plain(name), mixed=str("mixed" in known).lower())
        if known["model"]:
            _add_group(made, known["model"], known)
        _add_attributes(made, known)
    elif known["base"] == "xsd:anyType":
        content = _add(_add(schema, "complexType", name=_plain(name), mixed="true"), "complexContent")
        _add_any_type(_add(content, "restriction", base="xsd:anyType"))
    elif "attributes" in known:
        content = _add(_add(schema, "complexType", name=_plain(name)), "simpleContent")
        _add_attributes(_add(content, "extension", base=_label(known["base"])), known)
    else:
        facets = _add(
            _add(schema, "simpleType", name=_plain(name)), "restriction", base=_label(known["base"])
        )
        for value in known.get("enum", ()):
            _add(facets, "enumeration", value=value)
        for facet in known.keys() - _NOT_FACETS:
            _add(facets, facet, value=known[facet])


def _add_any_type(content: etree._Element) -> None:
    """The content of the standard's own anyType."""
    group = _add(content, "sequence")
    _add(group, "any", minOccurs="0", maxOccurs="unbounded", processContents="lax")
    _add(content, "anyAttribute", processContents="lax")


def _add_group(parent: etree._Element, model: Model, known: dict[str, Any]) -> None:
    kind, times = particle(model[0])
    group = _add(parent, kind, **_bounds(times))
    for each in model[1:]:
        if isinstance(each, list):
            _add_group(group, each, known)
            continue
        name, times = particle(each)
        if name == "any":
            _add(group, "any", processContents="lax", **_bounds(times))
            continue
        nillable = {"nillable": "true"} if name in known.get("nillable", ()) else {}
        _add(group, "element", name=name, type=_label(known["children"][name]), **nillable, **_bounds(times))


def _bounds(times: str) -> dict[str, str]:
    low, high = _BOUNDS.get(times) or times.strip("{}").split(",")
    return {"minOccurs": low, "maxOccurs": high}


def _label(type_name: str) -> str:
    return type_name if type_name.startswith("xsd:") else f"k:{_plain(type_name)}"


def _add_attributes(parent: etree._Element, known: dict[str, Any]) -> None:
    for name, (type_name, required, fixed) in known["attributes"].items():
        made = _add(
            parent, "attribute", name=name, type=_label(type_name), use="required" if required else "optional"
        )
        if fixed is not None:
            made.set("fixed", fixed)
