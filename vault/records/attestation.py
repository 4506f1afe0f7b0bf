"""Attestations: two different operators attest a fact, each in a separate act."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from schemas.errors import AuthorisationError, OperatorError
from vault.home_folder import Home
from vault.records.operators import Operator
from vault.records.subjects import Subjects
from vault.system.clock import format_utc

Code = TypeVar("Code", bound=StrEnum)


def add_attestation(
    before: list[dict[str, Any]], operator: Operator, moment: datetime, how: tuple[StrEnum, ...], of: str = ""
) -> list[dict[str, Any]]:
    """Returns the attestations with this operator's appended: who, when, on which evidence, of which object.

    Raises OperatorError: no_operator, two_attesters_needed (the operator attested before).
    """
    if not operator.id:
        raise OperatorError("no_operator")
    if any(attestation["operator"] == operator.id for attestation in before):
        raise OperatorError("two_attesters_needed")
    codes = sorted({code.value for code in how})
    return [*before, {"operator": operator.id, "at": format_utc(moment), "how": codes, "of": of}]


def two_attest(attestations: list[dict[str, Any]]) -> bool:
    """Whether two different operators attested."""
    return len({attestation["operator"] for attestation in attestations}) >= 2


def attesters_left(home: Home, attestations: list[dict[str, Any]], without: frozenset[str]) -> int:
    """Returns how many different attesters the home still knows, without these."""
    subjects = Subjects(home)
    vouching = {str(attestation["operator"]) for attestation in attestations} - without
    return sum(subjects.has_key(operator) for operator in vouching)


def read_code(enumeration: type[Code], text: str, refusal: str) -> Code:
    """Returns the value of an enumeration. Raises AuthorisationError with the given code for any other text."""
    if text in set(enumeration):
        return enumeration(text)
    raise AuthorisationError(refusal)
