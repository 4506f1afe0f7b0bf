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
    """Return the attestations with a new one by this operator: who, when, on which evidence (`how`), of which object.

    `of` is the digest of the object (hexadecimal), `moment` a time in UTC.
    Raises OperatorError: no_operator, two_attesters_needed (the operator attested before).
    """
    if not operator.id:
        raise OperatorError("no_operator")
    if any(earlier.operator == operator.id for earlier in before):
        raise OperatorError("two_attesters_needed")
    codes = tuple(sorted({code.value for code in how}))
    attestation = Attestation(operator.id, format_utc(moment), codes, of)
    proof_fields = operator.proof.of(_signed_bytes(attestation)) if operator.proof else {}
    return (*before, attestation.changed(**proof_fields))


def refuse_unseen(shown: str | None, of: str) -> None:
    """Refuse to attest another object than the operator saw. `shown` is that object's digest, or None if it is not known.

    Raises AuthorisationError (attestation_altered).
    """
    if shown is not None and shown != of:
        raise AuthorisationError("attestation_altered")


def refuse_altered(home: Home, attestations: tuple[Attestation, ...], of: str | None) -> None:
    """Refuse attestations of which one is of another object than `of`, if given, or has an invalid signature.

    Attestations of earlier releases have no signature and name no object. Raises AuthorisationError (attestation_altered).
    """
    for attestation in attestations:
        if (of and attestation.of and attestation.of != of) or not _is_signed(home, attestation):
            raise AuthorisationError("attestation_altered")


def _is_signed(home: Home, attestation: Attestation) -> bool:
    """Return whether the signature of an attestation is valid; also true if the operator proved in another way who they are."""
    if attestation.by != "key":
        return True
    signed = _signed_bytes(attestation)
    return is_signed_by(home, attestation.operator, attestation.key, attestation.signature, signed)


def _signed_bytes(attestation: Attestation) -> bytes:
    """Return the bytes that the signature of an attestation covers."""
    stated = {"operator": attestation.operator, "at": attestation.at}
    return canonical_json({**stated, "how": list(attestation.how), "of": attestation.of})


def digest_of(fact: Enrolled | Mandate) -> str:
    """Return the digest of what is attested, without the attestations themselves."""
    stated = to_builtins(fact)
    for name in ("attestations", "ended", "shortened"):
        stated.pop(name, None)
    return sha256(canonical_json(stated)).hexdigest()


def two_attest(attestations: tuple[Attestation, ...]) -> bool:
    """Return whether two different operators attested."""
    return len({attestation.operator for attestation in attestations}) >= 2


def attesters_left(home: Home, attestations: tuple[Attestation, ...], without: frozenset[str]) -> int:
    """Return the number of different attesters who are not erased and are not in `without`."""
    subjects = Subjects(home)
    attesters = {attestation.operator for attestation in attestations} - without
    return sum(subjects.has_key(operator) for operator in attesters)


def read_code(enumeration: type[Code], text: str, refusal: str) -> Code:
    """Return the value of an enumeration. Raises AuthorisationError with the given code for any other text."""
    if text in set(enumeration):
        return enumeration(text)
    raise AuthorisationError(refusal)
