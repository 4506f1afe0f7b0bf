"""One row of a table as the small tree of docs/formats/delimited.md: the patient, and transactions with items and texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.sources.delimited._values import Moment, Value, value_of
from connectors.sources.kmehr.tree import Element, branch, leaf
from schemas.disposition import Reason
from schemas.mapping import (
    ITEM_NAMES,
    SYSTEMS,
    TRANSACTION_ORDER,
    TRANSACTIONS,
    CodeRule,
    Column,
    Fixed,
    Mapping,
    NumberRule,
    TableRule,
    is_transaction_date,
)

_TELECOMS = ("phone", "mobile", "email")
_LETTERS = {"contact.text", "letter.text"}


@dataclass(repr=False)
class Record:
    """What a row states of one record (or of the patient): values by field, with the column that states each."""

    kind: str
    values: dict[str, list[tuple[Value, Column]]] = field(default_factory=dict)
    fixed: dict[str, Fixed] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The first text of a field; what the mapping states for every row if no cell does; else empty."""
        stated = next((str(value) for value, _ in self.values.get(name, ())), "")
        return stated or (self.fixed[name].value if name in self.fixed else "")

    def texts(self, name: str) -> list[str]:
        """All texts of a field."""
        return [str(value) for value, _ in self.values.get(name, ())]

    def moment(self, name: str) -> Moment | None:
        """The moment of a field."""
        return next((value for value, _ in self.values.get(name, ()) if isinstance(value, Moment)), None)

    def codes(self) -> list[tuple[str, str]]:
        """System and code of each code."""
        return [
            (column.rule.system, str(value))
            for value, column in self.values.get("code", ())
            if isinstance(column.rule, CodeRule)
        ]


@dataclass(repr=False)
class Placed:
    """The cells of a row in their places."""

    patient: Record
    records: list[Record]
    carried: list[str]  # lines `COLUMN: CELL` of cells that have no other place
    lines: dict[str, list[str]]  # by kind of transaction: lines of its text
    dates: dict[str, Moment]  # by kind of transaction


def place(mapping: Mapping, cells: list[str]) -> Placed | Reason:
    """Put every cell in its place, or say why the row is set aside: the first column whose cell is not admitted decides."""
    if len(cells) != len(mapping.columns):
        return Reason.ROW_RAGGED
    found: dict[tuple[str, str], Record] = {}
    placed = Placed(Record("patient"), [], [], {}, {})
    for column, cell in zip(mapping.columns, cells, strict=True):
        if column.target == "left_out":
            continue
        if not cell:
            if column.missing == "set_aside":
                return Reason.VALUE_MISSING
            continue
        value = None if column.target == "text" else value_of(cell, column.rule)
        if value is None and column.target != "text" and column.invalid == "set_aside":
            return Reason.VALUE_INVALID
        if value is None and column.field in ("value", "unit"):
            value = (
                cell  # a result that is no number, or a unit without a code, stays beside the other as it is
            )
        if value is None:
            placed.carried.append(f"{column.column}: {cell}")
        else:
            _put(placed, found, column, value)
    for fixed in mapping.fixed:
        kind, _, name = fixed.target.partition(".")
        if (kind, fixed.item) in found:
            found[kind, fixed.item].fixed[name] = fixed
    placed.records = list(found.values())
    return placed


def _put(placed: Placed, found: dict[tuple[str, str], Record], column: Column, value: Value) -> None:
    if column.target in _LETTERS:
        placed.lines.setdefault(TRANSACTIONS[column.kind], []).append(str(value))
    elif is_transaction_date(column) and isinstance(value, Moment):
        placed.dates[TRANSACTIONS[column.kind]] = value
    elif column.kind == "patient":
        placed.patient.values.setdefault(column.field, []).append((value, column))
    else:
        record = found.setdefault((column.kind, column.item), Record(column.kind))
        record.values.setdefault(column.field, []).append((value, column))


