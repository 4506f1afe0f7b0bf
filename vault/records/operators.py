"""Operators: who may act on a home. An operator's record is sealed like that of every person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from schemas.errors import OperatorError
from schemas.person_records import EnrolledOperator
from schemas.sensitive import Sensitive
from vault.home_folder import Home
from vault.records.subjects import Subjects


@dataclass(frozen=True)
class Proof:
    """How an operator proved in this act who they are: by the key of their own, or by having signed in to their account."""

    by: str  # key | account
    name: str  # the key's public half, or the account's id
    sign: Callable[[bytes], str] | None = None

    def of(self, said: bytes) -> dict[str, str]:
        """Returns what an attestation keeps of it."""
        signed = {"signature": self.sign(said)} if self.sign else {}
        return {"by": self.by, self.by: self.name, **signed}


@dataclass(frozen=True)
class Operator:
    """The acting person: an opaque id and the salt of its commitments."""

    id: str
    name: Sensitive[str]
    salt: Sensitive[bytes]
    proof: Proof | None = None


def enrol_operator(home: Home, name: str) -> Operator:
    """Enrol an operator in this home."""
    subjects = Subjects(home)
    subject_id = subjects.identify("operator", name)
    if subjects.read(subject_id) is None:
        subjects.write(subject_id, EnrolledOperator(name=name))
    return find_operator(home, name)


def find_operator(home: Home, name: str) -> Operator:
    """Returns the operator of this name. Raises OperatorError when the name is missing or unknown."""
    if not name:
        raise OperatorError("no_operator")
    subjects = Subjects(home)
    subject_id = subjects.identify("operator", name)
    return operator_by_id(home, subject_id)


def operator_by_id(home: Home, subject_id: str) -> Operator:
    """Returns the operator of this opaque id."""
    record = Subjects(home).read(subject_id)
    if not isinstance(record, EnrolledOperator):
        raise OperatorError("operator_not_enrolled")
    return Operator(subject_id, Sensitive(record.name), Sensitive(record.salt_bytes))
