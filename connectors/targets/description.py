"""The description of a package: its files, elements, codes and units, generated from the tables and the code that write it.

Codes, versions, fillers and result items are taken from the output of the writing functions, and units from their table, so they
cannot differ from what is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from connectors.sources.flat.message import Result
from connectors.targets.fillers import fill_heading, fill_patient, fill_summary, fill_transaction
from connectors.targets.header import header_node, program
from connectors.targets.kmehr_schema import NAMESPACE, RELEASES, ROOT_TYPE
from connectors.targets.lab_items import SEVERITIES, UNITS, result_nodes
from connectors.targets.marks import Mark
from connectors.targets.points import HANDLINGS
from connectors.targets.reports import render
from connectors.targets.transaction_kinds import KINDS
from connectors.targets.tree import Node, OfRun, walk
from connectors.targets.vocabulary import vocabulary
from schemas.disposition import Disposition
from schemas.item_kinds import ITEM_KINDS
from schemas.package_description import (
    Child,
    CodeSystem,
    Derived,
    ElementType,
    FileOf,
    Filler,
    Format,
    Kinds,
    MarkOf,
    PackageDescription,
    Place,
    Units,
    Written,
)
from schemas.texts import section, text

CHECKS = (
    "digests", "valid", "one_patient", "summary", "mf_id", "links", "counts", "filled", "derived", "text", "attachments",
    "confidential",
)  # fmt: skip
"""What an importer should check, in this order; the words are in the catalogues."""
FILES = {
    "patients/*.xml": "charts",
    "work-list.json, work-list.html": "work_list",
    "reconciliation.json, reconciliation.html": "reconciliation",
    "patients.json, patients.csv, patients.html": "patients",
    "codes.csv": "codes",
    "fidelity/*.json, fidelity/*.html": "fidelity",
    "originals/*.xml": "originals",
    "quarantine/*": "quarantine",
}
"""The files of an opened package, and what they hold; the words are in the catalogues."""
_SHOWN = 20  # values of a list that the page spells out
_CODED = frozenset({"cd", "id"})
_VARYING = frozenset({"author", "id"})
"""An author is filled with who exported; of an id there is only the mark."""


def describe(profile: str, left_out: Iterable[str]) -> PackageDescription:
    """The description of a package of this profile. `left_out`: the rules by which bytes of a source are not delivered."""
    types = vocabulary()
    header = header_node("", "1970-01-01T00:00:00Z", [])
    derived = [node for nodes in map(_result_nodes, SEVERITIES) for node in nodes]
    return PackageDescription(
        version=1,
        profile=profile,
        format=_format(header),
        files=[FileOf(path, holds) for path, holds in FILES.items()],
        kinds=_kinds(types),
        root=ROOT_TYPE,
        types=types,
        code_systems=list(_code_systems(types, [header, *derived, *(n for _, n in _fillers())])),
        units=_units(types),
        marks=[MarkOf(mark, "cd" if mark in (Mark.HEADING, Mark.TRANSACTION) else "id") for mark in Mark],
        filled=[_filler(place, node) for place, node in _fillers()],
        derived=Derived([*SEVERITIES], sorted({node.name for each in derived for node in walk(each)})),
        reasons=list(dict.fromkeys(map(str, HANDLINGS))),
        left_out=list(left_out),
        checks=list(CHECKS),
    )


def _format(header: Node) -> Format:
    nodes = {(node.name, node.attributes.get("S", "")): node.text for node in walk(header)}
    return Format(
        standard="KMEHR",
        releases=[*RELEASES],
        namespace=NAMESPACE,
        message=nodes["cd", "CD-MESSAGE"],
        version=nodes["version", ""],
    )


def _kinds(types: Iterable[ElementType]) -> Kinds:
    (link,) = (each for each in types if each.name == "CD:lnkType")
    values = {attribute.name: attribute.values for attribute in link.attributes}
    return Kinds(sorted(KINDS), sorted(ITEM_KINDS), values["TYPE"], values["MEDIATYPE"])


def _code_systems(types: Iterable[ElementType], written: Iterable[Node]) -> Iterator[CodeSystem]:
    """Yield each code system (attribute S), the types that allow it, and the codes that Reprise writes in it."""
    places: dict[str, list[ElementType]] = {}
    for each in types:
        for system in next((a.values for a in each.attributes if a.name == "S"), ()):
            places.setdefault(system, []).append(each)
    own = _written(written)
    for system, found in sorted(places.items()):
        closed = system == "CD-ITEM" or all(each.values for each in found)
        yield CodeSystem(system, [each.name for each in found], closed, own.get(system, []))


def _written(nodes: Iterable[Node]) -> dict[str, list[Written]]:
    codes: dict[tuple[str, str], set[str]] = {}
    for node in (inner for each in nodes for inner in walk(each) if inner.name in _CODED):
        version = node.attributes.get("SV")
        if version is None or isinstance(version, OfRun):
            continue  # a place, or a mark
        varies = node.name == "id" or node.attributes["S"] == "LOCAL"
        codes.setdefault((node.attributes["S"], version), set()).update([] if varies else [node.text])
    found: dict[str, list[Written]] = {}
    for (system, version), values in sorted(codes.items()):
        found.setdefault(system, []).append(Written(version, sorted(values)))
    return found


def _units(types: Iterable[ElementType]) -> Units:
    """Returns the units that Reprise knows and the code systems allowed in the element `unit`."""
    by_name = {each.name: each for each in types}
    places = {child.type for each in types for child in each.children if child.element == "unit"}
    codes = {child.type for place in places for child in by_name[place].children}
    stated = (a.values for code in codes for a in by_name[code].attributes if a.name == "S")
    return Units(sorted(UNITS), sorted({system for values in stated for system in values}))


def _result_nodes(format_name: str) -> Iterator[Node]:
    """Yield the nodes that Reprise writes for every kind of result of one format."""
    plain = Result(1, code="c", label="l", value="1", range="1-2", notes=("n",), unit_code="u")
    yield from result_nodes(format_name, plain._replace(value="v", range="r"))
    yield from result_nodes(format_name, plain._replace(state="pending"))
    yield from result_nodes(format_name, plain._replace(state="cancelled"))
    for flag in SEVERITIES[format_name]:
        yield from result_nodes(format_name, plain._replace(flag=flag))
    for unit in UNITS:
        yield from result_nodes(format_name, plain._replace(unit=unit))


def _fillers() -> Iterator[tuple[Place, Node]]:
    """Yield the elements that Reprise fills in: in an empty patient, transaction or heading, and in a summary that it adds."""
    fill: dict[Place, Callable[[list[Node]], Any]] = {
        "patient": fill_patient,
        "transaction": partial(fill_transaction, author=[program()], empty_body=True),
        "clinicalsummary": partial(fill_summary, author=[program()]),
        "heading": _fill_heading,
    }
    for place, function in fill.items():
        children: list[Node] = []
        function(children)
        (mark,) = [child for child in children if child.attributes.get("SL") == Mark.FILLED]
        made = {child.name: child for child in children if child is not mark}
        for name in mark.text.split():
            yield place, made.get(name, Node(name))


def _fill_heading(children: list[Node]) -> None:
    children += fill_heading([], empty_body=True)


def _filler(place: Place, node: Node) -> Filler:
    value = None if node.name in _VARYING else "".join(each.text for each in walk(node))
    return Filler(place, node.name, value)


def page(
    description: PackageDescription, language: str, counts: Mapping[str, int] | None = None
) -> Iterator[bytes]:
    """`describe.html`. `counts`: those of the manifest of one package."""
    return render(
        "describe.html",
        language,
        description=description,
        shown=[each for each in description.types if each.children or each.anything],
        coded={each.name: each for each in description.types},
        open_systems=_open_systems(description),
        counts={name: counts[name] for name in ("charts", *Disposition) if counts and name in counts},
        words=section(language, "prose"),
        kinds=section(language, "report.kind"),
        ends={**section(language, "report.disposition"), **section(language, "count.patients")},
        often=_often,
        names_of=_attributes_in_words,
        content_of=partial(_content_in_words, language),
        instead={reason: handling.instead for reason, handling in HANDLINGS.items()},
    )


def _open_systems(description: PackageDescription) -> dict[str, list[str]]:
    """Returns, for each type, the open code systems whose codes come only from the source."""
    found: dict[str, list[str]] = {}
    for each in description.code_systems:
        for name in () if each.closed or each.written else each.types:
            found.setdefault(name, []).append(each.system)
    return found


def _often(child: Child) -> str:
    if child.most is None:
        return f"{child.least}–∞"
    return str(child.least) if child.least == child.most else f"{child.least}–{child.most}"


def _attributes_in_words(each: ElementType) -> str:
    return ", ".join(f"{a.name}{'*' if a.required else ''}{_listed(a.values)}" for a in each.attributes)


def _listed(values: list[str]) -> str:
    return f" ({_begun(values)})" if values else ""


def _begun(values: list[str]) -> str:
    return ", ".join(values) if len(values) <= _SHOWN else f"{', '.join(values[:_SHOWN])}, … ({len(values)})"


def _content_in_words(language: str, leaf: ElementType) -> str:
    form = (leaf.text or "").removeprefix("xsd:")
    said = (
        _begun(leaf.values) or (text(language, "describe.text", form=form) if form else ""),
        text(language, "describe.attributes", names=_attributes_in_words(leaf)) if leaf.attributes else "",
    )
    return "; ".join(part for part in said if part)
