"""Enrols doctors: links a national number to INAMI numbers, on a legal basis, attested by two operators.

A signing certificate contains a national number but no INAMI number; an enrolment links the two. An enrolment or rectification is
pending until a second operator attests it. Until then, the record in force does not change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import asdict

from schemas.errors import AuthorisationError
from schemas.identifiers import NihiiCheck, check_nihii, clean_inss, clean_nihii
from schemas.person_records import (
    AnyPerson,
    Attestation,
    Doctor,
    Enrolled,
    Grounds,
    LegalBasis,
    Mandated,
    NumberBasis,
    Shown,
    Superseded,
    numbers_in_force,
)
from vault.home_folder import Home
from vault.records.attestation import add_attestation, digest_of, read_code, refuse_altered, refuse_unseen
from vault.records.operators import Operator
from vault.records.subjects import Subjects
from vault.system.clock import format_utc
from vault.system.locks import lock_folder


@dataclass(frozen=True)
class Ground:
    """The two bases for keeping a national number (codes), and the evidence that the operator saw (codes)."""

    basis: str
    number_basis: str
    shown: tuple[str, ...]

    def codes(self) -> Grounds:
        """Return the two bases for a record. Raises AuthorisationError: basis_unknown."""
        return Grounds(
            read_code(LegalBasis, self.basis, "basis_unknown"),
            read_code(NumberBasis, self.number_basis, "basis_unknown"),
        )

    @property
    def invented(self) -> bool:
        """Return whether the operator declared that the person is invented. Check digits are then not required."""
        return "trial" in (self.basis, self.number_basis)


def what_was_shown(shown: tuple[str, ...]) -> tuple[Shown, ...]:
    """Parse the kinds of evidence that were seen, at least one. Raises AuthorisationError: evidence_missing, evidence_unknown."""
    if not shown:
        raise AuthorisationError("evidence_missing")
    return tuple(read_code(Shown, kind, "evidence_unknown") for kind in shown)


def check_national_number(home: Home, inss: str, ground: Ground) -> str:
    """Return the digits of a national number. Raises AuthorisationError: national_number_invalid, trial_basis."""
    if ground.invented and not home.site.trial:
        raise AuthorisationError("trial_basis")
    digits = clean_nihii(inss) if ground.invented else clean_inss(inss)
    if not digits or len(digits) != 11:
        raise AuthorisationError("national_number_invalid")
    return digits


def check_inami_numbers(numbers: tuple[str, ...], ground: Ground) -> tuple[str, ...]:
    """Return the digits of INAMI numbers. Raises AuthorisationError (inami_number_invalid), with the count of invalid numbers."""
    cleaned = [clean_nihii(number) for number in numbers]
    invalid = sum(
        len(digits) not in (8, 11) or (check_nihii(digits) is NihiiCheck.INVALID and not ground.invented)
        for digits in cleaned
    )
    if invalid or not cleaned:
        raise AuthorisationError("inami_number_invalid", count=invalid)
    return tuple(cleaned)


@dataclass(frozen=True)
class Enrolment:
    """A doctor's opaque id, and the ledger code of the enrolment."""

    subject_id: str
    code: str  # doctor | doctor_rectified | doctor_again


def begin_doctor(
    home: Home,
    *,
    inss: str,
    nihii: tuple[str, ...],
    name: str,
    ground: Ground,
    operator: Operator,
    moment: datetime,
) -> Enrolment:
    """Write a pending record, as the first operator's act. Numbers in force remain so until a second operator attests.

    Raises AuthorisationError (national_number_invalid, inami_number_invalid, inami_number_of_another, basis_unknown, trial_basis,
    evidence_missing), OperatorError.
    """
    codes = ground.codes()
    number, numbers = check_national_number(home, inss, ground), check_inami_numbers(nihii, ground)
    pending = Enrolled(numbers, name, codes.basis, codes.number_basis, ())
    seen = what_was_shown(ground.shown)
    pending = pending.changed(attestations=add_attestation((), operator, moment, seen, digest_of(pending)))
    subjects = Subjects(home)
    subject_id = subjects.identify("doctor", number)
    with lock_folder(home.subjects):
        _refuse_numbers_of_others(subjects, subject_id, pending)
        doctor = _as_doctor(subjects.read(subject_id), number)
        subjects.write(subject_id, doctor.changed(pending=pending))
    return Enrolment(subject_id, "doctor_rectified" if doctor.in_force else "doctor")


