"""Enrols signers (doctors, and holders of mandates): one operator enrols them, a second operator attests that."""

from __future__ import annotations

import hmac
from hashlib import sha256

from flows.session.acts import act
from flows.session.control import Control
from schemas.person_records import (
    Doctor,
    Enrolled,
    LegalBasis,
    Mandate,
    MandateBasis,
    MandateRole,
    NumberBasis,
    Shown,
    Signer,
)
from vault.ledger.entries import EntryType
from vault.records import enrolment as doctors
from vault.records import mandates
from vault.records.attestation import digest_of
from vault.records.enrolment import Enrolment, Ground, check_inami_numbers, check_national_number
from vault.records.mandates import MandateTerms
from vault.records.subjects import Subjects

__all__ = [
    "Enrolment",
    "Ground",
    "LegalBasis",
    "MandateBasis",
    "MandateRole",
    "MandateTerms",
    "NumberBasis",
    "Shown",
    "attest",
    "attest_seen",
    "begin_doctor",
    "begin_mandate",
    "check_inami_numbers",
    "check_national_number",
    "end_mandate",
    "marks_of",
]


def begin_doctor(
    control: Control, *, inss: str, name: str, nihii: tuple[str, ...], ground: Ground
) -> Enrolment:
    """Link a national number to INAMI numbers, pending a second operator. Raises AuthorisationError."""
    with act(control, EntryType.SUBJECT_ENROLLED) as doing:
        enrolment = doctors.begin_doctor(
            control.home,
            inss=inss,
            nihii=nihii,
            name=name,
            ground=ground,
            operator=control.proven_person,
            moment=control.clock.now(),
        )
        doing.code = enrolment.code
        return enrolment


def begin_mandate(control: Control, *, inss: str, name: str, terms: MandateTerms, ground: Ground) -> str:
    """Record that a person may sign for doctors, pending a second operator; return its id. Raises AuthorisationError."""
    with act(control, EntryType.SUBJECT_ENROLLED, "mandate"):
        return mandates.begin_mandate(
            control.home,
            inss=inss,
            name=name,
            terms=terms,
            ground=ground,
            operator=control.proven_person,
            moment=control.clock.now(),
        )


def attest(control: Control, subject: str, shown: tuple[Shown, ...], of: str | None = None) -> str:
    """Attest a pending doctor or mandate. Return the code of the ledger entry.

    `of` is the digest of the record that the operator was shown. Raises AuthorisationError (attestation_altered if the record is
    another), OperatorError.
    """
    with act(control, EntryType.SUBJECT_ATTESTED, "mandate") as doing:
        home, person, now = control.home, control.proven_person, control.clock.now()
        if "." in subject:
            mandates.attest_mandate(home, subject, person, shown, now, of)
        else:
            doing.code = doctors.attest_doctor(home, subject, person, shown, now, of).code
    return doing.code


def marks_of(control: Control, subject: str) -> dict[str, str]:
    """Returns what an operator who looked at a person names when they attest it (`--of`), by the id of each doctor and mandate.

    A mark is keyed by the person's salt: others read command lines, and a plain digest of names and numbers can be guessed.
    """
    person = Subjects(control.home).read(subject)
    found: dict[str, Enrolled | Mandate] = {}
    if isinstance(person, Doctor) and (version := person.pending or person.in_force):
        found[subject] = version
    if isinstance(person, Signer):
        found |= {f"{subject}.{ordinal}": one for ordinal, one in person.mandates.items() if not one.ended}
    salt = b"" if person is None else person.salt.encode()
    return {name: _mark(salt, digest_of(version)) for name, version in found.items()}


def _mark(salt: bytes, digest: str) -> str:
    return hmac.new(salt, digest.encode(), sha256).hexdigest()[:32]


def attest_seen(control: Control, subject: str, shown: tuple[Shown, ...], mark: str) -> str:
    """Like `attest`, for the mark that `subject show` printed."""
    name, _, ordinal = subject.partition(".")
    person = Subjects(control.home).read(name) if name.isalnum() else None
    version: Enrolled | Mandate | None = None
    if ordinal:
        version = person.mandates.get(ordinal) if isinstance(person, Signer) else None
    elif isinstance(person, Doctor):
        version = person.pending or person.in_force
    seen = ""
    if person is not None and version is not None:
        digest = digest_of(version)
        seen = (
            digest if hmac.compare_digest(_mark(person.salt.encode(), digest).encode(), mark.encode()) else ""
        )
    return attest(control, subject, shown, seen)


def end_mandate(control: Control, mandate: str) -> None:
    """End a mandate before its last day. Raises AuthorisationError (nothing_to_attest)."""
    with act(control, EntryType.SUBJECT_ENROLLED, "mandate_ended"):
        mandates.end_mandate(control.home, mandate, control.person, control.clock.now())
