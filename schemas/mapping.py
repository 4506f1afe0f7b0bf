"""A mapping file: what each column of one table means, stated by a person (docs/formats/delimited.md).

A mapping names a table by its header, and gives every column a target, a rule, and what happens to an empty or an invalid
cell. Reader and counter read cells by it, each with its own code. Only a reviewed mapping is used in a run.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Literal

from msgspec import Meta

from schemas.json_types import Day
from schemas.record import Record

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Owner = Annotated[str, Meta(min_length=1, max_length=100)]
Status = Literal["draft", "reviewed"]
PatientTarget = Literal[
    "patient.key", "patient.national_number", "patient.first_name", "patient.family_name", "patient.birth_date",
    "patient.death_date", "patient.sex", "patient.street", "patient.postcode", "patient.town", "patient.phone", "patient.mobile",
    "patient.email", "patient.language",
]  # fmt: skip
RecordTarget = Literal[
    "problem.code", "problem.label", "problem.begin", "problem.end", "problem.status",
    "medication.code", "medication.label", "medication.begin", "medication.end", "medication.posology", "medication.status",
    "allergy.code", "allergy.label", "allergy.begin", "allergy.end", "allergy.status",
    "vaccination.code", "vaccination.label", "vaccination.date",
    "measurement.code", "measurement.label", "measurement.value", "measurement.unit", "measurement.date",
    "lab_result.code", "lab_result.label", "lab_result.value", "lab_result.unit", "lab_result.date",
    "contact.date", "contact.text", "letter.date", "letter.text",
]  # fmt: skip
Target = PatientTarget | RecordTarget | Literal["text", "left_out"]
REPEATED = frozenset({"text", "left_out", "patient.first_name", "contact.text", "letter.text"})
"""Targets that several columns may have; also every code."""
DATES = frozenset({"begin", "end", "date", "birth_date", "death_date"})
ITEM_NAMES = {
    "problem": "healthcareelement", "medication": "medication", "allergy": "allergy", "vaccination": "vaccine",
    "measurement": "parameter", "lab_result": "lab",
}  # fmt: skip
"""The value of CD-ITEM for each kind of record that becomes an item."""
TRANSACTIONS = {
    "problem": "clinicalsummary", "medication": "clinicalsummary", "allergy": "clinicalsummary",
    "vaccination": "clinicalsummary", "measurement": "contactreport", "contact": "contactreport", "lab_result": "labresult",
    "letter": "note",
}  # fmt: skip
"""The value of CD-TRANSACTION for each kind of record."""
TRANSACTION_ORDER = ("clinicalsummary", "labresult", "contactreport", "note")
"""The order of the transactions that one row may have."""
SYSTEMS = {"ICPC-2": ("ICPC", "2"), "ICD-10": ("ICD", "10"), "CNK": ("CD-DRUG-CNK", "1.0")}
"""Code systems that KMEHR names itself: scheme and version. Any other stays a local code with its name."""


class AsIs(Record, frozen=True, tag_field="kind", tag="as_is"):
    """The text of the cell, without white space at its ends."""


class DateRule(Record, frozen=True, tag_field="kind", tag="date"):
    """A date by a pattern of `yyyy`, `mm`, `dd`, `m`, `d`, `hh`, `mi`, `ss`; every other sign stands for itself."""

    pattern: Annotated[str, Meta(min_length=4, max_length=40)]


class NumberRule(Record, frozen=True, tag_field="kind", tag="number"):
    """A number with this decimal sign, and nothing else."""

    decimal: Literal["point", "comma"]


class CodeRule(Record, frozen=True, tag_field="kind", tag="code"):
    """A code of a stated system; with a table, what stands in the cell becomes what the table says, and nothing else is valid."""

    system: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9 .\-]{0,40}$")]
    table: dict[str, str] | None = None


class TableRule(Record, frozen=True, tag_field="kind", tag="table"):
    """What the table says for the cell; nothing else is valid."""

    values: dict[str, str]


class NationalNumberRule(Record, frozen=True, tag_field="kind", tag="national_number"):
    """A Belgian national number whose check digits are right."""


Rule = AsIs | DateRule | NumberRule | CodeRule | TableRule | NationalNumberRule


class Dialect(Record, frozen=True):
    """How the file is written. `encoding` `detect`: UTF-16, else UTF-8 if it is valid, else the 8-bit page by its letters."""

    delimiter: Literal["comma", "semicolon", "tab", "bar"]
    quote: Literal["double", "single", "none"] = "double"
    encoding: Literal["detect", "utf-8", "windows-1252", "iso-8859-15", "cp850", "cp437"] = "detect"

    @property
    def separator(self) -> str:
        """Returns the sign between two cells."""
        return {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}[self.delimiter]

    @property
    def mark(self) -> str:
        """Returns the sign around a quoted cell; empty if cells are never quoted."""
        return {"double": '"', "single": "'", "none": ""}[self.quote]


class Fixed(Record, frozen=True):
    """A value that the mapping states for every row: a label or a unit that no column holds.

    `system`: whether a unit is one of CD-UNIT; any other stays a text.
    """

    target: Literal["measurement.label", "measurement.unit", "lab_result.label", "lab_result.unit"]
    value: Annotated[str, Meta(min_length=1, max_length=200)]
    item: str = ""
    system: Literal["", "CD-UNIT"] = ""


class Column(Record, frozen=True):
    """One column: the source field, its target and rule, and what happens to a cell that is empty or does not fit the rule.

    `item` tells apart several records of one kind in a row. `reason` says why a column is left out.
    """

    column: str
    target: Target
    rule: Rule
    missing: Literal["leave_empty", "set_aside"]
    invalid: Literal["as_text", "set_aside"]
    owner: Owner
    status: Status
    item: str = ""
    reason: str = ""

    @property
    def kind(self) -> str:
        """Returns the kind of record, or `patient`, `text`, `left_out`."""
        return self.target.partition(".")[0]

    @property
    def field(self) -> str:
        """Returns the field of the record; empty for `text` and `left_out`."""
        return self.target.partition(".")[2]


class Mapping(Record, frozen=True):
    """A mapping file. The columns, in order, are the header by which the table is recognised.

    Tables of one `set` share the keys of their patients: rows with the same `patient.key` are about one person.
    """

    version: Literal[1]
    set: Name
    table: Name
    owner: Owner
    status: Status
    file: Dialect
    columns: Annotated[list[Column], Meta(min_length=2, max_length=1000)]
    reviewed: Day | None = None
    fixed: tuple[Fixed, ...] = ()

    @property
    def header(self) -> tuple[str, ...]:
        """Returns the names of the columns as the first line of the table states them."""
        return tuple(column.column for column in self.columns)

    @property
    def key_scheme(self) -> str:
        """Returns the name under which a patient's key of this set is kept as a local identifier."""
        return f"{self.set.upper()}-PATIENT"

    @property
    def is_reviewed(self) -> bool:
        """Returns whether the file and every column of it are reviewed."""
        return self.status == "reviewed" and all(column.status == "reviewed" for column in self.columns)


