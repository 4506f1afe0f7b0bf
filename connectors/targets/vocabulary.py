"""Every element and attribute that a chart can hold: those valid in both KMEHR releases; in the header, what Reprise writes.

The writer keeps an element of the source only if it is valid in both releases (`conform`). Both modules use the table
`kmehr_schema`. Message and header do not come from the source: they hold only what `header_node` builds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.targets.header import header_node
from connectors.targets.kmehr_schema import (
    RELEASES,
    ROOT_TYPE,
    Model,
    enumeration,
    is_mixed,
    particle,
    types_of,
)
from schemas.package_description import Attribute, Child, ElementType

Types = tuple[str, ...]  # of one element, in each release
Count = tuple[int, int | None]  # least and most
_ROOT: Types = (ROOT_TYPE,) * len(RELEASES)
_ANYTHING = "xsd:anyType"
_FREE = "any"
_BOUNDS: dict[str, Count] = {"": (1, 1), "?": (0, 1), "*": (0, None), "+": (1, None)}


def vocabulary() -> list[ElementType]:
    """The types that a chart can hold, by their names, the root first."""
    found: dict[str, ElementType] = {}
    waiting = [_ROOT]
    seen: set[Types] = set()
    while waiting:
        types = waiting.pop()
        if types in seen or types[-1].startswith("xsd:"):
            continue
        seen.add(types)
        described = _described(types)
        known = found.setdefault(types[-1], described)
        if known != described:
            raise ValueError("type_differs_by_place")
        waiting += [_types_of(types, child.element) for child in described.children]
    first, *others = sorted(found.values(), key=lambda each: (each.name != ROOT_TYPE, each.name))
    return [first, *others]


def _described(types: Types) -> ElementType:
    newest = _known(types[-1], RELEASES[-1])
    return ElementType(
        name=types[-1],
        text="xsd:string" if _is_mixed(types) else _text_of(types[-1]),
        anything=newest.get("base") == _ANYTHING or _FREE in _names(newest),
        values=_shared([enumeration(name, release) for name, release in zip(types, RELEASES, strict=True)]),
        children=list(_children(types)),
        attributes=list(_attributes(types)),
    )


def _known(type_name: str, release: str) -> dict[str, Any]:
    return types_of(release).get(type_name, {})


def _is_mixed(types: Types) -> bool:
    return all(is_mixed(release, name) for name, release in zip(types, RELEASES, strict=True))


def _text_of(type_name: str) -> str | None:
    """The type of XML Schema of its text."""
    while type_name and not type_name.startswith("xsd:"):
        type_name = _known(type_name, RELEASES[-1]).get("base", "")
    return type_name if type_name not in ("", _ANYTHING) else None


def _children(types: Types) -> Iterator[Child]:
    own = _OF_REPRISE.get(types[-1])
    counts = [_counts(_known(name, release)) for name, release in zip(types, RELEASES, strict=True)]
    for name in dict.fromkeys(_names(_known(types[-1], RELEASES[-1]))):
        if name == _FREE or not _is_admitted(types, name) or (own is not None and name not in own):
            continue
        stated = [count[name] for count in counts if name in count]
        least, most = max(low for low, _ in stated), _least_of([high for _, high in stated])
        if own is not None and own[name] is not None:
            least, most = 1, own[name]
        yield Child(name, _types_of(types, name)[-1], least, most)


def _least_of(bounds: list[int | None]) -> int | None:
    stated = [bound for bound in bounds if bound is not None]
    return min(stated) if stated else None


def _is_admitted(types: Types, name: str) -> bool:
    """Whether both releases have this child, and each attribute with listed values has a value allowed in both."""
    if _types_of(types, name) == () or any(each == "" for each in _types_of(types, name)):
        return False
    return all(shared or not stated for _, _, shared, stated in _common_attributes(_types_of(types, name)))


def _types_of(types: Types, name: str) -> Types:
    """Returns the type of a child in each release; '' if a release has none. A child of anyType is anyType."""
    found = []
    for type_name, release in zip(types, RELEASES, strict=True):
        known = _known(type_name, release)
        is_free = type_name == _ANYTHING or known.get("base") == _ANYTHING
        found.append(_ANYTHING if is_free else str(known.get("children", {}).get(name, "")))
    return tuple(found)


def _attributes(types: Types) -> Iterator[Attribute]:
    for name, required, shared, _ in _common_attributes(types):
        yield Attribute(name, required, list(shared))


def _common_attributes(types: Types) -> Iterator[tuple[str, bool, list[str], bool]]:
    """Yield the attributes that all releases have.

    Each is a name, whether any release requires it, the values allowed in all, and whether any release lists values.
    """
    stated = [
        (known.get("attributes") or {}, release)
        for type_name, release in zip(types, RELEASES, strict=True)
        if (known := _known(type_name, release)).get("base") != _ANYTHING and type_name != _ANYTHING
    ]
    for name in sorted(set.intersection(*(set(own) for own, _ in stated))) if stated else ():
        lists = [_listed(own[name], release) for own, release in stated]
        yield name, any(own[name][1] for own, _ in stated), _shared(lists), any(lists)


def _listed(stated: list[Any], release: str) -> tuple[str, ...]:
    """Returns the allowed values of an attribute; empty if every value is allowed."""
    kind, _, fixed = stated
    return (str(fixed),) if fixed is not None else enumeration(kind, release)


def _shared(lists: list[tuple[str, ...]]) -> list[str]:
    """Returns the values that occur in every non-empty list."""
    first, *others = [each for each in lists if each] or [()]
    return [value for value in first if all(value in other for other in others)]


def _names(known: dict[str, Any]) -> Iterator[str]:
    """The names in a content model, in order."""
    for each in (known.get("model") or [])[1:]:
        if isinstance(each, list):
            yield from _names({"model": each})
        else:
            yield particle(each)[0]


def _counts(known: dict[str, Any]) -> dict[str, Count]:
    """How often each child may stand in a content model."""
    model = known.get("model")
    return _counts_of(model) if model else {}


def _counts_of(model: Model) -> dict[str, Count]:
    kind, times = particle(model[0])
    parts = [_counts_of(e) if isinstance(e, list) else dict([_count(e)]) for e in model[1:]]
    found: dict[str, Count] = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        counts = [part.get(name, (0, 0)) for part in parts]
        joined = _alternative(counts) if kind == "choice" else _together(counts)
        found[name] = _times(joined, _bounds(times))
    return found


def _count(text: str) -> tuple[str, Count]:
    name, times = particle(text)
    return name, _bounds(times)


def _bounds(times: str) -> Count:
    if times in _BOUNDS:
        return _BOUNDS[times]
    low, high = times.strip("{}").split(",")
    return int(low), int(high)


def _alternative(counts: list[Count]) -> Count:
    highs = [high for _, high in counts]
    return min(low for low, _ in counts), None if None in highs else max(h for h in highs if h is not None)


def _together(counts: list[Count]) -> Count:
    highs = [high for _, high in counts]
    return sum(low for low, _ in counts), None if None in highs else sum(h for h in highs if h is not None)


def _times(count: Count, bounds: Count) -> Count:
    low, high = count
    most = bounds[1]
    many = None if (high is None or most is None) and high != 0 and most != 0 else (high or 0) * (most or 0)
    return low * bounds[0], many


def _made_by_reprise() -> dict[str, dict[str, int | None]]:
    """By type, the children that Reprise writes there, and how often; of a party, which comes from the source, nothing."""
    found: dict[str, dict[str, int | None]] = {ROOT_TYPE: {"header": 1, "folder": 1}}
    header = header_node("", "1970-01-01T00:00:00Z", [])
    waiting = [(header, _types_of(_ROOT, "header"))]
    while waiting:
        node, types = waiting.pop()
        if node.name == "hcparty" or not node.children:
            continue
        names = [child.name for child in node.children]
        found[types[-1]] = {n: None if node.name == "sender" else names.count(n) for n in names}
        waiting += [(child, _types_of(types, child.name)) for child in node.children]
    return found


_OF_REPRISE = _made_by_reprise()
