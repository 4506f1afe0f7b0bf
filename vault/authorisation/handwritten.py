"""An instruction that was signed by hand, without an electronic signature: a scanned page that two operators attest.

A site must allow such instructions (`handwritten = true` in `site.toml`). One operator records the page; another operator states
how the signature was verified. Before that, no migration can use the instruction.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from schemas.errors import AuthorisationError, IntegrityError, LimitExceededError
from schemas.person_records import Attestation
from schemas.record import dump, load
from vault.authorisation.register import ATTESTATIONS, SCAN, InstructionRegister
from vault.records.attestation import add_attestation, read_code, two_attest
from vault.records.operators import Operator
from vault.site import Site

MAX_SCAN_BYTES = 20 << 20
_FIRST_BYTES = {"pdf": b"%PDF-", "png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff"}


class Verification(StrEnum):
    """How an operator verified that the signature is the doctor's."""

    IDENTITY_CARD = "compared_with_identity_card"
    PRESENCE = "signed_in_presence"
    CALLED_BACK = "called_back_known_number"


def scan_name(scan: bytes) -> str:
    """Return the file name of a scan, by the type that its first bytes show.

    Raises LimitExceededError (scan_too_large), AuthorisationError (scan_not_an_image: neither PDF, PNG nor JPEG).
    """
    if len(scan) > MAX_SCAN_BYTES:
        raise LimitExceededError("scan_too_large", limit=MAX_SCAN_BYTES)
    for kind, magic in _FIRST_BYTES.items():
        if scan.startswith(magic):
            return f"{SCAN}{kind}"
    raise AuthorisationError("scan_not_an_image")


def refuse_handwritten(site: Site) -> None:
    """Refuse a page signed by hand unless the site allows such pages. Raises AuthorisationError (handwritten_not_allowed)."""
    if not site.handwritten:
        raise AuthorisationError("handwritten_not_allowed")


def page_digest(document: bytes, scan: bytes) -> str:
    """Return the digest (hexadecimal) of instruction and scan, to which an attestation refers."""
    return sha256(sha256(document).digest() + sha256(scan).digest()).hexdigest()


def pend(
    register: InstructionRegister,
    subject_id: str,
    persons: tuple[str, ...],
    evidence: dict[str, bytes],
    operator: Operator,
    moment: datetime,
) -> None:
    """Store instruction, scan and patient list sealed and pending, with the first operator's attestation."""
    attestations = add_attestation((), operator, moment, (), digest_of_page(evidence))
    register.pend(subject_id, persons, {**evidence, ATTESTATIONS: dump(attestations)})


def attest(
    register: InstructionRegister, operator: Operator, verification: str, moment: datetime
) -> dict[str, bytes]:
    """Return the evidence with a further operator's attestation, without storing it.

    Raises AuthorisationError (nothing_to_attest, verification_unknown, attestation_of_another), OperatorError
    (two_attesters_needed).
    """
    how = read_code(Verification, verification, "verification_unknown")
    evidence = register.pending()
    before = attestations_of(evidence)
    after = add_attestation(before, operator, moment, (how,), digest_of_page(evidence))
    return {**evidence, ATTESTATIONS: dump(after)}


def verified_by(evidence: dict[str, bytes]) -> tuple[str, ...]:
    """Return how the signature of an attested page was verified.

    Raises AuthorisationError: attestation_of_another, attestation_missing (fewer than two operators attested).
    """
    attestations = attestations_of(evidence)
    how = sorted({code for attestation in attestations for code in attestation.how})
    if not two_attest(attestations) or not how or set(how) - set(Verification):
        raise AuthorisationError("attestation_missing")
    return tuple(how)


def is_handwritten(evidence: dict[str, bytes]) -> bool:
    """Return whether the stored evidence is of a page signed by hand."""
    return ATTESTATIONS in evidence


def scan_of(evidence: dict[str, bytes]) -> tuple[str, bytes]:
    """Return name and bytes of the scanned page. Raises AuthorisationError (scan_missing)."""
    for name, data in evidence.items():
        if name.startswith(SCAN):
            return name, data
    raise AuthorisationError("scan_missing")


def attestations_of(evidence: dict[str, bytes]) -> tuple[Attestation, ...]:
    """Return the attestations of a page; () if there is no page.

    Raises AuthorisationError (attestation_of_another) if one of them refers to another page, IntegrityError
    (sealed_record_altered).
    """
    kept = evidence.get(ATTESTATIONS, b"[]")
    attestations = load(tuple[Attestation, ...], kept, IntegrityError, "sealed_record_altered")
    if any(attestation.of != digest_of_page(evidence) for attestation in attestations):
        raise AuthorisationError("attestation_of_another")
    return attestations


def digest_of_page(evidence: dict[str, bytes]) -> str:
    """Return the digest that an attestation of this page refers to. Raises AuthorisationError (scan_missing)."""
    return page_digest(evidence["instruction.json"], scan_of(evidence)[1])
