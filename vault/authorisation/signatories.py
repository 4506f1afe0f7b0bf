"""Determines who signed an instruction in which capacity, and checks the rule of docs/authorisation.md, "Who must sign"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from schemas.errors import AuthorisationError
from schemas.person_records import AnyPerson, numbers_in_force
from schemas.person_records import Signer as SignerRecord
from schemas.sensitive import Sensitive
from vault.authorisation._persons import concerned
from vault.authorisation.handwritten import is_handwritten, refuse_handwritten, verified_by
from vault.authorisation.register import ATTESTATIONS, InstructionRegister
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.instruction.document import Instruction, parse
from vault.instruction.fields import ROLES
from vault.pki.cms import Signer
from vault.pki.signed_document import Signed
from vault.records.enrolment import doctors
from vault.records.mandates import mandates_of
from vault.records.subjects import Subjects

CONTROLLER = "controller"


class SignatureKind(StrEnum):
    """How an instruction was signed. None of these claims to be a qualified electronic signature."""

    CADES = "cades"
    PADES = "pades"
    HANDWRITTEN = "handwritten"


@dataclass(frozen=True)
class SignerRow:
    """One signer, as known to the site: a row of `signers.json`, which is stored and erased with the signatures."""

    capacities: tuple[str, ...]  # of `vault.instruction.document.ROLES`
    numbers: tuple[
        str, ...
    ]  # the named doctors for whom the signer signed: first eight digits of INAMI numbers
    certificate: str | None = None  # SHA-256 of the certificate (DER), in hex; None for a signature by hand

    def to_json(self) -> dict[str, Any]:
        """Return the row as the file holds it."""
        row = {"capacities": list(self.capacities), "numbers": list(self.numbers)}
        return {**row, "certificate_sha256": self.certificate} if self.certificate else row


@dataclass(frozen=True)
class Signatories:
    """The signers of an instruction, and the persons whom it concerns, by opaque id."""

    subject_id: str  # the first signer
    signers: tuple[SignerRow, ...]
    persons: tuple[str, ...]  # see `vault.authorisation._persons`

    @property
    def signed_as(self) -> tuple[str, ...]:
        """The capacities of every signer, concatenated."""
        return tuple(role for signer in self.signers for role in signer.capacities)


@dataclass(frozen=True)
class Signing:
    """How an instruction was signed, for the proof: enumeration values, no names."""

    signature: SignatureKind
    signed_as: tuple[str, ...]  # of `vault.instruction.fields.ROLES`
    verified_by: tuple[
        str, ...
    ] = ()  # of `vault.authorisation.handwritten.Verification`, for a page signed by hand
    signers: tuple[SignerRow, ...] = ()  # set from the check until the evidence is stored; never in `to_json`

    def to_json(self) -> dict[str, Any]:
        """Return the object for the sealed state and for statements."""
        fields = {"signature": self.signature.value, "signedAs": list(self.signed_as)}
        return {**fields, "verifiedBy": list(self.verified_by)} if self.verified_by else fields

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Signing:
        """Return the object of which `to_json` made `stored`. Early releases stored no capacities; their signatures are CAdES."""
        kind = SignatureKind(stored.get("signature", SignatureKind.CADES))
        return cls(kind, tuple(stored.get("signedAs", ())), tuple(stored.get("verifiedBy", ())))

    def signers_file(self, page: dict[str, bytes]) -> bytes:
        """Return the file `signers.json`: a row for each signer, and the digest of the attestations of a handwritten `page`."""
        attested = (
            {"attestations_sha256": sha256(page[ATTESTATIONS]).hexdigest()} if is_handwritten(page) else {}
        )
        rows = [signer.to_json() for signer in self.signers]
        return canonical_json({"version": 1, "signature": self.signature.value, "signers": rows, **attested})


@dataclass(frozen=True)
class Capacity:
    """The capacity of one signer: the roles in which they may sign, and the doctors for whom their signature counts."""

    roles: frozenset[str]
    covers: frozenset[str]  # first eight digits of INAMI numbers
    entries: frozenset[int]  # the numbers, from 1, of the controllers for whom this person may sign


def signing_of(
    home: Home,
    instruction: Instruction,
    signed: list[Signer],
    register: InstructionRegister,
    now: datetime,
    *,
    page: bool,
) -> tuple[Signatories, Signing]:
    """Return who signed, and how: with certificates (on the page or beside the JSON), or by hand on an attested page.

    Raises AuthorisationError, with the codes of `signatories_of` or: handwritten_not_allowed, attestation_missing,
    attestation_of_another, handwritten_by_doctor_only.
    """
    scanned = {} if signed else register.page()
    if not is_handwritten(scanned):
        signatories = signatories_of(home, instruction, signed, now.date())
        kind = SignatureKind.PADES if page else SignatureKind.CADES
        return signatories, Signing(kind, signatories.signed_as, signers=signatories.signers)
    refuse_handwritten(home.site)
    signatories = controllers_by_hand(home, instruction)
    how = verified_by({**scanned, "instruction.json": instruction.document})
    return signatories, Signing(SignatureKind.HANDWRITTEN, signatories.signed_as, how, signatories.signers)


def signatories_of(home: Home, instruction: Instruction, signed: list[Signer], day: date) -> Signatories:
    """Check that every named doctor, or a person with a mandate, signed in the role that is stated there. Return the signers.

    Raises AuthorisationError: signature_missing, signer_not_enrolled, signer_not_attested, wrong_signer, mandate_missing,
    mandate_expired, mandate_of_another, controller_did_not_sign.
    """
    if not signed:
        raise AuthorisationError("signature_missing")
    capacities = [capacity_of(home, instruction, signer, day) for signer in signed]
    covered = frozenset[str]().union(*(capacity.covers for capacity in capacities))
    if not named(instruction) <= covered:
        raise AuthorisationError("controller_did_not_sign")
    rows = [row_of(instruction, *pair) for pair in zip(signed, capacities, strict=True)]
    return Signatories(
        min(_subject(home, signer) for signer in signed),  # independent of the order of their files
        tuple(rows),
        concerned(home, instruction, [signer.inss.reveal() for signer in signed]),
    )


def row_of(instruction: Instruction, signer: Signer, capacity: Capacity) -> SignerRow:
    """Return a signer's row: the certificate, the capacities, and the named doctors that they cover."""
    return SignerRow(
        tuple(role for role in ROLES if role in capacity.roles),
        tuple(sorted(capacity.covers & named(instruction))),
        sha256(signer.certificate).hexdigest(),
    )


