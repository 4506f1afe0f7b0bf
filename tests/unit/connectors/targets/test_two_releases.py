"""What is valid in KMEHR 1.7 is valid in 1.43, but for elements that 1.7 leaves free: so one validation serves for both.

Shown twice: type by type from the table, content models as regular languages; and by random parts, against both schemas.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from kmehr_instances import Instances
from lxml import etree

from connectors.targets.kmehr_schema import (
    NAMESPACE,
    RELEASES,
    element_of,
    free_elements,
    particle,
    schema_of,
    types_of,
    validate,
)

OLDER, NEWER = map(types_of, RELEASES)
BOTH = sorted(OLDER.keys() & NEWER.keys())
Words = tuple  # a regular expression: ("name", n), ("seq", *parts), ("alt", *parts), ("many", part)
EMPTY: Words = ("seq",)
NONE: Words = ("alt",)


def expression(model: list | str) -> Words:
    """A content model as a regular expression."""
    name, times = particle(model if isinstance(model, str) else model[0])
    parts = () if isinstance(model, str) else tuple(map(expression, model[1:]))
    once = ("name", name) if isinstance(model, str) else (("alt" if name == "choice" else "seq"), *parts)
    maybe = ("alt", EMPTY, once)
    if times.startswith("{"):
        low, high = map(int, times.strip("{}").split(","))
        return ("seq", *[once] * low, *[maybe] * (high - low))
    return {"": once, "?": maybe, "*": ("many", once), "+": ("seq", once, ("many", once))}[times]


def admits_nothing(words: Words) -> bool:
    kind, *parts = words
    return kind == "many" or (kind != "name" and (all if kind == "seq" else any)(map(admits_nothing, parts)))


def after(words: Words, name: str) -> Words:
    """What may follow a first child of that name."""
    kind, *parts = words
    if kind == "name":
        return EMPTY if parts[0] == name else NONE
    if kind == "many":
        return in_order(after(parts[0], name), words)
    if kind == "alt":
        return one_of(*(after(part, name) for part in parts))
    rests = []
    for at, part in enumerate(parts):
        rests.append(in_order(after(part, name), *parts[at + 1 :]))
        if not admits_nothing(part):
            break
    return one_of(*rests)


def one_of(*parts: Words) -> Words:
    found = {p for part in parts for p in (part[1:] if part[0] == "alt" else (part,))}
    return found.pop() if len(found) == 1 else ("alt", *sorted(found, key=repr))


def in_order(*parts: Words) -> Words:
    flat = [p for part in parts for p in (part[1:] if part[0] == "seq" else (part,))]
    return NONE if NONE in flat else flat[0] if len(flat) == 1 else ("seq", *flat)


def names_in(words: Words) -> set[str]:
    return {words[1]} if words[0] == "name" else set().union(*map(names_in, words[1:]))


def is_within(one: Words, other: Words) -> bool:
    """Whether each sequence of children that one admits is admitted by the other."""
    waiting, seen = [(one, other)], set()
    while waiting:
        pair = waiting.pop()
        if pair in seen or pair[0] == NONE:
            continue
        seen.add(pair)
        if admits_nothing(pair[0]) and not admits_nothing(pair[1]):
            return False
        waiting += [(after(pair[0], name), after(pair[1], name)) for name in names_in(pair[0])]
    return True


def test_the_comparison_of_models_tells_them_apart():
    wide, narrow = ["sequence", "a?", ["choice*", "b", "c"]], ["sequence", "a", ["choice+", "b", "c"]]
    assert is_within(expression(narrow), expression(wide))
    assert not is_within(expression(wide), expression(narrow))
    assert not is_within(expression(["sequence", "b", "a"]), expression(wide))
    assert is_within(expression(["sequence", "a{1,2}"]), expression(["sequence", "a", "a?"]))
    assert not is_within(expression(["sequence", "a{1,3}"]), expression(["sequence", "a", "a?"]))


def differences(one: str, other: str) -> Iterator[str]:
    """Where a type of 1.7 may admit what a type of 1.43 does not, besides its children."""
    a, b = OLDER.get(one), NEWER.get(other)
    if a is None and b is None:
        yield from [] if one == other else ["built-in"]
        return
    if a is not None and b is None and "attributes" not in a and "children" not in a:
        yield from differences(a["base"], other)  # a restriction of what the other one is
        return
    if a is None or b is None or ("children" in a) != ("children" in b):
        yield "form"
        return
    yield from _attributes(a.get("attributes", {}), b.get("attributes", {}))
    if "children" in a:
        if not is_within(expression(a["model"] or ["sequence"]), expression(b["model"] or ["sequence"])):
            yield "model"
        if ("mixed" in a and "mixed" not in b) or not {*a.get("nillable", ())} <= {*b.get("nillable", ())}:
            yield "mixed"
        return
    if "enum" in b and not ("enum" in a and set(a["enum"]) <= set(b["enum"])):
        yield "enum"
    facets = ("pattern", "minInclusive", "maxInclusive")
    if any(b.get(facet) not in (None, a.get(facet)) for facet in facets):
        yield "facet"
    if a["base"] != b["base"] or a["base"] in OLDER:
        yield from differences(a["base"], b["base"])


def _attributes(a: dict, b: dict) -> Iterator[str]:
    required = {name for name, (_, must, _) in b.items() if must}
    if not a.keys() <= b.keys() or not required <= {name for name, (_, must, _) in a.items() if must}:
        yield "attributes"
    for name in a.keys() & b.keys():
        (kind, _, fixed), (wide, _, only) = a[name], b[name]
        if only is not None and only != fixed:
            yield "fixed"
        listed = NEWER.get(wide, {}).get("enum", ())
        if not (fixed is not None and fixed in listed):
            yield from differences(kind, wide)


def pairs() -> set[tuple[str, str]]:
    """The types that the same element may have in a tree of both releases."""
    waiting, found = [(name, name) for name in BOTH], set()
    while waiting:
        pair = waiting.pop()
        if pair not in found:
            found.add(pair)
            older, newer = (
                types.get(name, {}).get("children", {})
                for types, name in zip((OLDER, NEWER), pair, strict=True)
            )
            waiting += [(older[name], newer[name]) for name in older.keys() & newer.keys()]
    return found


def test_each_type_of_the_older_release_is_within_that_of_the_newer():
    free = {"membership", "deliveredname"}
    assert free_elements() == {f"{{{NAMESPACE}}}{name}" for name in free}
    found = pairs()
    assert len(found) > len(BOTH) > 150
    for one, other in found:
        wrong = list(differences(one, other))
        assert not wrong or one.rpartition("/")[2] in free, (one, other, wrong)


@pytest.mark.parametrize("release", RELEASES)
def test_one_validation_says_what_two_say(release):
    instances, seen = Instances(release, Random(5)), Counter()
    for name in BOTH * 8:
        part = instances.make(name)
        right = all(schema_of(each).validate(part) for each in RELEASES)
        assert validate(part) == right, etree.tostring(part)
        seen[right] += 1
    assert min(seen[True], seen[False]) > 100, seen


def test_where_the_older_release_leaves_content_free_the_newer_one_is_asked():
    name = element_of("memberinsuranceType")
    for inner, valid in (("x", True), ("<any/>", False)):
        part = etree.fromstring(
            f'<{name} xmlns="{NAMESPACE}"><id S="ID-INSURANCE" SV="1.0">1</id><membership>{inner}</membership></{name}>'
        )
        assert schema_of(RELEASES[0]).validate(part)
        assert validate(part) is schema_of(RELEASES[1]).validate(part) is valid
