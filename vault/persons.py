"""Whom an instruction concerns, by opaque id: everybody it names, and everybody who signed it or something about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from schemas.errors import RepriseError
from vault.enrolment import inami_numbers
from vault.instruction import Instruction, parse
from vault.pades import is_pdf, open_pdf
from vault.signature import stated_number
from vault.subjects import Subjects

NAMED = "named"
"""The kind of a record of somebody who is named by an INAMI number and was not enrolled: he can be shown, and erased."""


def concerned(home: Path, instruction: Instruction, signers: Iterable[str]) -> tuple[str, ...]:
    """Ids of the controllers, of the doctors listed as responsible, and of the signers (by national number), sorted.

    A doctor who is named and not enrolled here has an id made of the first eight digits of the INAMI number.
    """
    subjects, holders = Subjects(home), _holders(home)
    signed = {subjects.identify("doctor", number) for number in signers}
    named = {holders.get(n) or subjects.identify(NAMED, n) for n in numbers_named(instruction)}
    return tuple(sorted(signed | named))


def introduce(home: Path, instruction: Instruction) -> None:
    """Give a key, and so a record that can be erased, to everybody whom an instruction names and nobody enrolled."""
    subjects = Subjects(home)
    for number in numbers_named(instruction) - set(_holders(home)):
        subject_id = subjects.identify(NAMED, number)
        if subjects.read(subject_id) is None:
            subjects.write(subject_id, {"kind": NAMED, "number": number})


def numbers_named(instruction: Instruction) -> frozenset[str]:
    """The first eight digits of every INAMI number in an instruction."""
    listed = [str(number) for number in instruction.responsible.get("nihii", [])]
    return frozenset(number[:8] for number in (*(c.nihii for c in instruction.controllers), *listed))


def signers_in(home: Path, files: Mapping[str, bytes]) -> frozenset[str]:
    """Ids of those who signed what is kept, as their certificates state it; nothing is checked again."""
    numbers = set[str]()
    for name, data in files.items():
        with suppress(RepriseError):
            if name.endswith(".p7s"):
                numbers.add(stated_number(data))
            elif name == "instruction.pdf" and is_pdf(data):
                numbers |= {stated_number(one.cms) for one in open_pdf(data).signatures}
    subjects = Subjects(home)
    return frozenset(subjects.identify("doctor", number) for number in numbers)


def persons_in(home: Path, files: Mapping[str, bytes]) -> frozenset[str]:
    """Whom kept evidence concerns, read from the evidence itself: the first release noted one person alone."""
    named = frozenset[str]()
    with suppress(RepriseError):
        named = frozenset(concerned(home, parse(files.get("instruction.json", b"")), ()))
    return named | signers_in(home, files)


def also_known_as(home: Path, subject_id: str) -> frozenset[str]:
    """A person's id, and those by which instructions named him before he was enrolled."""
    subjects = Subjects(home)
    numbers = _all_numbers(subjects.read(subject_id) or {})
    return frozenset({subject_id, *(subjects.identify(NAMED, number) for number in numbers)})


def own_numbers(home: Path, persons: frozenset[str]) -> frozenset[str]:
    """The first eight digits of the INAMI numbers of a person known by these ids, less those that are another's now."""
    subjects, holders = Subjects(home), _holders(home)
    records = [subjects.read(person) or {} for person in persons]
    numbers = set[str]().union(*map(_all_numbers, records))
    numbers |= {str(record["number"]) for record in records if record.get("kind") == NAMED}
    return frozenset(number for number in numbers if holders.get(number) in (None, *persons))


def _holders(home: Path) -> dict[str, str]:
    """Whose each INAMI number is, or was before a rectification."""
    subjects = Subjects(home)
    found = dict[str, str]()
    for subject_id in subjects.ids():
        record = subjects.read(subject_id) or {}
        found |= {number: subject_id for number in _all_numbers(record) if number not in found}
        found |= dict.fromkeys(inami_numbers(record), subject_id)
    return found


def _all_numbers(record: dict[str, Any]) -> set[str]:
    """In force, pending and superseded."""
    versions = [record, record.get("pending"), *record.get("superseded", [])]
    return set[str]().union(*(inami_numbers(version) for version in versions))
