"""Gives others what they need to check the ledger: policy, faults, proofs of growth; and takes cosignatures of witnesses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flows.session.control import Control
from schemas.errors import LedgerError
from vault.home.host_record import HostRecord
from vault.home_folder import Home
from vault.ledger.audit import audit
from vault.ledger.entries import format_hashes
from vault.ledger.home_log import open_store
from vault.ledger.log import FileLedger
from vault.ledger.notes import Checkpoint, VerifierKey, open_note
from vault.ledger.policy import format_policy
from vault.system.clock import SystemClock


@dataclass(frozen=True)
class Growth:
    """The proof that the log only grew from an old head to the current head."""

    old: int  # number of entries of the old head
    size: int  # number of entries of the current head
    head: bytes
    hashes: int  # number of hashes in the proof
    proof: bytes  # text, one hash per line


def policy(control: Control) -> str:
    """Return the policy for checking proofs of this ledger."""
    return format_policy(control.ledger.store.vkey)


def faults(home: Home, heads: list[bytes], proofs: list[Path]) -> list[str]:
    """Return the faults of a home's log: in itself, and against heads and proofs that were kept elsewhere.

    The home is not opened, so that a home that cannot be opened can be checked.
    """
    from vault.pki.timestamps import Stamps
    from vault.proof.issued import issue_faults

    store, stamps = open_store(home), Stamps(home.stamps, home.trust)
    key = VerifierKey.parse(store.vkey)
    known = tuple(Checkpoint.parse(open_note(head, key)) for head in heads)
    for stamp in stamps.kept():  # the log must extend every head that an authority stamped
        stamps.verify(stamp.checkpoint, stamp.response)
        known += (Checkpoint.parse(open_note(stamp.checkpoint, key)),)
    codes = audit(home.ledger, key, SystemClock().now(), known)
    codes += [fault for folder in proofs for fault in issue_faults(folder, store)]
    return codes or _host_faults(home, store)


def _host_faults(home: Home, store: FileLedger) -> list[str]:
    """Return the code of a difference between an intact log and this host's record: a later or another head, or no record."""
    try:
        HostRecord.of(home).refuse_rollback(store)
    except LedgerError as fault:
        return [fault.code]
    return []


def growth(control: Control, head: bytes) -> Growth:
    """Return the proof of consistency from an earlier head to the current head (RFC 9162). Raises ForkError, ProofError."""
    store = control.ledger.store
    with store.locked():
        old = Checkpoint.parse(open_note(head, VerifierKey.parse(store.vkey)))
        size, present, proof = store.head().size, store.checkpoint(), store.extend(old)
    return Growth(old.size, size, present, len(proof), format_hashes(proof).encode())


def cosign(control: Control, note: bytes) -> int:
    """Add a witness's cosignature to the current head; return the number of new lines."""
    return control.ledger.store.cosign(note)