def patient_fields(mapping: Mapping, placed: Placed) -> list[Element]:
    """The fields of the patient, in order."""
    fields = [*_patient(mapping, placed.patient)]
    if placed.carried and not _kinds(placed):
        fields.append(leaf("text", "\n".join(placed.carried), L="und"))
    return _numbered(fields)


def _patient(mapping: Mapping, who: Record) -> Iterator[Element]:
    if who.text("key"):
        yield leaf("id", who.text("key"), S="LOCAL", SV="1.0", SL=mapping.key_scheme)
    if who.text("national_number"):
        yield leaf("id", who.text("national_number"), S="INSS", SV="1.0")
    for name in who.texts("first_name"):
        yield leaf("firstname", name)
    if who.text("family_name"):
        yield leaf("familyname", who.text("family_name"))
    for name, element in (("birth_date", "birthdate"), ("death_date", "deathdate")):
        moment = who.moment(name)
        if moment is not None:
            yield branch(element, *_moment(moment))
    if who.text("sex"):
        yield branch("sex", leaf("cd", who.text("sex"), S="CD-SEX", SV="1.0"))
    town = " ".join(filter(None, (who.text("postcode"), who.text("town"))))
    address = ", ".join(filter(None, (who.text("street"), town)))
    if address:
        home = leaf("cd", "home", S="CD-ADDRESS", SV="1.0")
        yield branch("address", home, leaf("text", address, L="und"))
    for name in _TELECOMS:
        if who.text(name):
            kinds = (
                leaf("cd", "other", S="CD-ADDRESS", SV="1.0"),
                leaf("cd", name, S="CD-TELECOM", SV="1.0"),
            )
            yield branch("telecom", *kinds, leaf("telecomnumber", who.text(name)))
    if who.text("language"):
        yield leaf("usuallanguage", who.text("language"))


def _moment(moment: Moment) -> list[Element]:
    time = [leaf("time", moment.time)] if moment.time else []
    return [leaf(moment.name, moment.day), *time]


def _kinds(placed: Placed) -> list[str]:
    """The kinds of transactions that the row has, in order."""
    stated = (
        {TRANSACTIONS[record.kind] for record in placed.records} | placed.lines.keys() | placed.dates.keys()
    )
    return [kind for kind in TRANSACTION_ORDER if kind in stated]


@dataclass(repr=False)
class Contact:
    """A transaction: its head, and its items and texts in order, numbered behind the head's elements."""

    head: Element
    items: list[Element]
    texts: list[Element]


def contacts(placed: Placed) -> list[Contact]:
    """The transactions of the row. Carried text is in the first item, else in the text of the first transaction."""
    made: list[Contact] = []
    carried = "\n".join(placed.carried)
    kinds = _kinds(placed)
    holder = next((k for k in kinds if any(TRANSACTIONS[r.kind] == k for r in placed.records)), None)
    for kind in kinds:
        fields = [leaf("cd", kind, S="CD-TRANSACTION", SV="1.5")]
        if kind in placed.dates:
            moment = placed.dates[kind]
            fields += [leaf("date", moment.day), *([leaf("time", moment.time)] if moment.time else [])]
        items: list[Element] = []
        for record in placed.records:
            if TRANSACTIONS[record.kind] == kind:
                items.append(_item(record, carried if kind == holder and not items else ""))
        lines = list(placed.lines.get(kind, ()))
        if carried and holder is None and kind == kinds[0]:
            lines.append(carried)
        texts = [leaf("text", "\n".join(lines), L="und")] if lines else []
        _numbered([*fields, *items, *texts])
        made.append(Contact(branch("transaction", *fields), items, texts))
    for ordinal, contact in enumerate(made, 2):
        contact.head.ordinal = ordinal
    return made


