"""Records instructions that were signed by hand: one operator records the page, a second operator inspects and attests it."""

from __future__ import annotations

from pathlib import Path

from flows.lifecycle.evidence import read_evidence, sent_evidence
from flows.session.acts import act, recording_refusal
from flows.session.control import Control
from schemas.regular_file import open_regular
from vault.authorisation.handwritten import MAX_SCAN_BYTES, Verification
from vault.authorisation.record_handwritten import PendingPage, attest_by_hand, pending_page, record_by_hand
from vault.ledger.entries import EntryType
from vault.pki.signed_document import Signed

__all__ = ["Verification", "attest", "pending", "record", "record_sent"]


def record(control: Control, file: Path, scan: Path) -> str:
    """Store an instruction and its scanned page as pending; return its id. Raises RefusedError, LimitExceededError."""
    with recording_refusal(control):
        signed = read_evidence(file)
    with open_regular(scan) as stream:
        page = stream.read(MAX_SCAN_BYTES + 1)  # a scan that fills the extra byte is refused below
    return _record(control, signed, page)


def record_sent(control: Control, data: bytes, page: bytes) -> str:
    """Store as pending, like `record`, an instruction and a scan that were sent and are in no file. Return the id."""
    with recording_refusal(control):
        signed = sent_evidence(data, [])
    return _record(control, signed, page)


def _record(control: Control, signed: Signed, page: bytes) -> str:
    kept, refused = EntryType.AUTHORISATION_HANDWRITTEN, EntryType.AUTHORISATION_REFUSED
    with act(control, kept, "pending", refused=refused):
        return record_by_hand(
            control.home,
            signed.document,
            page,
            control.proven_person,
            control.clock,
            signed.patients,
        )


def pending(control: Control, authorisation: str) -> PendingPage:
    """Return the text, the scan and their digest for the second operator. Raises AuthorisationError (nothing_to_attest)."""
    return pending_page(control.home, authorisation)


def attest(control: Control, authorisation: str, verified: Verification, of: str | None = None) -> None:
    """Attest, as the second operator, that the signature is the doctor's. `of` is the digest of the page that was shown.

    Raises AuthorisationError, OperatorError.
    """
    attested, refused = EntryType.AUTHORISATION_ATTESTED, EntryType.AUTHORISATION_REFUSED
    with act(control, attested, verified, refused=refused):
        attest_by_hand(control.home, authorisation, control.proven_person, verified, control.clock, of)
