"""The tree of one row for the counter, with the cells that each unit consists of (docs/formats/delimited.md, "The tree")."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.inventory.delimited._cells import Cell
from connectors.inventory.delimited._values import number, stated
from connectors.inventory.facts.tiles import Span
from schemas.disposition import Reason
from schemas.mapping import CodeRule, Column, Mapping, NumberRule, TableRule

_ITEMS = {
    "problem": "healthcareelement", "medication": "medication", "allergy": "allergy", "vaccination": "vaccine",
    "measurement": "parameter", "lab_result": "lab",
}  # fmt: skip
_HELD_IN = {
    "problem": 0, "medication": 0, "allergy": 0, "vaccination": 0, "lab_result": 1, "measurement": 2, "contact": 2, "letter": 3,
}  # fmt: skip
_CONTACTS = ("clinicalsummary", "labresult", "contactreport", "note")
_NAMED = {"ICPC-2": ("ICPC", "2"), "ICD-10": ("ICD", "10"), "CNK": ("CD-DRUG-CNK", "1.0")}
_UND = {"L": "und"}


class Part(NamedTuple):
    """An element: its name, attributes, text, and the elements in it."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    parts: tuple[Part, ...] = ()

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


class Counted(NamedTuple):
    """A unit: its path below the row, its element, and the bytes of the cells that it consists of."""

    path: str
    part: Part
    spans: list[Span]

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


@dataclass(repr=False)
class Contact:
    """A transaction: its head, and the units in it."""

    head: Counted
    inside: list[Counted] = field(default_factory=list)


@dataclass(repr=False)
class Tree:
    """All units of a row; `key`: what rows about the same person have in common, empty if nothing is stated."""

    fields: list[Counted]
    contacts: list[Contact]
    left_out: list[Span]
    key: str = ""

    def units(self) -> Iterator[Counted]:
        """Yield every unit."""
        yield from self.fields
        for contact in self.contacts:
            yield contact.head
            yield from contact.inside


class _Said(NamedTuple):
    """A value that a cell states for a field."""

    column: Column
    value: str
    time: str
    span: Span


class _Sorted:
    """The cells of a row by what they are for."""

    def __init__(self) -> None:
        self.patient: dict[str, list[_Said]] = defaultdict(list)
        self.items: dict[tuple[str, str], dict[str, list[_Said]]] = {}
        self.dates: dict[int, _Said] = {}
        self.lines: dict[int, list[_Said]] = defaultdict(list)
        self.carried: list[_Said] = []
        self.left_out: list[Span] = []

    def add(self, column: Column, cell: Cell) -> Reason | None:
        """Sort a cell; returns the reason why its row is set aside, if it is."""
        if not cell.text:
            required = column.missing == "set_aside" and column.target != "left_out"
            return Reason.VALUE_MISSING if required else None
        if column.target == "left_out":
            self.left_out.append(cell.span)
            return None
        found = ("", "") if column.target == "text" else stated(cell.text, column.rule)
        if found is None and column.invalid == "set_aside":
            return Reason.VALUE_INVALID
        if found is None and column.target.endswith((".value", ".unit")):
            found = (cell.text, "")
        if found is None or column.target == "text":
            self.carried.append(_Said(column, f"{column.column}: {cell.text}", "", cell.span))
        else:
            self._place(column, _Said(column, *found, cell.span))
        return None

    def _place(self, column: Column, said: _Said) -> None:
        kind, _, name = column.target.partition(".")
        if kind == "patient":
            self.patient[name].append(said)
        elif name == "date" and kind != "vaccination":
            self.dates[_HELD_IN[kind]] = said
        elif kind in ("contact", "letter"):
            self.lines[_HELD_IN[kind]].append(said)
        else:
            self.items.setdefault((kind, column.item), defaultdict(list))[name].append(said)