def _item(record: Record, carried: str) -> Element:
    children = [leaf("cd", ITEM_NAMES[record.kind], S="CD-ITEM", SV="1.6")]
    if record.kind in ("measurement", "lab_result"):
        children += [*_names(record), *_contents(record)]
    elif record.kind == "medication":
        children += _products(record)
    else:
        children += _said(record.codes(), record.text("label"))
    if carried:
        children.append(leaf("text", carried, L="und"))
    for name, element in (("begin", "beginmoment"), ("date", "beginmoment"), ("end", "endmoment")):
        moment = record.moment(name)
        if moment is not None:
            children.append(branch(element, *_moment(moment)))
    if record.text("status"):
        children.append(branch("lifecycle", leaf("cd", record.text("status"), S="CD-LIFECYCLE", SV="1.3")))
    if record.text("posology"):
        children.append(branch("posology", leaf("text", record.text("posology"), L="und")))
    return branch("item", *children)


def _said(codes: list[tuple[str, str]], label: str) -> Iterator[Element]:
    """The codes in one content, the words in another."""
    if codes:
        yield branch("content", *(_code(system, code, label) for system, code in codes))
    if label:
        yield branch("content", leaf("text", label, L="und"))


def _code(system: str, code: str, label: str) -> Element:
    if system in SYSTEMS:
        scheme, version = SYSTEMS[system]
        return leaf("cd", code, S=scheme, SV=version)
    return leaf("cd", code, S="LOCAL", SV="1.0", SL=system, **({"DN": label} if label else {}))


def _products(record: Record) -> Iterator[Element]:
    """A product by its CNK code and name where both are stated; any other code as of a problem."""
    codes, label = record.codes(), record.text("label")
    product = [code for system, code in codes if system == "CNK"]
    if not product or not label:
        yield from _said(codes, label)
        return
    named = [leaf("intendedcd", code, S="CD-DRUG-CNK", SV="2010-07") for code in product[:1]]
    yield branch("content", branch("medicinalproduct", *named, leaf("intendedname", label)))
    at = codes.index(("CNK", product[0]))
    yield from _said([*codes[:at], *codes[at + 1 :]], "")


def _names(record: Record) -> Iterator[Element]:
    """What was measured: each code under its system with the words; the words alone if there is no code."""
    codes, label = record.codes(), record.text("label")
    for system, code in codes or ([("TABLE", label)] if label else []):
        yield leaf("cd", code, S="LOCAL", SV="1.0", SL=system, DN=label or code)
        if system == "LOINC" and record.kind == "lab_result":
            yield leaf("cd", code, S="CD-LAB", SV="1.0")


def _contents(record: Record) -> Iterator[Element]:
    """The value with its unit: a coded unit beside a number, any other in a text."""
    value, unit = record.text("value"), record.text("unit")
    coded = unit if _is_coded(record) else ""
    if not value:
        if unit:
            yield branch("content", leaf("text", unit, L="und"))
        return
    if not _is_number(record, value):
        yield branch("content", leaf("text", f"{value} {unit}".rstrip(), L="und"))
        return
    unit_element = [branch("unit", leaf("cd", coded, S="CD-UNIT", SV="1.3"))] if coded else []
    yield branch("content", leaf("decimal", value), *unit_element)
    if unit and not coded:
        yield branch("content", leaf("text", f"{value} {unit}", L="und"))


def _is_coded(record: Record) -> bool:
    """Whether the unit is one of CD-UNIT: by the table of its column, or by the mapping."""
    if record.values.get("unit"):
        rule = record.values["unit"][0][1].rule
        return isinstance(rule, TableRule) and record.text("unit") in rule.values.values()
    return "unit" in record.fixed and record.fixed["unit"].system == "CD-UNIT"


def _is_number(record: Record, value: str) -> bool:
    """Whether the value is a number under its rule: other values of such a column are texts."""
    column = record.values["value"][0][1]
    return isinstance(column.rule, NumberRule) and value_of(value, NumberRule("point")) is not None


def _numbered(elements: list[Element]) -> list[Element]:
    for ordinal, element in enumerate(elements, 1):
        element.ordinal = ordinal
    return elements
