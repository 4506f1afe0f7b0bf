"""The persons whom an instruction concerns, by opaque id: all whom it names, and all who signed it or something about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from schemas.errors import RepriseError
from schemas.person_records import STEM_DIGITS, Named
from vault.home_folder import Home
from vault.instruction.document import Instruction, parse
from vault.instruction.signed_page import is_pdf, open_pdf
from vault.pki.cms import stated_number
from vault.records.known_numbers import NAMED, holders_of_numbers
from vault.records.subjects import Subjects


def concerned(home: Home, instruction: Instruction, signers: Iterable[str]) -> tuple[str, ...]:
    """Returns the ids of controllers, doctors listed as responsible, and signers (by national number), sorted.

    A doctor who is named but not enrolled here has an id made of the first eight digits of the INAMI number.
    """
    subjects, holders = Subjects(home), holders_of_numbers(home)
    signed = {subjects.identify("doctor", number) for number in signers}
    named = {holders.get(n) or subjects.identify(NAMED, n) for n in numbers_named(instruction)}
    return tuple(sorted(signed | named))


def introduce(home: Home, instruction: Instruction) -> None:
    """Create a key, and so an erasable record, for every person whom an instruction names and who is not enrolled."""
    subjects = Subjects(home)
    for number in numbers_named(instruction) - set(holders_of_numbers(home)):
        subject_id = subjects.identify(NAMED, number)
        if subjects.read(subject_id) is None:
            subjects.write(subject_id, Named(number=number))


def numbers_named(instruction: Instruction) -> frozenset[str]:
    """Returns the first eight digits of every INAMI number in an instruction."""
    listed = [str(number) for number in instruction.responsible.get("nihii", [])]
    return frozenset(
        number[:STEM_DIGITS] for number in (*(c.nihii for c in instruction.controllers), *listed)
    )


def signers_in(home: Home, files: Mapping[str, bytes]) -> frozenset[str]:
    """Returns the ids of those who signed the kept files, as their certificates state; nothing is checked again."""
    numbers = set[str]()
    for name, data in files.items():
        with suppress(RepriseError):
            if name.endswith(".p7s"):
                numbers.add(stated_number(data))
            elif name == "instruction.pdf" and is_pdf(data):
                numbers |= {stated_number(one.cms) for one in open_pdf(data).signatures}
    subjects = Subjects(home)
    return frozenset(subjects.identify("doctor", number) for number in numbers)


def persons_in(home: Home, files: Mapping[str, bytes]) -> frozenset[str]:
    """Returns whom kept evidence concerns, read from the evidence itself: the first release noted only one person."""
    named = frozenset[str]()
    with suppress(RepriseError):
        named = frozenset(concerned(home, parse(files.get("instruction.json", b"")), ()))
    return named | signers_in(home, files)