def read_row(mapping: Mapping, cells: list[Cell] | None) -> Tree | Reason:
    """The units of a row, or why it is set aside."""
    if cells is None or len(cells) != len(mapping.columns):
        return Reason.ROW_RAGGED
    sort = _Sorted()
    for column, cell in zip(mapping.columns, cells, strict=True):
        refused = sort.add(column, cell)
        if refused is not None:
            return refused
    contacts = _contacts(mapping, sort)
    fields = list(_patient(mapping, sort.patient))
    if sort.carried and not contacts:
        fields.append((Part("text", _UND, _joined(sort.carried)), sort.carried))
    counted = [Counted(f".1.{n}", part, _spans(said)) for n, (part, said) in enumerate(fields, 1)]
    return Tree(counted, contacts, sort.left_out, _key(mapping, sort.patient))


def _key(mapping: Mapping, who: dict[str, list[_Said]]) -> str:
    """What rows about the same person have in common; empty if the row states nothing of the kind."""
    if who["key"]:
        return f"{mapping.set}\x1f{who['key'][0].value}"
    return who["national_number"][0].value if who["national_number"] else ""


def _spans(said: Iterable[_Said]) -> list[Span]:
    return [each.span for each in said]


def _joined(said: Iterable[_Said]) -> str:
    return "\n".join(each.value for each in said)


def _branch(name: str, *parts: Part) -> Part:
    return Part(name, {}, "", parts)


def _coded(code: str, scheme: str, version: str = "1.0") -> Part:
    return Part("cd", {"S": scheme, "SV": version}, code)


def _moment(said: _Said) -> tuple[Part, ...]:
    name = "date" if len(said.value) == 10 else "yearmonth" if len(said.value) == 7 else "year"
    return (Part(name, {}, said.value), *([Part("time", {}, said.time)] if said.time else []))


def _patient(mapping: Mapping, who: dict[str, list[_Said]]) -> Iterator[tuple[Part, list[_Said]]]:
    scheme = mapping.set.upper() + "-PATIENT"
    for said in who["key"]:
        yield Part("id", {"S": "LOCAL", "SV": "1.0", "SL": scheme}, said.value), [said]
    for said in who["national_number"]:
        yield Part("id", {"S": "INSS", "SV": "1.0"}, said.value), [said]
    for name, element in (("first_name", "firstname"), ("family_name", "familyname")):
        for said in who[name]:
            yield Part(element, {}, said.value), [said]
    for name, element in (("birth_date", "birthdate"), ("death_date", "deathdate")):
        for said in who[name]:
            yield _branch(element, *_moment(said)), [said]
    for said in who["sex"]:
        yield _branch("sex", _coded(said.value, "CD-SEX")), [said]
    home = [*who["street"], *who["postcode"], *who["town"]]
    if home:
        town = " ".join(each.value for each in [*who["postcode"], *who["town"]])
        text = ", ".join(part for part in (_joined(who["street"]), town) if part)
        yield _branch("address", _coded("home", "CD-ADDRESS"), Part("text", _UND, text)), home
    for name in ("phone", "mobile", "email"):
        for said in who[name]:
            kinds = (_coded("other", "CD-ADDRESS"), _coded(name, "CD-TELECOM"))
            yield _branch("telecom", *kinds, Part("telecomnumber", {}, said.value)), [said]
    for said in who["language"]:
        yield Part("usuallanguage", {}, said.value), [said]


def _contacts(mapping: Mapping, sort: _Sorted) -> list[Contact]:
    held: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for kind, item in sort.items:
        held[_HELD_IN[kind]].append((kind, item))
    stands = sorted({*held, *sort.dates, *sort.lines})
    with_items = next(iter(sorted(held)), None)
    made: list[Contact] = []
    for ordinal, place in enumerate(stands, 2):
        head = [_coded(_CONTACTS[place], "CD-TRANSACTION", "1.5")]
        dated = [sort.dates[place]] if place in sort.dates else []
        head += [part for said in dated for part in _moment(said)]
        contact = Contact(Counted(f".{ordinal}", _branch("transaction", *head), _spans(dated)))
        for kind, item in held[place]:
            carried = sort.carried if place == with_items and not contact.inside else []
            part = _item(mapping, kind, item, sort.items[kind, item], carried)
            said = [each for found in sort.items[kind, item].values() for each in found]
            _put(contact, len(head), part, [*said, *carried])
        lines = list(sort.lines.get(place, ()))
        if with_items is None and place == stands[0]:
            lines += sort.carried
        if lines:
            _put(contact, len(head), Part("text", _UND, _joined(lines)), lines)
        made.append(contact)
    return made