def refuse_others_places(
    home: Home, instruction: Instruction, signed: Signed, signers: list[Signer], day: date
) -> None:
    """Refuse a page on which a signature is not in a box of its signer. Raises AuthorisationError (signed_in_anothers_place)."""
    for signature, signer in zip(signed.signatures, signers, strict=True):
        own_places = capacity_of(home, instruction, signer, day).entries
        if signature.place is not None and signature.place not in own_places:
            raise AuthorisationError("signed_in_anothers_place")


def places_of(home: Home, document: bytes, inss: str, day: date) -> frozenset[int]:
    """Return the boxes of an instruction's page that the person of this national number may sign, by their enrolment."""
    signer = Signer(Sensitive(inss), None, b"")
    return capacity_of(home, parse(document), signer, day).entries


def named(instruction: Instruction) -> frozenset[str]:
    """Return the doctors of the practice: first eight digits of every INAMI number among the controllers."""
    return frozenset(controller.nihii[:8] for controller in instruction.controllers)


def inss_of_controllers(home: Home, instruction: Instruction) -> tuple[str, ...]:
    """Return the national numbers of the enrolled doctors in the instruction: those that an export's header may state."""
    numbers = named(instruction)
    return tuple(doctor.inss for _, doctor in doctors(home) if numbers_in_force(doctor) & numbers)


def controllers_by_hand(home: Home, instruction: Instruction) -> Signatories:
    """Return the signers of a page signed by hand. Every controller must be an enrolled doctor.

    Raises AuthorisationError: signer_not_enrolled, handwritten_by_doctor_only.
    """
    if any(controller.role != CONTROLLER for controller in instruction.controllers):
        raise AuthorisationError("handwritten_by_doctor_only")
    holders = {n: subject_id for subject_id, doctor in doctors(home) for n in numbers_in_force(doctor)}
    if not instruction.controllers or not named(instruction) <= set(holders):
        raise AuthorisationError("signer_not_enrolled")
    first = min(holders[number] for number in named(instruction))
    rows = tuple(SignerRow((CONTROLLER,), (number,)) for number in sorted(named(instruction)))
    return Signatories(first, rows, concerned(home, instruction, ()))


def capacity_of(home: Home, instruction: Instruction, signer: Signer, day: date) -> Capacity:
    """Return the capacity in which a person signs this instruction. Raises AuthorisationError if there is none."""
    record = Subjects(home).read(_subject(home, signer))
    if record is None:
        raise AuthorisationError("signer_not_enrolled")
    own, mandates = numbers_in_force(record), mandates_of(record)
    if not own and not mandates:
        raise AuthorisationError("mandate_ended" if _had_mandates(record) else "signer_not_attested")
    roles, covers, entries = set[str](), set[str](), set[int]()
    for place, entry in enumerate(instruction.controllers, 1):
        number = entry.nihii[:8]
        if entry.role == CONTROLLER and number in own:
            roles.add(CONTROLLER)
            covers |= own
            entries.add(place)
        for mandate in mandates:
            if entry.role == mandate.role and number in mandate.numbers and mandate.holds(day):
                roles.add(mandate.role)
                covers |= set(mandate.numbers)
                entries.add(place)
    if not roles:
        raise AuthorisationError(_why_none(instruction, record, day))
    return Capacity(frozenset(roles), frozenset(covers), frozenset(entries))


def _why_none(instruction: Instruction, record: AnyPerson, day: date) -> str:
    """Return the code for a known signer who has no capacity."""
    stated = {(c.role, c.nihii[:8]) for c in instruction.controllers if c.role != CONTROLLER}
    if not stated:
        return "wrong_signer"
    mandates = mandates_of(record)
    if not mandates:
        return "mandate_ended" if _had_mandates(record) else "mandate_missing"
    fitting = [m for m in mandates if any((m.role, number) in stated for number in m.numbers)]
    return "mandate_expired" if fitting and not any(m.holds(day) for m in fitting) else "mandate_of_another"


def _had_mandates(record: AnyPerson) -> bool:
    return isinstance(record, SignerRecord) and any(mandate.ended for mandate in record.mandates.values())


def _subject(home: Home, signer: Signer) -> str:
    return Subjects(home).identify("doctor", signer.inss.reveal())