def _as_doctor(known: AnyPerson | None, number: str) -> Doctor:
    """Return the doctor of this national number; mandates to sign for others are kept."""
    if isinstance(known, Doctor):
        return known
    if isinstance(known, Mandated):
        return Doctor(salt=known.salt, inss=number, mandates=known.mandates)
    return Doctor(inss=number)


def attest_doctor(
    home: Home,
    subject_id: str,
    operator: Operator,
    shown: tuple[str, ...],
    moment: datetime,
    of: str | None = None,
) -> Enrolment:
    """Put the pending record into force, as the second operator's act; keep the record that it replaces as superseded.

    If nothing is pending, one more operator attests the record in force, so that another attester may be erased. `of` is the
    digest of what the operator was shown. Raises AuthorisationError (nothing_to_attest, evidence_missing, attestation_altered),
    OperatorError (two_attesters_needed).
    """
    seen = what_was_shown(shown)
    subjects = Subjects(home)
    with lock_folder(home.subjects):
        doctor = subjects.read(subject_id) if subject_id.isalnum() else None
        if not isinstance(doctor, Doctor) or not (doctor.pending or doctor.in_force):
            raise AuthorisationError("nothing_to_attest")
        former, waiting = doctor.in_force, doctor.pending
        _refuse_unseen(waiting or former, of)
        attestations = _attested(home, waiting or former, operator, moment, seen)
        if waiting is None:
            subjects.write(subject_id, doctor.changed(attestations=attestations))
            return Enrolment(subject_id, "doctor_again")
        if former:
            ended = Superseded(**asdict(former), until=format_utc(moment))
            doctor = doctor.changed(superseded=(*doctor.superseded, ended))
        in_force = {**asdict(waiting), "attestations": attestations}
        subjects.write(subject_id, doctor.changed(pending=None, **in_force))
    return Enrolment(subject_id, "doctor_rectified" if former else "doctor")


def _refuse_unseen(version: Enrolled | None, of: str | None) -> None:
    if version is not None:
        refuse_unseen(of, digest_of(version))


def _attested(
    home: Home, version: Enrolled | None, operator: Operator, moment: datetime, seen: tuple[Shown, ...]
) -> tuple[Attestation, ...]:
    """Return the attestations of a version, with a new one by this operator. Raises AuthorisationError (attestation_altered)."""
    if version is None:
        raise AuthorisationError("nothing_to_attest")
    of = digest_of(version)
    refuse_altered(home, version.attestations, of)
    return add_attestation(version.attestations, operator, moment, seen, of)


def doctors(home: Home) -> Iterator[tuple[str, Doctor]]:
    """Yield opaque id and record of every doctor in force."""
    subjects = Subjects(home)
    for subject_id in subjects.ids():
        person = subjects.read(subject_id)
        if isinstance(person, Doctor) and person.in_force:
            yield subject_id, person


def _refuse_numbers_of_others(subjects: Subjects, subject_id: str, wanted: Enrolled) -> None:
    """Refuse a number that is another person's, in force or pending."""
    for other in subjects.ids():
        person = None if other == subject_id else subjects.read(other)
        waiting = person.pending if isinstance(person, Doctor) else None
        if wanted.numbers & (numbers_in_force(person) | (waiting.numbers if waiting else frozenset())):
            raise AuthorisationError("inami_number_of_another")
