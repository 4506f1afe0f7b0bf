"""Finds the persons whom an instruction concerns, by opaque id: it names them, or they signed it or a later document about it."""

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
    """Return the ids of controllers, doctors listed as responsible, and signers (by national number), sorted.

    A doctor who is named but not enrolled here has an id made of the first eight digits of the INAMI number.
    """
    subjects, holders = Subjects(home), holders_of_numbers(home)
    signed = {subjects.identify("doctor", number) for number in signers}
    named = {holders.get(n) or subjects.identify(NAMED, n) for n in numbers_named(instruction)}
    return tuple(sorted(signed | named))


def introduce(home: Home, instruction: Instruction) -> None:
    """Create a record with a key for every person whom an instruction names and who is not enrolled, so that it can be erased."""
    subjects = Subjects(home)
    for number in numbers_named(instruction) - set(holders_of_numbers(home)):
        subject_id = subjects.identify(NAMED, number)
        if subjects.read(subject_id) is None:
            subjects.write(subject_id, Named(number=number))


def numbers_named(instruction: Instruction) -> frozenset[str]:
    """Return the first eight digits of every INAMI number in an instruction."""
    listed = [str(number) for number in instruction.responsible.get("nihii", [])]
    return frozenset(
        number[:STEM_DIGITS] for number in (*(c.nihii for c in instruction.controllers), *listed)
    )


def signers_in(home: Home, files: Mapping[str, bytes]) -> frozenset[str]:
    """Return the ids of the signers of stored files, as their certificates state. The signatures are not checked again."""
    numbers = set[str]()
    for name, data in files.items():
        with suppress(RepriseError):
            if name.endswith(".p7s"):
                numbers.add(stated_number(data))
            elif name == "instruction.pdf" and is_pdf(data):
                numbers |= {stated_number(signature.cms) for signature in open_pdf(data).signatures}
    subjects = Subjects(home)
    return frozenset(subjects.identify("doctor", number) for number in numbers)


def persons_in(home: Home, files: Mapping[str, bytes]) -> frozenset[str]:
    """Return the ids of the persons whom stored evidence names. The first release stored only one id beside the evidence."""
    named = frozenset[str]()
    with suppress(RepriseError):
        named = frozenset(concerned(home, parse(files.get("instruction.json", b"")), ()))
    return named | signers_in(home, files)
