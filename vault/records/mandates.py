"""Mandates: each states who may sign for a doctor, in which role and until which day, and is attested by two operators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from schemas.errors import AuthorisationError
from schemas.person_records import (
    STEM_DIGITS,
    AnyPerson,
    Mandate,
    MandateBasis,
    Mandated,
    MandateRole,
    Signer,
)
from vault.home_folder import Home
from vault.records.attestation import (
    add_attestation,
    digest_of,
    read_code,
    refuse_altered,
    refuse_unseen,
    two_attest,
)
from vault.records.enrolment import Ground, check_inami_numbers, check_national_number, what_was_shown
from vault.records.known_numbers import own_numbers
from vault.records.operators import Operator
from vault.records.subjects import Subjects
from vault.system.locks import lock_folder


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
    """Write a pending mandate into the record of the future signer, as the first operator's act. Return the mandate's id.

    Raises AuthorisationError (national_number_invalid, inami_number_invalid, role_unknown, basis_unknown, until_invalid,
    mandate_expired, trial_basis, evidence_missing), OperatorError.
    """
    codes = ground.codes()
    number = check_national_number(home, inss, ground)
    mandate = Mandate(
        role=read_code(MandateRole, terms.role, "role_unknown"),
        numbers=tuple(sorted({n[:STEM_DIGITS] for n in check_inami_numbers(terms.numbers, ground)})),
        until=_last_day(terms.until, moment),
        basis=read_code(MandateBasis, terms.basis, "basis_unknown"),
        name=name,
        ground=codes,
        attestations=(),
    )
    seen = what_was_shown(ground.shown)
    mandate = mandate.changed(attestations=add_attestation((), operator, moment, seen, digest_of(mandate)))
    subjects = Subjects(home)
    subject_id = subjects.identify("doctor", number)  # one record per person, doctor or not
    with lock_folder(home.subjects):
        known = subjects.read(subject_id)
        signer = known if isinstance(known, Signer) else Mandated(inss=number)
        ordinal = str(len(signer.mandates) + 1)
        subjects.write(subject_id, signer.changed(mandates={**signer.mandates, ordinal: mandate}))
    return f"{subject_id}.{ordinal}"


def attest_mandate(
    home: Home,
    mandate_id: str,
    operator: Operator,
    shown: tuple[str, ...],
    moment: datetime,
    of: str | None = None,
) -> None:
    """Attest a mandate. It is in force once a second operator attests it; further operators may attest it later.

    `of` is the digest of what the operator was shown. Raises AuthorisationError (nothing_to_attest, evidence_missing,
    attestation_altered), OperatorError (two_attesters_needed).
    """
    seen = what_was_shown(shown)

    def change(mandate: Mandate) -> Mandate:
        if mandate.ended:
            raise AuthorisationError("nothing_to_attest")
        stated = digest_of(mandate)
        refuse_unseen(of, stated)
        refuse_altered(home, mandate.attestations, None if mandate.shortened else stated)
        after = add_attestation(mandate.attestations, operator, moment, seen, stated)
        return mandate.changed(attestations=after)

    _change(home, mandate_id, change)


def end_mandate(home: Home, mandate_id: str, operator: Operator, moment: datetime) -> None:
    """End a mandate at once. One operator suffices, because the act only removes a right.

    Raises AuthorisationError (nothing_to_attest) if there is no such mandate.
    """
    (ended,) = add_attestation((), operator, moment, ())
    _change(home, mandate_id, lambda mandate: mandate.changed(ended=ended))


def mandates_for(home: Home, persons: frozenset[str]) -> list[str]:
    """Return the ids of the mandates of others that name an INAMI number of this person, who has the ids `persons`."""
    numbers, subjects = own_numbers(home, persons), Subjects(home)
    return [
        f"{other}.{ordinal}"
        for other in subjects.ids()
        if other not in persons and isinstance(person := subjects.read(other), Signer)
        for ordinal, mandate in person.mandates.items()
        if numbers & set(mandate.numbers)
    ]


def forget_numbers(home: Home, persons: frozenset[str]) -> None:
    """Remove the numbers of an erased person from the mandates of others. A mandate without numbers applies to no doctor."""
    numbers = own_numbers(home, persons)

    def change(mandate: Mandate) -> Mandate:
        left = tuple(n for n in mandate.numbers if n not in numbers)
        return mandate.changed(numbers=left, shortened=True)  # the attested mandate had more numbers

    for mandate_id in mandates_for(home, persons):
        _change(home, mandate_id, change)


def _change(home: Home, mandate_id: str, change: Callable[[Mandate], Mandate]) -> None:
    subject_id, _, ordinal = mandate_id.partition(".")
    subjects = Subjects(home)
    with lock_folder(home.subjects):
        person = subjects.read(subject_id) if subject_id.isalnum() else None
        if not isinstance(person, Signer) or ordinal not in person.mandates:
            raise AuthorisationError("nothing_to_attest")
        mandates = {**person.mandates, ordinal: change(person.mandates[ordinal])}
        subjects.write(subject_id, person.changed(mandates=mandates))


def mandates_of(person: AnyPerson | None) -> list[Mandate]:
    """Return the mandates of a person that two operators attested and that were not ended, including expired ones."""
    held = person.mandates.values() if isinstance(person, Signer) else ()
    return [mandate for mandate in held if two_attest(mandate.attestations) and not mandate.ended]


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
