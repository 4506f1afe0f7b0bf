"""Attestations: two different operators attest a fact, each in a separate act."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from schemas.errors import AuthorisationError, OperatorError
from schemas.person_records import Attestation
from vault.home_folder import Home
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
    return (*before, Attestation(operator.id, format_utc(moment), codes, of))


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
