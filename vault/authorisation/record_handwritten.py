"""The acts of two operators by which an instruction signed by hand comes into force."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.errors import AuthorisationError
from vault.authorisation._persons import introduce
from vault.authorisation.check import any_use, refuse_terms
from vault.authorisation.handwritten import (
    attest,
    attestations_of,
    digest_of_page,
    pend,
    refuse_handwritten,
    scan_name,
    scan_of,
    verified_by,
)
from vault.authorisation.register import PATIENT_LIST, InstructionRegister
from vault.authorisation.signatories import SignatureKind, Signing, controllers_by_hand
from vault.authorisation.terms import recipient_refusals, refuse_first
from vault.home_folder import Home
from vault.instruction.document import parse
from vault.instruction.patient_list import open_list
from vault.pki.trust_store import TrustStore
from vault.records.attestation import refuse_altered, refuse_unseen
from vault.records.operators import Operator
from vault.system.clock import Clock
from vault.system.locks import lock_people


def record_by_hand(
    home: Home,
    document: bytes,
    scan: bytes,
    operator: Operator,
    clock: Clock,
    patient_list: bytes | None = None,
) -> str:
    """Check everything but the signature, and store the page pending, as the first operator's act. Return the instruction's id.

    Raises AuthorisationError (handwritten_not_allowed, handwritten_by_doctor_only, scan_not_an_image, already_recorded),
    LimitExceededError (scan_too_large), and the errors of `vault.authorisation.check.check` for terms and recipients.
    """
    refuse_handwritten(home.site)
    name = scan_name(scan)
    instruction = parse(document)
    register = InstructionRegister(home, document)
    refuse_terms(register, instruction, home.site, any_use(instruction), instruction.destination, clock.now())
    refuse_first(recipient_refusals(home, instruction))
    if instruction.patients["mode"] == "list":
        open_list(home, patient_list, str(instruction.patients["list_sha256"]))
    evidence = {"instruction.json": document, name: scan}
    if patient_list is not None:
        evidence[PATIENT_LIST] = patient_list
    with lock_people(home.locks):  # so that no one is erased between the check and the storing
        signatories = controllers_by_hand(home, instruction)
        introduce(home, instruction)
        pend(register, signatories.subject_id, signatories.persons, evidence, operator, clock.now())
    return register.id


def attest_by_hand(
    home: Home,
    authorisation_id: str,
    operator: Operator,
    verification: str,
    clock: Clock,
    of: str | None = None,
) -> None:
    """Attest a pending page as a second operator. The instruction can then be used, by its id. Further operators may attest it.

    `of` is the digest of the page that the operator was shown. Raises AuthorisationError (handwritten_not_allowed,
    nothing_to_attest, withdrawn, verification_unknown, attestation_of_another, attestation_altered,
    handwritten_by_doctor_only, signer_not_enrolled), OperatorError (two_attesters_needed), BusyError (doctor_busy).
    """
    refuse_handwritten(home.site)
    with lock_people(home.locks):  # so that no other page is recorded between the check and the storing
        register = _register(home, authorisation_id)
        register.refuse_withdrawn()
        pending = register.pending()
        refuse_unseen(of, digest_of_page(pending))
        refuse_altered(home, attestations_of(pending), None)
        evidence = attest(register, operator, verification, clock.now())
        signatories = controllers_by_hand(home, parse(evidence["instruction.json"]))
        register.keep_attested({**TrustStore.load(home.trust).raw, **evidence})
        how = verified_by(evidence)
        register.note_signing(Signing(SignatureKind.HANDWRITTEN, signatories.signed_as, how).to_json())


@dataclass(frozen=True)
class PendingPage:
    """A page that a second operator must examine: the readable text for a terminal, the scan, and the digest of both."""

    text: str
    scan: bytes
    digest: str


def pending_page(home: Home, authorisation_id: str) -> PendingPage:
    """Return the page that a second operator must examine. Raises AuthorisationError (nothing_to_attest)."""
    evidence = _register(home, authorisation_id).pending()
    text = parse(evidence["instruction.json"]).shown
    return PendingPage(text, scan_of(evidence)[1], digest_of_page(evidence))


def _register(home: Home, authorisation_id: str) -> InstructionRegister:
    if not authorisation_id.isalnum():
        raise AuthorisationError("nothing_to_attest")
    return InstructionRegister(home, None, authorisation_id)