def faults(mapping: Mapping) -> list[tuple[str, int]]:
    """Returns what contradicts itself: the field, and the ordinal of the column from 1 (0: of the whole file)."""
    found = [("reviewed", 0)] if mapping.status == "reviewed" and mapping.reviewed is None else []
    seen: Counter[tuple[str, str]] = Counter((fixed.target, fixed.item) for fixed in mapping.fixed)
    for ordinal, column in enumerate(mapping.columns, 1):
        seen[column.target, column.item] += 1
        again = column.target not in REPEATED and column.field != "code"
        if again and seen[column.target, column.item] > 1:
            found.append(("columns.target", ordinal))
        if not _fits(column):
            found.append(("columns.rule", ordinal))
        if (column.target == "left_out") != bool(column.reason):
            found.append(("columns.reason", ordinal))
        if column.column != column.column.strip():
            found.append(("columns.column", ordinal))
    if mapping.status == "reviewed" and not mapping.is_reviewed:
        found.append(("columns.status", 0))
    dated = Counter(TRANSACTIONS[column.kind] for column in mapping.columns if is_transaction_date(column))
    return found + [("columns.target", 0) for count in dated.values() if count > 1]


def is_transaction_date(column: Column) -> bool:
    """Returns whether a column dates the transaction that its record is in, and not the record itself."""
    return column.field == "date" and column.kind != "vaccination"


def _fits(column: Column) -> bool:
    """Whether the rule can give a value that the target takes."""
    rule = column.rule
    if column.field in DATES:
        whole = is_transaction_date(column)
        return isinstance(rule, DateRule) and _is_pattern(rule.pattern, whole_day=whole)
    if column.field in _CODED:
        return isinstance(rule, TableRule) and set(rule.values.values()) <= _CODED[column.field]
    return isinstance(rule, _RULES.get(column.field, AsIs))


_CODED = {"sex": frozenset({"male", "female"}), "status": frozenset({"active", "inactive"})}
_RULES: dict[str, type[Rule] | tuple[type[Rule], ...]] = {
    "national_number": NationalNumberRule,
    "code": CodeRule,
    "unit": (AsIs, TableRule),
    "value": (AsIs, NumberRule),
}


@lru_cache(1 << 10)
def pattern_parts(pattern: str) -> tuple[str, ...]:
    """Returns the parts of a date's pattern in order: the names of numbers, and single signs that stand for themselves."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        name = next((n for n in _NUMBERS if pattern.startswith(n, at)), pattern[at])
        parts.append(name)
        at += len(name)
    return tuple(parts)


_NUMBERS = ("yyyy", "mm", "dd", "hh", "mi", "ss", "m", "d")


def _is_pattern(pattern: str, *, whole_day: bool) -> bool:
    """Whether a pattern states a year; with a day a month too; with a time of hour and minute a day; each once."""
    parts = pattern_parts(pattern)
    if any(part in ("m", "d") and after in _NUMBERS for part, after in pairwise(parts)):
        return False  # where the shorter number ends would be a guess
    named = Counter(part.replace("mm", "m").replace("dd", "d") for part in parts if part in _NUMBERS)
    has = named.keys().__contains__
    complete = has("yyyy") and (has("m") or not has("d")) and (has("d") or not has("hh"))
    once = max(named.values(), default=0) == 1
    return (
        complete
        and once
        and has("hh") == has("mi")
        and (has("hh") or not has("ss"))
        and (has("d") or not whole_day)
    )
