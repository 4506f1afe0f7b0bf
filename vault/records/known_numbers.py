"""Finds the person of an INAMI number, and the ids under which instructions named a person before enrolment."""

from __future__ import annotations

from schemas.person_records import AnyPerson, Doctor, Named, numbers_in_force
from vault.home_folder import Home
from vault.records.subjects import Subjects

NAMED = "named"
"""The kind from which the id is derived of a person who is named by an INAMI number and not enrolled (`Subjects.identify`)."""


def also_known_as(home: Home, subject_id: str) -> frozenset[str]:
    """Return a person's id, and the ids under which instructions named the person before enrolment."""
    subjects = Subjects(home)
    numbers = _all_numbers(subjects.read(subject_id))
    return frozenset({subject_id, *(subjects.identify(NAMED, number) for number in numbers)})


def own_numbers(home: Home, persons: frozenset[str]) -> frozenset[str]:
    """Return the first eight digits of the INAMI numbers of a person with these ids, without those that are now another's."""
    subjects, holders = Subjects(home), holders_of_numbers(home)
    records = [subjects.read(person) for person in persons]
    numbers = frozenset[str]().union(*map(_all_numbers, records))
    numbers |= {record.number for record in records if isinstance(record, Named)}
    return frozenset(number for number in numbers if holders.get(number) in (None, *persons))


def holders_of_numbers(home: Home) -> dict[str, str]:
    """Return a map from INAMI number to the id of its person, with the numbers from before a rectification."""
    subjects = Subjects(home)
    holders = dict[str, str]()
    for subject_id in subjects.ids():
        person = subjects.read(subject_id)
        holders |= {number: subject_id for number in _all_numbers(person) if number not in holders}
        holders |= dict.fromkeys(numbers_in_force(person), subject_id)
    return holders


def _all_numbers(person: AnyPerson | None) -> frozenset[str]:
    """Return the numbers in force, pending and superseded."""
    if not isinstance(person, Doctor):
        return frozenset()
    versions = [person.in_force, person.pending, *person.superseded]
    return frozenset[str]().union(*(version.numbers for version in versions if version))
