"""Which source folders certainly belong to one patient, and which may: pure functions, linear in the number of folders.

Certain means: the same valid national number, or the same key in tables of one set, and no contradiction in the whole group. All
other similarities are pairs for the doctor (docs/formats/matching.md).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any, TypeVar

import pyarrow as pa

from schemas.identifiers import clean_inss, inss_birth
from schemas.persons import DATE_PARTS, Person, all_agree, begins, fold_person, fold_words, is_date, merged

SAME_NUMBER = "same_number_other_identity"
SAME_NAME = "same_name_and_birth"
NO_BIRTH = "same_name_birth_incomplete"
NO_FIRST_NAME = "same_birth_first_name_incomplete"
SEVERAL_PEOPLE = "several_people"
SEVERAL_NUMBERS = "several_numbers"
OTHER_BIRTH = "number_of_another_birth"
_EVERY_PAIR = (
    5  # up to this many similar charts, every pair is listed; above it, each chart once with one other
)
_SCHEMES = frozenset({"INSS", "ID-PATIENT"})

Pair = tuple[int, int, str]
Path = tuple[str, ...]
T = TypeVar("T")


@dataclass
class Folder:
    """A source folder (or a message): what its patient elements state about the patient."""

    patient: int
    numbers: tuple[str, ...] = ()  # valid national numbers, sorted
    people: list[Person] = field(default_factory=list)
    words: Path = ()  # words of the first name
    is_message: bool = False
    key: tuple[str, str] | None = None  # of a row of a table: the set of tables, and the patient's key in it

    @property
    def is_several(self) -> bool:
        """Whether the patient elements contradict each other."""
        return len(self.people) > 1 and not all_agree(self.people)

    @cached_property
    def person(self) -> Person:
        """The statements merged into one person; read it only after all rows are read."""
        return merged(self.people)


def read_folders(
    people: pa.Table, messages: frozenset[int] = frozenset(), tables: frozenset[int] = frozenset()
) -> list[Folder]:
    """Return the folders in rows of the table `patient`.

    `messages`: the files whose rows are single messages; `tables`: the files that are tables. A row of a table that states no key
    is like a message.
    """
    folders: dict[int, Folder] = {}
    for row in people.to_pylist():
        folder = folders.setdefault(row["patient"], Folder(row["patient"]))
        first = row["first_names"]
        person = fold_person(row["family_name"], first, row["birth"], row["sex"])
        if person not in folder.people:
            folder.people.append(person)
        folder.words = max(folder.words, fold_words(name or "" for name in first or ()), key=len)
        folder.numbers = tuple(sorted({*folder.numbers, *_numbers(row)}))
        if row.get("file") in tables:
            folder.key = _key(row)
            folder.is_message = folder.key is None
        else:
            folder.is_message = row.get("file") in messages
    return sorted(folders.values(), key=lambda folder: folder.patient)


def _key(row: dict[str, Any]) -> tuple[str, str] | None:
    local = [one for one in row.get("identifiers") or () if one["scheme"] == "LOCAL"]
    return next(((one["local_scheme"] or "", one["value"] or "") for one in local), None)


def _numbers(row: dict[str, Any]) -> set[str]:
    stated = [one["value"] for one in row.get("identifiers") or () if one["scheme"] in _SCHEMES]
    numbers = {clean_inss(value) for value in stated} | {row["inss"]}
    return {number for number in numbers if number}


def find_joins(folders: Iterable[Folder]) -> dict[int, int]:
    """Find folders that certainly repeat an earlier patient: patient to the first patient of the group.

    A group with one number is joined if all its members agree. If one disagrees, the number alone does not identify members with
    few data: then only members with complete and identical statements are joined.
    """
    joins: dict[int, int] = {}
    single = [folder for folder in folders if not folder.is_several]
    for group in _grouped(single, lambda folder: folder.key):
        stated = [folder for folder in group if folder.person != Person()]
        # If several rows with this key describe different people, it identifies none of them.
        _join(
            joins, group if all_agree([f.person for f in stated]) else [f for f in group if f not in stated]
        )
    numbered = _grouped(single, lambda folder: folder.numbers or None)
    for group in numbered:
        if all_agree([folder.person for folder in group]):
            _join(joins, group)
        else:
            for alike in _grouped(group, _complete):
                _join(joins, alike)
    for alike in _grouped(_loose_messages(single), _complete):
        _join(joins, alike)
    return {patient: _root(joins, patient) for patient in joins}


def _complete(folder: Folder) -> Person | None:
    return folder.person if folder.person.is_complete else None


def _loose_messages(folders: list[Folder]) -> list[Folder]:
    """Return messages without a number, except those whose name and birth match people with different numbers."""
    numbers: dict[Hashable, set[Path]] = {}
    for folder in folders:
        if folder.numbers:
            numbers.setdefault(folder.person[:3], set()).add(folder.numbers)
    messages = (folder for folder in folders if folder.is_message and not folder.numbers)
    return [folder for folder in messages if len(numbers.get(folder.person[:3], ())) <= 1]


def _join(joins: dict[int, int], group: list[Folder]) -> None:
    """Join a group, and with it the groups that its members are joined to already."""
    roots = {_root(joins, folder.patient) for folder in group}
    first = min(roots, default=0)
    joins.update((root, first) for root in roots if root != first)


def _root(joins: dict[int, int], patient: int) -> int:
    while patient in joins:
        patient = joins[patient]
    return patient


def find_pairs(folders: Iterable[Folder], joins: dict[int, int]) -> list[Pair]:
    """Find charts that may belong to one patient: (patient, an earlier one, why), each pair once."""
    charts = _charts(folders, joins)
    listed: dict[tuple[int, int], str] = {}
    for why, found in (
        (SAME_NUMBER, _same_number(charts)),
        (SAME_NAME, _same_name(charts)),
        (NO_BIRTH, _birth_incomplete(charts)),
        (NO_FIRST_NAME, _first_name_incomplete(charts)),
    ):
        for pair in sorted(found):
            listed.setdefault(pair, why)
    return [(later, earlier, why) for (later, earlier), why in listed.items()]


@dataclass(frozen=True)
class _Chart:
    """The combined statements of a chart's folders. A chart with several people appears once for each of them."""

    patient: int
    numbers: frozenset[str]
    person: Person
    words: Path


