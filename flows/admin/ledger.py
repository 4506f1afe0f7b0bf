"""What others need to check the ledger: policy, faults, growth, witness cosignatures, pages."""

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
    """The proof that the log only grew: old and new number of entries, the current head, one hash per line."""

    old: int
    size: int
    head: bytes
    hashes: int
    proof: bytes


def policy(control: Control) -> str:
    """Return the policy for checking proofs of this ledger."""
    return format_policy(control.ledger.store.vkey)


def faults(home: Home, heads: list[bytes], proofs: list[Path]) -> list[str]:
    """Return the faults of a home's log: in itself, and against heads and proofs kept elsewhere. Does not open the home."""
    from vault.pki.timestamps import Stamps
    from vault.proof.issued import issue_faults

    store, stamps = open_store(home), Stamps(home.stamps, home.trust)
    key = VerifierKey.parse(store.vkey)
    known = tuple(Checkpoint.parse(open_note(head, key)) for head in heads)
    for stamp in stamps.kept():  # the log must extend every head that an authority stamped
        stamps.verify(stamp.checkpoint, stamp.response)
        known += (Checkpoint.parse(open_note(stamp.checkpoint, key)),)
    found = audit(home.ledger, key, SystemClock().now(), known)
    found += [fault for folder in proofs for fault in issue_faults(folder, store)]
    return found or _host_faults(home, store)


def _host_faults(home: Home, store: FileLedger) -> list[str]:
    """Compare an intact log with this host's record: a later or different head, or no record where there should be one."""
    try:
        HostRecord.of(home).refuse_rollback(store)
    except LedgerError as fault:
        return [fault.code]
    return []


def growth(control: Control, head: bytes) -> Growth:
    """Prove consistency from a head kept earlier to the current one (RFC 9162). Raises ForkError, ProofError."""
    store = control.ledger.store
    with store.locked():
        old = Checkpoint.parse(open_note(head, VerifierKey.parse(store.vkey)))
        size, present, proof = store.head().size, store.checkpoint(), store.extend(old)
    return Growth(old.size, size, present, len(proof), format_hashes(proof).encode())


def cosign(control: Control, note: bytes) -> int:
    """Add a witness's cosignature to the current head; return the number of new lines."""
    return control.ledger.store.cosign(note)
