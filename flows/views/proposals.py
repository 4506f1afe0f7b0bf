"""Lists the acts that wait for a second operator, who must attest them: enrolled doctors and mandates, pages signed by hand."""

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
    """An act that one operator has attested and a second operator has not: opaque ids and codes."""

    id: str  # of the doctor, the mandate, or the instruction
    kind: str  # doctor, mandate, page
    person: str  # the doctor, the holder of the mandate, or the first signer
    first: str  # the first operator
    at: str  # when they attested it, RFC 3339 Z
    how: tuple[str, ...]  # the kinds of evidence that they saw


def facts_of(control: Control, proposal: Proposal) -> tuple[list[tuple[str, str]], str]:
    """Return the fields of a pending doctor or mandate with their values, and the digest of the pending record.

    Return ([], "") if nothing of this person is pending.
    """
    person = Subjects(control.home).read(proposal.person)
    pending = _pending_of(person, proposal.id)
    if pending is None or not isinstance(person, Signer):
        return [], ""
    numbers = pending.numbers if isinstance(pending, Mandate) else pending.nihii
    fields = [("name", pending.name), ("inss", person.inss), ("nihii", ", ".join(numbers))]
    if isinstance(pending, Mandate):
        fields += [("role", pending.role.value), ("until", pending.until.isoformat())]
    return fields, digest_of(pending)


def proposals(control: Control) -> list[Proposal]:
    """Return the acts that wait for a second operator, oldest first."""
    waiting = [*_people(control), *_pages(control)]
    return sorted(waiting, key=lambda proposal: (proposal.at, proposal.id))


def _people(control: Control) -> list[Proposal]:
    waiting, subjects = [], Subjects(control.home)
    for subject_id in subjects.ids():
        person = subjects.read(subject_id)
        if isinstance(person, Doctor) and person.pending:
            waiting.append(_proposal(subject_id, _DOCTOR, subject_id, person.pending.attestations))
        for ordinal, mandate in person.mandates.items() if isinstance(person, Signer) else ():
            if not mandate.ended and len(mandate.attestations) == 1:
                mandate_id = f"{subject_id}.{ordinal}"
                waiting.append(_proposal(mandate_id, _MANDATE, subject_id, mandate.attestations))
    return waiting


def _pages(control: Control) -> list[Proposal]:
    folder, waiting = control.home.authorisations, []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        register = InstructionRegister(control.home, None, path.name)
        with suppress(RepriseError):  # of an erased person: nobody can attest it any more
            attestations = attestations_of(register.pending()) if register.state["pending"] else ()
            if attestations:
                waiting.append(_proposal(path.name, _PAGE, register.subject, attestations))
    return waiting


def _proposal(object_id: str, kind: str, person: str, attestations: tuple[Attestation, ...]) -> Proposal:
    first = attestations[0]
    return Proposal(object_id, kind, person, first.operator, first.at, first.how)


def _pending_of(person: AnyPerson | None, object_id: str) -> Enrolled | Mandate | None:
    _, _, ordinal = object_id.partition(".")
    if ordinal:
        return person.mandates.get(ordinal) if isinstance(person, Signer) else None
    return person.pending if isinstance(person, Doctor) else None
