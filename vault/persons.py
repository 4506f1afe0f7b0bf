"""Whom an instruction concerns, by opaque id: everybody it names, and everybody who signed it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vault.enrolment import doctors, inami_numbers
from vault.instruction import Instruction
from vault.subjects import Subjects


def concerned(home: Path, instruction: Instruction, signers: Iterable[str]) -> tuple[str, ...]:
    """Ids of the controllers, of the doctors listed as responsible, and of the signers (by national number), sorted.

    A doctor who is named and not enrolled here has an id made of the first eight digits of the INAMI number.
    """
    subjects, holders = Subjects(home), holders_of_numbers(home)
    signed = {subjects.identify("doctor", number) for number in signers}
    named = {holders.get(n) or subjects.identify("named", n) for n in numbers_named(instruction)}
    return tuple(sorted(signed | named))


def numbers_named(instruction: Instruction) -> frozenset[str]:
    """The first eight digits of every INAMI number in an instruction."""
    listed = [str(number) for number in instruction.responsible.get("nihii", [])]
    return frozenset(number[:8] for number in (*(c.nihii for c in instruction.controllers), *listed))


def holders_of_numbers(home: Path) -> dict[str, str]:
    """The enrolled doctor of each INAMI number in force (first eight digits)."""
    return {number: subject_id for subject_id, record in doctors(home) for number in inami_numbers(record)}
