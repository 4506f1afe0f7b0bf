"""INAMI numbers by person: whose each number is, and under which ids a person was named before enrolment."""

from __future__ import annotations

from typing import Any

from vault.home_folder import Home
from vault.records.enrolment import inami_numbers
from vault.records.subjects import Subjects

NAMED = "named"
"""Kind of the record of a person who is named by an INAMI number and not enrolled. It can be shown and erased."""


def also_known_as(home: Home, subject_id: str) -> frozenset[str]:
    """Returns a person's id, and the ids under which instructions named the person before enrolment."""
    subjects = Subjects(home)
    numbers = _all_numbers(subjects.read(subject_id) or {})
    return frozenset({subject_id, *(subjects.identify(NAMED, number) for number in numbers)})


def own_numbers(home: Home, persons: frozenset[str]) -> frozenset[str]:
    """Returns the first eight digits of the INAMI numbers of a person with these ids, without those that are now another's."""
    subjects, holders = Subjects(home), holders_of_numbers(home)
    records = [subjects.read(person) or {} for person in persons]
    numbers = set[str]().union(*map(_all_numbers, records))
    numbers |= {str(record["number"]) for record in records if record.get("kind") == NAMED}
    return frozenset(number for number in numbers if holders.get(number) in (None, *persons))


def holders_of_numbers(home: Home) -> dict[str, str]:
    """Returns INAMI number -> person, including numbers from before a rectification."""
    subjects = Subjects(home)
    found = dict[str, str]()
    for subject_id in subjects.ids():
        record = subjects.read(subject_id) or {}
        found |= {number: subject_id for number in _all_numbers(record) if number not in found}
        found |= dict.fromkeys(inami_numbers(record), subject_id)
    return found


def _all_numbers(record: dict[str, Any]) -> set[str]:
    """Returns the numbers in force, pending and superseded."""
    versions = [record, record.get("pending"), *record.get("superseded", [])]
    return set[str]().union(*(inami_numbers(version) for version in versions))
