"""Enrols signers (doctors, and holders of mandates): one operator enrols them, a second operator attests that."""

from __future__ import annotations

from flows.session.acts import act
from flows.session.control import Control
from schemas.person_records import LegalBasis, MandateBasis, MandateRole, NumberBasis, Shown
from vault.ledger.entries import EntryType
from vault.records import enrolment as doctors
from vault.records import mandates
from vault.records.enrolment import Enrolment, Ground, check_inami_numbers, check_national_number
from vault.records.mandates import MandateTerms

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
    "begin_doctor",
    "begin_mandate",
    "check_inami_numbers",
    "check_national_number",
    "end_mandate",
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


def end_mandate(control: Control, mandate: str) -> None:
    """End a mandate before its last day. Raises AuthorisationError (nothing_to_attest)."""
    with act(control, EntryType.SUBJECT_ENROLLED, "mandate_ended"):
        mandates.end_mandate(control.home, mandate, control.person, control.clock.now())
