"""The records that a home keeps about a person, with operators' attestations. A person may ask to see them."""

from __future__ import annotations

from base64 import b64decode
from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.json_types import Inami, Moment
from schemas.record import Record

STEM_DIGITS = 8
"""The digits of an INAMI number that name a person; the others state a qualification."""
InamiStem = Annotated[str, Meta(pattern=r"^\d{8}$")]


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


class Attestation(Record, frozen=True, omit_defaults=True):
    """One operator's act: who, when, on which evidence, of which object (its digest), and how they proved who they are.

    `by` is `key` or `account`; earlier releases asked for no proof.
    """

    operator: str
    at: Moment
    how: tuple[str, ...]
    of: str
    by: str = ""
    key: str = ""  # public half, base64
    signature: str = ""  # by that key, over `operator`, `at`, `how` and `of`
    account: str = ""


class Grounds(Record, frozen=True):
    """The bases on which a national number is kept."""

    basis: LegalBasis
    number_basis: NumberBasis


class Enrolled(Record, frozen=True):
    """A doctor's enrolment: name, INAMI numbers, legal bases and attestations."""

    nihii: tuple[Inami, ...]
    name: str
    basis: LegalBasis
    number_basis: NumberBasis
    attestations: tuple[Attestation, ...]

    @property
    def numbers(self) -> frozenset[str]:
        """The first eight digits of each number."""
        return frozenset(number[:STEM_DIGITS] for number in self.nihii)


class Superseded(Enrolled, frozen=True):
    """A former enrolment, and the moment when it was rectified."""

    until: Moment


class Mandate(Record, frozen=True, omit_defaults=True):
    """For which doctors a person may sign (first eight digits of their INAMI numbers), in which role, until when."""

    role: MandateRole
    numbers: tuple[InamiStem, ...]
    until: date
    basis: MandateBasis
    name: str
    ground: Grounds
    attestations: tuple[Attestation, ...]
    ended: Attestation | None = None
    shortened: bool = False  # an erased person's numbers were removed after it was attested

    def holds(self, day: date) -> bool:
        """Whether it is in force on this day; its last day counts."""
        return day <= self.until


class Person(Record, frozen=True, omit_defaults=True, kw_only=True, tag_field="kind"):
    """What is kept of everybody: the salt of the ledger's commitments to the person."""

    salt: str = ""  # set when the record is first written

    @property
    def kind(self) -> str:
        """The kind of record: doctor, mandated, named or operator."""
        return str(self.__struct_config__.tag)

    @property
    def salt_bytes(self) -> bytes:
        """The salt."""
        return b64decode(self.salt)

    @property
    def identifier(self) -> str:
        """What names the person outside the home."""
        raise NotImplementedError


class Signer(Person, frozen=True, omit_defaults=True, kw_only=True):
    """Somebody whose signing certificate states this national number; mandates by their ordinal."""

    inss: Annotated[str, Meta(pattern=r"^\d{11}$")]
    mandates: dict[str, Mandate] = msgspec.field(default_factory=dict)

    @property
    def identifier(self) -> str:
        """The national number."""
        return self.inss


class Doctor(Signer, frozen=True, omit_defaults=True, kw_only=True, tag="doctor"):
    """A doctor: the enrolment in force (none until a second operator attests), the pending enrolment, and superseded ones."""

    nihii: tuple[Inami, ...] = ()
    name: str = ""
    basis: LegalBasis | None = None
    number_basis: NumberBasis | None = None
    attestations: tuple[Attestation, ...] = ()
    pending: Enrolled | None = None
    superseded: tuple[Superseded, ...] = ()

    @property
    def in_force(self) -> Enrolled | None:
        """The enrolment in force, if there is one."""
        if not self.nihii or self.basis is None or self.number_basis is None:
            return None
        return Enrolled(self.nihii, self.name, self.basis, self.number_basis, self.attestations)


class Mandated(Signer, frozen=True, omit_defaults=True, kw_only=True, tag="mandated"):
    """Somebody who is no enrolled doctor and may sign for one."""


class Named(Person, frozen=True, omit_defaults=True, kw_only=True, tag="named"):
    """Somebody whom an instruction names by an INAMI number (its first eight digits), and who is not enrolled."""

    number: InamiStem

    @property
    def identifier(self) -> str:
        """The number."""
        return self.number


class EnrolledOperator(Person, frozen=True, omit_defaults=True, kw_only=True, tag="operator"):
    """Somebody who may act on the home."""

    name: str

    @property
    def identifier(self) -> str:
        """The name."""
        return self.name


AnyPerson = Doctor | Mandated | Named | EnrolledOperator
"""The record of a person, by its `kind`."""


def numbers_in_force(person: AnyPerson | None) -> frozenset[str]:
    """Returns the first eight digits of each INAMI number in force; empty for a pending doctor or another person."""
    found = person.in_force if isinstance(person, Doctor) else None
    return found.numbers if found else frozenset()
