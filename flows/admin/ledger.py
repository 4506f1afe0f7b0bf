"""The ledger as others check it: its policy, its faults, its growth, what witnesses signed, its pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flows.lifecycle.run_views import seen_runs
from flows.session.control import Control
from schemas.errors import LedgerError
from vault.home.host_record import HostRecord
from vault.ledger.audit import audit
from vault.ledger.entries import format_hashes
from vault.ledger.home_log import open_store
from vault.ledger.log import FileLedger
from vault.ledger.notes import Checkpoint, VerifierKey, open_note
from vault.ledger.policy import format_policy
from vault.site import Site
from vault.system.clock import SystemClock


@dataclass(frozen=True)
class Growth:
    """The proof that the log only grew: from how many entries to how many, the present head, one hash a line."""

    old: int
    size: int
    head: bytes
    hashes: int
    proof: bytes


def policy(control: Control) -> str:
    """What anybody checks this ledger's proofs by."""
    return format_policy(control.ledger.store.vkey)


def faults(home: Path, heads: list[bytes], proofs: list[Path]) -> list[str]:
    """What is wrong with a home's log, by itself and held against heads and proofs that were kept; the home is not opened."""
    from vault.ledger.issued import issue_faults
    from vault.pki.timestamps import Stamps

    store, stamps = open_store(home), Stamps(home)
    key = VerifierKey.parse(store.vkey)
    known = tuple(Checkpoint.parse(open_note(head, key)) for head in heads)
    for stamp in stamps.kept():  # what an authority has seen, the log must extend
        stamps.verify(stamp.checkpoint, stamp.response)
        known += (Checkpoint.parse(open_note(stamp.checkpoint, key)),)
    found = audit(home / "ledger", key, SystemClock().now(), known)
    found += [fault for folder in proofs for fault in issue_faults(folder, store)]
    return found or _host_faults(home, store)


def _host_faults(home: Path, store: FileLedger) -> list[str]:
    """What this host remembers of a log that is whole in itself: a later or another head, or nothing although it should."""
    try:
        HostRecord.of(home, Site.load(home)).refuse_rollback(store)
    except LedgerError as fault:
        return [fault.code]
    return []


def growth(control: Control, head: bytes) -> Growth:
    """From a head that somebody kept to the present one (RFC 9162). Raises ForkError, ProofError."""
    store = control.ledger.store
    with store.locked():
        old = Checkpoint.parse(open_note(head, VerifierKey.parse(store.vkey)))
        size, present, proof = store.head().size, store.checkpoint(), store.extend(old)
    return Growth(old.size, size, present, len(proof), format_hashes(proof).encode())


def cosign(control: Control, note: bytes) -> int:
    """Add what a witness signed to the present head; how many lines were new."""
    return control.ledger.store.cosign(note)


def write_pages(control: Control, folder: Path) -> int:
    """Write static pages over every run; how many."""
    from dashboard.export import export_pages

    return export_pages(folder, control.home, seen_runs(control), control.ledger.store, policy(control))