def _charts(folders: Iterable[Folder], joins: dict[int, int]) -> list[_Chart]:
    charts: list[_Chart] = []
    for group in _grouped(folders, lambda folder: joins.get(folder.patient, folder.patient)):
        root = min(folder.patient for folder in group)
        numbers = frozenset(number for folder in group for number in folder.numbers)
        people = [person for folder in group for person in folder.people]
        words = max((folder.words for folder in group), key=len)
        if group[0].is_several:
            charts += [_Chart(root, numbers, person, words) for person in people]
        else:
            charts.append(_Chart(root, numbers, merged(people), words))
    return charts


def _same_number(charts: list[_Chart]) -> Iterator[tuple[int, int]]:
    by_number: dict[str, list[_Chart]] = {}
    for chart in charts:
        for number in chart.numbers:
            by_number.setdefault(number, []).append(chart)
    for group in by_number.values():
        for one, other in _neighbours(group, lambda _: ()):
            yield from _pair(one, other)


def _same_name(charts: list[_Chart]) -> Iterator[tuple[int, int]]:
    def born(chart: _Chart) -> Hashable | None:
        person = chart.person
        return (person[:3]) if person.family and person.first and len(person.birth) == DATE_PARTS else None

    for group in _grouped(charts, born):
        for one, other in _neighbours(group, lambda _: ()):
            if not one.numbers & other.numbers:  # else they are listed under their number
                yield from _pair(one, other)


def _birth_incomplete(charts: list[_Chart]) -> Iterator[tuple[int, int]]:
    def name(chart: _Chart) -> Hashable | None:
        return chart.person[:2] if chart.person.family and chart.person.first else None

    for group in _grouped(charts, name):
        for one, other in _nested(group, lambda chart: chart.person.birth):
            if min(len(one.person.birth), len(other.person.birth)) < DATE_PARTS:
                yield from _pair(one, other)


def _first_name_incomplete(charts: list[_Chart]) -> Iterator[tuple[int, int]]:
    def born(chart: _Chart) -> Hashable | None:
        person = chart.person
        return (person.family, person.birth) if person.family and len(person.birth) == DATE_PARTS else None

    for group in _grouped(charts, born):
        for one, other in _nested(group, lambda chart: chart.words):
            yield from _pair(one, other)


def _nested(group: list[_Chart], path: Callable[[_Chart], Path]) -> Iterator[tuple[_Chart, _Chart]]:
    """Yield neighbours that neither sex nor number distinguishes."""
    stated = {chart.person.sex for chart in group} - {""}
    for sex in stated or {""}:
        of_sex = [chart for chart in group if chart.person.sex in (sex, "")]
        for one, other in _neighbours(of_sex, path):
            if not (one.numbers and other.numbers):
                yield one, other


def _neighbours(group: list[_Chart], path: Callable[[_Chart], Path]) -> Iterator[tuple[_Chart, _Chart]]:
    """Yield charts where one path is a prefix of the other: every pair, or in a large group one pair per chart.

    In sorted order a prefix precedes its extensions: the nearest one is on top of the stack.
    """
    ordered = sorted(group, key=lambda chart: (path(chart), chart.patient))
    if len(ordered) <= _EVERY_PAIR:
        yield from (pair for pair in combinations(ordered, 2) if begins(*map(path, pair)))
        return
    opened: list[_Chart] = []
    for chart in ordered:
        while opened and path(chart)[: len(path(opened[-1]))] != path(opened[-1]):
            opened.pop()
        if opened:
            yield opened[-1], chart
        opened.append(chart)


def _pair(one: _Chart, other: _Chart) -> Iterator[tuple[int, int]]:
    """Yield the pair, later patient first; nothing for two people in one folder."""
    if one.patient != other.patient:
        yield max(one.patient, other.patient), min(one.patient, other.patient)


def find_notices(folders: Iterable[Folder]) -> list[tuple[int, str]]:
    """List folders whose statements about the patient contradict each other: (patient, why)."""
    return [(folder.patient, why) for folder in folders for why in _notices(folder)]


def _notices(folder: Folder) -> Iterator[str]:
    if folder.is_several:
        yield SEVERAL_PEOPLE
        return
    if len(folder.numbers) > 1:
        yield SEVERAL_NUMBERS
    births = [
        tuple(born.isoformat().split("-")) for born in map(inss_birth, folder.numbers) if born is not None
    ]
    stated = folder.person.birth
    if births and is_date(stated) and not any(begins(birth, stated) for birth in births):
        yield OTHER_BIRTH


def _grouped(members: Iterable[T], key: Callable[[T], Hashable | None]) -> list[list[T]]:
    groups: dict[Hashable, list[T]] = {}
    for member in members:
        at = key(member)
        if at is not None:
            groups.setdefault(at, []).append(member)
    return list(groups.values())
