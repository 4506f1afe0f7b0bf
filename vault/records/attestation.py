"""Attestations: two different operators attest a fact, each in a separate act."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import TypeVar

from msgspec import to_builtins

from schemas.errors import AuthorisationError, OperatorError
from schemas.person_records import Attestation, Enrolled, Mandate
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.records.operator_keys import is_signed_by
from vault.records.operators import Operator
from vault.records.subjects import Subjects
from vault.system.clock import format_utc

Code = TypeVar("Code", bound=StrEnum)


def add_attestation(
    before: tuple[Attestation, ...],
    operator: Operator,
    moment: datetime,
    how: tuple[StrEnum, ...],
    of: str = "",
) -> tuple[Attestation, ...]:
    """Returns the attestations with this operator's appended: who, when, on which evidence, of which object.

    Raises OperatorError: no_operator, two_attesters_needed (the operator attested before).
    """
    if not operator.id:
        raise OperatorError("no_operator")
    if any(attestation.operator == operator.id for attestation in before):
        raise OperatorError("two_attesters_needed")
    codes = tuple(sorted({code.value for code in how}))
    made = Attestation(operator.id, format_utc(moment), codes, of)
    proved = operator.proof.of(_said(made)) if operator.proof else {}
    return (*before, made.changed(**proved))


def refuse_unseen(shown: str | None, of: str) -> None:
    """Refuse to attest another object than the person was shown; None: nobody says what that was.

    Raises AuthorisationError (attestation_altered).
    """
    if shown is not None and shown != of:
        raise AuthorisationError("attestation_altered")


def refuse_altered(home: Home, attestations: tuple[Attestation, ...], of: str | None) -> None:
    """Refuse an attestation that is of another object than `of`, if given, or whose signature does not hold.

    Those of earlier releases state neither. Raises AuthorisationError (attestation_altered).
    """
    for one in attestations:
        signed = one.by != "key" or is_signed_by(home, one.operator, one.key, one.signature, _said(one))
        if not signed or (of and one.of and one.of != of):
            raise AuthorisationError("attestation_altered")


def _said(one: Attestation) -> bytes:
    """What a signature covers."""
    return canonical_json({"operator": one.operator, "at": one.at, "how": list(one.how), "of": one.of})


def digest_of(fact: Enrolled | Mandate) -> str:
    """Returns the digest of what is attested, without the attestations themselves."""
    stated = to_builtins(fact)
    for name in ("attestations", "ended", "shortened"):
        stated.pop(name, None)
    return sha256(canonical_json(stated)).hexdigest()


def two_attest(attestations: tuple[Attestation, ...]) -> bool:
    """Whether two different operators attested."""
    return len({attestation.operator for attestation in attestations}) >= 2


def attesters_left(home: Home, attestations: tuple[Attestation, ...], without: frozenset[str]) -> int:
    """Returns how many different attesters the home still knows, without these."""
    subjects = Subjects(home)
    vouching = {attestation.operator for attestation in attestations} - without
    return sum(subjects.has_key(operator) for operator in vouching)


def read_code(enumeration: type[Code], text: str, refusal: str) -> Code:
    """Returns the value of an enumeration. Raises AuthorisationError with the given code for any other text."""
    if text in set(enumeration):
        return enumeration(text)
    raise AuthorisationError(refusal)
