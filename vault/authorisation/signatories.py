"""Who signed, and whether that is sufficient: the rule of docs/authorisation.md, "Who must sign"."""

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
    ]  # the named doctors for whom the signer speaks: first eight digits of their INAMI numbers
    certificate: str | None = None  # SHA-256 of the certificate (DER), in hex; None for a signature by hand

    def to_json(self) -> dict[str, Any]:
        """Returns a row of the file."""
        row = {"capacities": list(self.capacities), "numbers": list(self.numbers)}
        return {**row, "certificate_sha256": self.certificate} if self.certificate else row


@dataclass(frozen=True)
class Standing:
    """Whom the instruction concerns (`vault.authorisation._persons`), the first of them, and who signed how."""

    subject_id: str
    signers: tuple[SignerRow, ...]
    persons: tuple[str, ...]

    @property
    def signed_as(self) -> tuple[str, ...]:
        """The capacities of every signer, concatenated."""
        return tuple(role for signer in self.signers for role in signer.capacities)


@dataclass(frozen=True)
class Signing:
    """How an instruction was signed: enumeration values, for the proof; without names."""

    signature: SignatureKind
    signed_as: tuple[str, ...]  # of `vault.instruction.fields.ROLES`
    verified_by: tuple[
        str, ...
    ] = ()  # of `vault.authorisation.handwritten.Verification`, for a page signed by hand
    signers: tuple[SignerRow, ...] = ()  # set from the check until the evidence is stored; never in `to_json`

    def to_json(self) -> dict[str, Any]:
        """Returns the object for the sealed state and for statements."""
        fields = {"signature": self.signature.value, "signedAs": list(self.signed_as)}
        return {**fields, "verifiedBy": list(self.verified_by)} if self.verified_by else fields

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Signing:
        """The inverse of `to_json`. A state from before capacities were recorded has none, and was CAdES."""
        kind = SignatureKind(stored.get("signature", SignatureKind.CADES))
        return cls(kind, tuple(stored.get("signedAs", ())), tuple(stored.get("verifiedBy", ())))

    def signers_file(self, page: dict[str, bytes]) -> bytes:
        """Returns `signers.json`: who each signer is, according to the site; for a handwritten `page` also its attestations."""
        attested = (
            {"attestations_sha256": sha256(page[ATTESTATIONS]).hexdigest()} if is_handwritten(page) else {}
        )
        rows = [signer.to_json() for signer in self.signers]
        return canonical_json({"version": 1, "signature": self.signature.value, "signers": rows, **attested})


@dataclass(frozen=True)
class Capacity:
    """One signer: the roles of the signature, and the doctors that it covers."""

    roles: frozenset[str]
    covers: frozenset[str]
    entries: frozenset[int]  # the numbers of the controllers that are this person's to sign, from 1


def signing_of(
    home: Home,
    instruction: Instruction,
    signed: list[Signer],
    register: InstructionRegister,
    now: datetime,
    *,
    page: bool,
) -> tuple[Standing, Signing]:
    """Returns who signed and how: by certificates (on the page or beside the JSON), or else by hand and attested.

    Raises what `standing_of` raises, or AuthorisationError: handwritten_not_allowed, attestation_missing, attestation_of_another,
    handwritten_by_doctor_only.
    """
    scanned = {} if signed else register.page()
    if not is_handwritten(scanned):
        standing = standing_of(home, instruction, signed, now.date())
        kind = SignatureKind.PADES if page else SignatureKind.CADES
        return standing, Signing(kind, standing.signed_as, signers=standing.signers)
    refuse_handwritten(home.site)
    standing = controllers_by_hand(home, instruction)
    how = verified_by({**scanned, "instruction.json": instruction.document})
    return standing, Signing(SignatureKind.HANDWRITTEN, standing.signed_as, how, standing.signers)


def standing_of(home: Home, instruction: Instruction, signed: list[Signer], day: date) -> Standing:
    """Check that every doctor named in the instruction, or a person with a mandate, signed in the role stated there.

    Raises AuthorisationError: signature_missing, signer_not_enrolled, signer_not_attested, wrong_signer, mandate_missing,
    mandate_expired, mandate_of_another, controller_did_not_sign.
    """
    if not signed:
        raise AuthorisationError("signature_missing")
    capacities = [capacity_of(home, instruction, signer, day) for signer in signed]
    covered = frozenset[str]().union(*(capacity.covers for capacity in capacities))
    if not named(instruction) <= covered:
        raise AuthorisationError("controller_did_not_sign")
    rows = [row_of(instruction, one, capacity) for one, capacity in zip(signed, capacities, strict=True)]
    return Standing(
        min(_subject(home, signer) for signer in signed),  # independent of the order of their files
        tuple(rows),
        concerned(home, instruction, [signer.inss.reveal() for signer in signed]),
    )


def row_of(instruction: Instruction, signer: Signer, capacity: Capacity) -> SignerRow:
    """Returns a signer's row: the certificate, the capacities, and the named doctors that they cover."""
    return SignerRow(
        tuple(role for role in ROLES if role in capacity.roles),
        tuple(sorted(capacity.covers & named(instruction))),
        sha256(signer.certificate).hexdigest(),
    )


def refuse_strange_places(
    home: Home, instruction: Instruction, signed: Signed, signers: list[Signer], day: date
) -> None:
    """Check that each signature on a page is in a box of its signer, whichever program signed.

    Raises AuthorisationError: signed_in_anothers_place.
    """
    for one, signer in zip(signed.signatures, signers, strict=True):
        if one.place is not None and one.place not in capacity_of(home, instruction, signer, day).entries:
            raise AuthorisationError("signed_in_anothers_place")


def places_of(home: Home, document: bytes, inss: str, day: date) -> frozenset[int]:
    """Returns the boxes of an instruction's page that the person of this national number may sign, by their enrolment."""
    signer = Signer(Sensitive(inss), None, b"")
    return capacity_of(home, parse(document), signer, day).entries


def named(instruction: Instruction) -> frozenset[str]:
    """Returns the doctors of the practice: first eight digits of every INAMI number among the controllers."""
    return frozenset(controller.nihii[:8] for controller in instruction.controllers)


def inss_of_controllers(home: Home, instruction: Instruction) -> tuple[str, ...]:
    """Returns the national numbers of the enrolled doctors in the instruction: those that an export's header may state."""
    numbers = named(instruction)
    return tuple(doctor.inss for _, doctor in doctors(home) if numbers_in_force(doctor) & numbers)


def controllers_by_hand(home: Home, instruction: Instruction) -> Standing:
    """Returns the standing of a page signed by hand: every controller must be an enrolled doctor and sign in person.

    Raises AuthorisationError: signer_not_enrolled, handwritten_by_doctor_only.
    """
    if any(controller.role != CONTROLLER for controller in instruction.controllers):
        raise AuthorisationError("handwritten_by_doctor_only")
    holders = {n: subject_id for subject_id, doctor in doctors(home) for n in numbers_in_force(doctor)}
    if not instruction.controllers or not named(instruction) <= set(holders):
        raise AuthorisationError("signer_not_enrolled")
    first = min(holders[number] for number in named(instruction))
    rows = tuple(SignerRow((CONTROLLER,), (number,)) for number in sorted(named(instruction)))
    return Standing(first, rows, concerned(home, instruction, ()))


def capacity_of(home: Home, instruction: Instruction, signer: Signer, day: date) -> Capacity:
    """Returns the capacity in which a person signs this instruction. Raises AuthorisationError when there is none."""
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
    """Returns the code for a known signer who has no capacity."""
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