def _put(contact: Contact, before: int, part: Part, said: list[_Said]) -> None:
    path = f"{contact.head.path}.{before + len(contact.inside) + 1}"
    contact.inside.append(Counted(path, part, _spans(said)))


def _item(mapping: Mapping, kind: str, item: str, said: dict[str, list[_Said]], carried: list[_Said]) -> Part:
    given = {name: found[0].value for name, found in said.items() if found}
    table = said["unit"][0].column.rule if said["unit"] else None
    is_coded = isinstance(table, TableRule) and given["unit"] in table.values.values()
    for fixed in mapping.fixed:
        target, _, name = fixed.target.partition(".")
        if (target, fixed.item) == (kind, item) and name not in given:
            given[name] = fixed.value
            is_coded = is_coded or fixed.system == "CD-UNIT"
    codes = [(c.column.rule.system, c.value) for c in said["code"] if isinstance(c.column.rule, CodeRule)]
    label = given.get("label", "")
    parts = [_coded(_ITEMS[kind], "CD-ITEM", "1.6")]
    if kind in ("measurement", "lab_result"):
        parts += [
            *_measured(codes, label, is_lab=kind == "lab_result"),
            *_amount(said, given, is_coded=is_coded),
        ]
    elif kind == "medication":
        parts += _product(codes, label)
    else:
        parts += _told(codes, label)
    if carried:
        parts.append(Part("text", _UND, _joined(carried)))
    parts += [_branch("beginmoment", *_moment(each)) for name in ("begin", "date") for each in said[name]]
    parts += [_branch("endmoment", *_moment(each)) for each in said["end"]]
    parts += [_branch("lifecycle", _coded(each.value, "CD-LIFECYCLE", "1.3")) for each in said["status"]]
    parts += [_branch("posology", Part("text", _UND, each.value)) for each in said["posology"]]
    return _branch("item", *parts)


def _local(system: str, code: str, label: str) -> Part:
    attributes = {"S": "LOCAL", "SV": "1.0", "SL": system}
    return Part("cd", {**attributes, "DN": label} if label else attributes, code)


def _told(codes: list[tuple[str, str]], label: str) -> list[Part]:
    cds = [_coded(c, *_NAMED[s]) if s in _NAMED else _local(s, c, label) for s, c in codes]
    told = [_branch("content", *cds)] if cds else []
    return told + ([_branch("content", Part("text", _UND, label))] if label else [])


def _product(codes: list[tuple[str, str]], label: str) -> list[Part]:
    first = next((at for at, (system, _) in enumerate(codes) if system == "CNK"), None)
    if first is None or not label:
        return _told(codes, label)
    product = (
        _coded(codes[first][1], "CD-DRUG-CNK", "2010-07")._replace(name="intendedcd"),
        Part("intendedname", {}, label),
    )
    rest = [code for at, code in enumerate(codes) if at != first]
    return [_branch("content", _branch("medicinalproduct", *product)), *_told(rest, "")]


def _measured(codes: list[tuple[str, str]], label: str, *, is_lab: bool) -> Iterator[Part]:
    if not codes and label:
        codes = [("TABLE", label)]
    for system, code in codes:
        yield _local(system, code, label or code)
        if is_lab and system == "LOINC":
            yield _coded(code, "CD-LAB")


def _amount(said: dict[str, list[_Said]], given: dict[str, str], *, is_coded: bool) -> list[Part]:
    value, unit = given.get("value", ""), given.get("unit", "")
    if not value:
        return [_branch("content", Part("text", _UND, unit))] if unit else []
    rule = said["value"][0].column.rule
    both = Part("text", _UND, f"{value} {unit}".rstrip())
    if not isinstance(rule, NumberRule) or number(value, ".") is None:
        return [_branch("content", both)]
    coded = [_branch("unit", _coded(unit, "CD-UNIT", "1.3"))] if unit and is_coded else []
    content = _branch("content", Part("decimal", {}, value), *coded)
    return [content, _branch("content", both)] if unit and not is_coded else [content]
