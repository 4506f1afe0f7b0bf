"""Mandates: who may sign for a doctor, in which role, until when; attested by two operators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from schemas.errors import AuthorisationError
from vault.home_folder import Home
from vault.records.attestation import add_attestation, read_code, two_attest
from vault.records.enrolment import Ground, check_inami_numbers, check_national_number, what_was_shown
from vault.records.known_numbers import own_numbers
from vault.records.operators import Operator
from vault.records.subjects import Subjects
from vault.system.locks import lock_folder


class MandateRole(StrEnum):
    """The role in which a person signs for a doctor (`vault.instruction.fields.ROLES` without `controller`)."""

    MANDATED = "mandated"
    SUCCESSOR = "successor"
    PRACTICE_COMPANY = "practice_company"


class MandateBasis(StrEnum):
    """The basis of the mandate."""

    WRITTEN_MANDATE = "written_mandate"
    SUCCESSION = "succession"
    COMPANY_STATUTES = "company_statutes"


@dataclass(frozen=True)
class Mandate:
    """An attested mandate: for which doctors (first eight digits of their INAMI numbers), in which role, until when."""

    role: str
    numbers: frozenset[str]
    until: date

    def holds(self, day: date) -> bool:
        """Whether it is in force on this day; its last day counts."""
        return day <= self.until


@dataclass(frozen=True)
class MandateTerms:
    """The terms of a mandate, as the operator entered them."""

    role: str
    numbers: tuple[str, ...]
    until: str
    basis: str


def begin_mandate(
    home: Home,
    *,
    inss: str,
    name: str,
    terms: MandateTerms,
    ground: Ground,
    operator: Operator,
    moment: datetime,
) -> str:
    """The first operator's act: write a pending mandate into the record of the future signer. Returns its id.

    Raises AuthorisationError (national_number_invalid, inami_number_invalid, role_unknown, basis_unknown, until_invalid,
    mandate_expired, trial_basis, evidence_missing), OperatorError.
    """
    codes = ground.codes()
    number = check_national_number(home, inss, ground)
    mandate = {
        "role": read_code(MandateRole, terms.role, "role_unknown").value,
        "numbers": sorted({n[:8] for n in check_inami_numbers(terms.numbers, ground)}),
        "until": _last_day(terms.until, moment).isoformat(),
        "basis": read_code(MandateBasis, terms.basis, "basis_unknown").value,
        "name": name,
        "ground": codes,
        "attestations": add_attestation([], operator, moment, what_was_shown(ground.shown)),
    }
    subjects = Subjects(home)
    subject_id = subjects.identify("doctor", number)  # one record per person, doctor or not
    with lock_folder(home.subjects):
        record = {"kind": "mandated", "inss": number, **(subjects.read(subject_id) or {})}
        mandates = dict(record.get("mandates", {}))
        ordinal = str(len(mandates) + 1)
        subjects.write(subject_id, {**record, "mandates": {**mandates, ordinal: mandate}})
    return f"{subject_id}.{ordinal}"


def attest_mandate(
    home: Home, mandate_id: str, operator: Operator, shown: tuple[str, ...], moment: datetime
) -> None:
    """The second operator's act: the mandate comes into force. Further operators may attest it later.

    Raises AuthorisationError (nothing_to_attest, evidence_missing), OperatorError (two_attesters_needed).
    """
    seen = what_was_shown(shown)

    def change(mandate: dict[str, Any]) -> None:
        if "ended" in mandate:
            raise AuthorisationError("nothing_to_attest")
        mandate["attestations"] = add_attestation(mandate["attestations"], operator, moment, seen)

    _change(home, mandate_id, change)


def end_mandate(home: Home, mandate_id: str, operator: Operator, moment: datetime) -> None:
    """End a mandate at once. One operator is enough, because the act only removes a right.

    Raises AuthorisationError (nothing_to_attest) when there is no such mandate.
    """

    def change(mandate: dict[str, Any]) -> None:
        (mandate["ended"],) = add_attestation([], operator, moment, ())

    _change(home, mandate_id, change)


def mandates_for(home: Home, persons: frozenset[str]) -> list[str]:
    """Returns the ids of the mandates of others that name a number of this person."""
    numbers, subjects = own_numbers(home, persons), Subjects(home)
    return [
        f"{other}.{ordinal}"
        for other in subjects.ids()
        if other not in persons
        for ordinal, mandate in (subjects.read(other) or {}).get("mandates", {}).items()
        if numbers & set(mandate["numbers"])
    ]


def forget_numbers(home: Home, persons: frozenset[str]) -> None:
    """Remove the numbers of an erased person from the mandates of others. A mandate without numbers applies to no doctor."""
    numbers = own_numbers(home, persons)

    def change(mandate: dict[str, Any]) -> None:
        mandate["numbers"] = [number for number in mandate["numbers"] if number not in numbers]

    for mandate_id in mandates_for(home, persons):
        _change(home, mandate_id, change)


def _change(home: Home, mandate_id: str, change: Callable[[dict[str, Any]], None]) -> None:
    subject_id, _, ordinal = mandate_id.partition(".")
    subjects = Subjects(home)
    with lock_folder(home.subjects):
        record = subjects.read(subject_id) if subject_id.isalnum() else None
        if record is None or ordinal not in record.get("mandates", {}):
            raise AuthorisationError("nothing_to_attest")
        change(record["mandates"][ordinal])
        subjects.write(subject_id, record)


def mandates_of(record: dict[str, Any]) -> list[Mandate]:
    """Returns the mandates of a person that two operators attested and that were not ended, including expired ones."""
    return [
        Mandate(raw["role"], frozenset(raw["numbers"]), date.fromisoformat(raw["until"]))
        for raw in record.get("mandates", {}).values()
        if two_attest(raw["attestations"]) and "ended" not in raw
    ]


def _last_day(text: str, moment: datetime) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None:
        raise AuthorisationError("until_invalid")
    if day < moment.date():
        raise AuthorisationError("mandate_expired")
    return day
