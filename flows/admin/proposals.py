"""What waits for a second person: doctors and mandates that one operator enrolled, pages signed by hand that one recorded."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from flows.session.control import Control
from schemas.errors import RepriseError
from schemas.person_records import AnyPerson, Attestation, Doctor, Enrolled, Mandate, Signer
from vault.authorisation.handwritten import attestations_of
from vault.authorisation.register import InstructionRegister
from vault.records.attestation import digest_of
from vault.records.subjects import Subjects

_DOCTOR, _MANDATE, _PAGE = "doctor", "mandate", "page"


@dataclass(frozen=True)
class Proposal:
    """One act that is half done: opaque ids and codes; `first` is the operator who proposed it."""

    id: str  # of the doctor, the mandate, or the instruction
    kind: str  # doctor, mandate, page
    person: str
    first: str
    at: str
    how: tuple[str, ...]  # what the first person was shown


def facts_of(control: Control, one: Proposal) -> tuple[list[tuple[str, str]], str]:
    """Returns what is to be attested of a person: names of fields with their values, and the digest of it all."""
    person = Subjects(control.home).read(one.person)
    pending = _pending_of(person, one.id)
    if pending is None or not isinstance(person, Signer):
        return [], ""
    numbers = pending.numbers if isinstance(pending, Mandate) else pending.nihii
    found = [("name", pending.name), ("inss", person.inss), ("nihii", ", ".join(numbers))]
    if isinstance(pending, Mandate):
        found += [("role", pending.role.value), ("until", pending.until.isoformat())]
    return found, digest_of(pending)


def proposals(control: Control) -> list[Proposal]:
    """Returns what waits, oldest first."""
    found = [*_people(control), *_pages(control)]
    return sorted(found, key=lambda one: (one.at, one.id))


def _people(control: Control) -> list[Proposal]:
    found, subjects = [], Subjects(control.home)
    for name in subjects.ids():
        person = subjects.read(name)
        if isinstance(person, Doctor) and person.pending:
            found.append(_made(name, _DOCTOR, name, person.pending.attestations))
        for ordinal, mandate in person.mandates.items() if isinstance(person, Signer) else ():
            if not mandate.ended and len(mandate.attestations) == 1:
                found.append(_made(f"{name}.{ordinal}", _MANDATE, name, mandate.attestations))
    return found


def _pages(control: Control) -> list[Proposal]:
    folder, found = control.home.authorisations, []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        register = InstructionRegister(control.home, None, path.name)
        with suppress(RepriseError):  # of an erased person: nobody can attest it any more
            given = attestations_of(register.pending()) if register.state["pending"] else ()
            if given:
                found.append(_made(path.name, _PAGE, register.subject, given))
    return found


def _made(name: str, kind: str, person: str, attestations: tuple[Attestation, ...]) -> Proposal:
    first = attestations[0]
    return Proposal(name, kind, person, first.operator, first.at, first.how)


def _pending_of(person: AnyPerson | None, name: str) -> Enrolled | Mandate | None:
    _, _, ordinal = name.partition(".")
    if ordinal:
        return person.mandates.get(ordinal) if isinstance(person, Signer) else None
    return person.pending if isinstance(person, Doctor) else None
