"""Doctors: a national number tied to INAMI numbers, on a legal basis, attested by two operators.

A signing certificate contains a national number but no INAMI number; an enrolment ties the two. An enrolment or rectification is
pending until a second operator attests it. Until then the record in force remains in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from schemas.errors import AuthorisationError
from schemas.identifiers import NihiiCheck, check_nihii, clean_inss, clean_nihii
from vault.home_folder import Home
from vault.records.attestation import add_attestation, read_code
from vault.records.operators import Operator
from vault.records.subjects import Subjects
from vault.system.clock import format_utc
from vault.system.locks import lock_folder

_VERSION = ("nihii", "name", "basis", "number_basis", "attestations")


class LegalBasis(StrEnum):
    """Why data of this person are processed (article 6(1) GDPR); docs/authorisation.md explains each value."""

    CONTRACT = "gdpr_6_1_b"
    LEGAL_OBLIGATION = "gdpr_6_1_c"
    LEGITIMATE_INTEREST = "gdpr_6_1_f"
    TRIAL = "trial"  # an invented person; only trial homes accept it


class NumberBasis(StrEnum):
    """Why the national number may be used (article 87 GDPR leaves this to national law)."""

    NATIONAL_REGISTER = "be_national_register_1983"
    EHEALTH = "be_ehealth_2008"
    TRIAL = "trial"


class Shown(StrEnum):
    """The evidence that an operator saw."""

    EHEALTH_CERTIFICATE = "ehealth_certificate"
    INAMI_REGISTER = "inami_register"
    IDENTITY_CARD = "identity_card"


@dataclass(frozen=True)
class Ground:
    """The bases for keeping a national number, and the evidence that the operator saw."""

    basis: str
    number_basis: str
    shown: tuple[str, ...]

    def codes(self) -> dict[str, str]:
        """Returns the two bases for a record. Raises AuthorisationError: basis_unknown."""
        return {
            "basis": read_code(LegalBasis, self.basis, "basis_unknown").value,
            "number_basis": read_code(NumberBasis, self.number_basis, "basis_unknown").value,
        }

    @property
    def invented(self) -> bool:
        """Whether the person is declared as invented; check digits are then not required."""
        return "trial" in (self.basis, self.number_basis)


def what_was_shown(shown: tuple[str, ...]) -> tuple[Shown, ...]:
    """Parse the evidence that was seen, at least one kind. Raises AuthorisationError: evidence_missing, evidence_unknown."""
    if not shown:
        raise AuthorisationError("evidence_missing")
    return tuple(read_code(Shown, one, "evidence_unknown") for one in shown)


def check_national_number(home: Home, inss: str, ground: Ground) -> str:
    """Returns the digits of a national number. Raises AuthorisationError: national_number_invalid, trial_basis."""
    if ground.invented and not home.site.trial:
        raise AuthorisationError("trial_basis")
    digits = clean_nihii(inss) if ground.invented else clean_inss(inss)
    if not digits or len(digits) != 11:
        raise AuthorisationError("national_number_invalid")
    return digits


def check_inami_numbers(numbers: tuple[str, ...], ground: Ground) -> list[str]:
    """Returns the digits of INAMI numbers. Raises AuthorisationError: inami_number_invalid with the number of bad ones."""
    cleaned = [clean_nihii(number) for number in numbers]
    bad = sum(
        len(digits) not in (8, 11) or (check_nihii(digits) is NihiiCheck.INVALID and not ground.invented)
        for digits in cleaned
    )
    if bad or not cleaned:
        raise AuthorisationError("inami_number_invalid", count=bad)
    return cleaned


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
    """The first operator's act: write a pending record. Numbers in force remain so until a second operator attests.

    Raises AuthorisationError (national_number_invalid, inami_number_invalid, inami_number_of_another, basis_unknown, trial_basis,
    evidence_missing), OperatorError.
    """
    codes = ground.codes()
    number, numbers = check_national_number(home, inss, ground), check_inami_numbers(nihii, ground)
    attestations = add_attestation([], operator, moment, what_was_shown(ground.shown))
    subjects = Subjects(home)
    subject_id = subjects.identify("doctor", number)
    with lock_folder(home.subjects):
        _refuse_numbers_of_others(subjects, subject_id, numbers)
        record = {**(subjects.read(subject_id) or {}), "kind": "doctor", "inss": number}
        record["pending"] = {"nihii": numbers, "name": name, **codes, "attestations": attestations}
        subjects.write(subject_id, record)
    return Enrolment(subject_id, "doctor_rectified" if "nihii" in record else "doctor")


def attest_doctor(
    home: Home, subject_id: str, operator: Operator, shown: tuple[str, ...], moment: datetime
) -> Enrolment:
    """The second operator's act: the pending record comes into force; the record that it replaces is kept as superseded.

    If nothing is pending, one more operator attests the record in force, so that another attester may be erased. Raises
    AuthorisationError (nothing_to_attest, evidence_missing), OperatorError (two_attesters_needed).
    """
    seen = what_was_shown(shown)
    subjects = Subjects(home)
    with lock_folder(home.subjects):
        record = subjects.read(subject_id) if subject_id.isalnum() else None
        if record is None or not {"pending", "nihii"} & set(record):
            raise AuthorisationError("nothing_to_attest")
        if "pending" not in record:
            record["attestations"] = add_attestation(record["attestations"], operator, moment, seen)
            subjects.write(subject_id, record)
            return Enrolment(subject_id, "doctor_again")
        version = dict(record.pop("pending"))
        version["attestations"] = add_attestation(version["attestations"], operator, moment, seen)
        rectified = "nihii" in record
        if rectified:
            former = {name: record[name] for name in _VERSION if name in record}
            former["until"] = format_utc(moment)
            record["superseded"] = [*record.get("superseded", []), former]
        subjects.write(subject_id, {**record, **version})
    return Enrolment(subject_id, "doctor_rectified" if rectified else "doctor")


def inami_numbers(record: dict[str, Any] | None) -> set[str]:
    """Returns the first eight digits of each INAMI number in force; empty for a pending doctor or another person."""
    return {str(number)[:8] for number in (record or {}).get("nihii", [])}


def doctors(home: Home) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield opaque id and record of every doctor in force."""
    subjects = Subjects(home)
    for subject_id in subjects.ids():
        record = subjects.read(subject_id)
        if record is not None and inami_numbers(record):
            yield subject_id, record


def _refuse_numbers_of_others(subjects: Subjects, subject_id: str, numbers: list[str]) -> None:
    """Refuse a number that is another person's, in force or pending."""
    wanted = {number[:8] for number in numbers}
    for other in subjects.ids():
        record = {} if other == subject_id else subjects.read(other) or {}
        if wanted & (inami_numbers(record) | inami_numbers(record.get("pending"))):
            raise AuthorisationError("inami_number_of_another")
