"""Operators: the persons who may act on a home. An operator's record is sealed like the record of every person."""

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
    """How an operator proved in this act who they are: with their own key, or by signing in to their account."""

    by: str  # key | account
    name: str  # the public key, or the account's id
    sign: Callable[[bytes], str] | None = None

    def of(self, statement: bytes) -> dict[str, str]:
        """Return the fields of an attestation that hold this proof, with a signature over `statement` if there is a key."""
        signed = {"signature": self.sign(statement)} if self.sign else {}
        return {"by": self.by, self.by: self.name, **signed}


@dataclass(frozen=True)
class Operator:
    """The acting person: an opaque id and the salt of its commitments."""

    id: str
    name: Sensitive[str]
    salt: Sensitive[bytes]
    proof: Proof | None = None


def enrol_operator(home: Home, name: str) -> Operator:
    """Enrol an operator in this home, unless they are enrolled, and return them."""
    subjects = Subjects(home)
    subject_id = subjects.identify("operator", name)
    if subjects.read(subject_id) is None:
        subjects.write(subject_id, EnrolledOperator(name=name))
    return find_operator(home, name)


def find_operator(home: Home, name: str) -> Operator:
    """Return the operator of this name. Raises OperatorError if the name is missing or unknown."""
    if not name:
        raise OperatorError("no_operator")
    subjects = Subjects(home)
    subject_id = subjects.identify("operator", name)
    return operator_by_id(home, subject_id)


def operator_by_id(home: Home, subject_id: str) -> Operator:
    """Return the operator of this opaque id. Raises OperatorError (operator_not_enrolled)."""
    record = Subjects(home).read(subject_id)
    if not isinstance(record, EnrolledOperator):
        raise OperatorError("operator_not_enrolled")
    return Operator(subject_id, Sensitive(record.name), Sensitive(record.salt_bytes))
