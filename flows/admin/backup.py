"""Backs up and restores a home, and accepts a home that is older than this host's record of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from flows.retention.round import sweep_round
from flows.session.control import Control
from schemas.errors import ForkError, RefusedError
from vault.home.backup import refuse_backup, write_backup
from vault.home.host_record import extends
from vault.home.restore import restore_backup
from vault.home_folder import Home
from vault.ledger.audit import audit
from vault.ledger.entries import EntryType
from vault.ledger.notes import VerifierKey
from vault.system.clock import SystemClock


class Reason(StrEnum):
    """Why a home is older than its host's record: the operator's statement, as a code for the ledger."""

    BACKUP_RESTORED = "backup_restored"
    DISK_FAILED = "disk_failed"
    SNAPSHOT_RESTORED = "snapshot_restored"
    MISTAKE = "mistake"
    MOVED = "moved"  # to this host, which has no record of the home
    RECORD_LOST = "record_lost"  # the record of this host


def backup(control: Control, recipients: list[str], to: Path) -> dict[str, int]:
    """Seal the home into one file. Raises TargetRefusedError, StorageFullError.

    The ledger entry is written first, so that every backup is recorded: an erasure does not reach a backup.
    """
    refuse_backup(recipients, to)
    control.record(EntryType.HOME_BACKED_UP, None, "begun", {"recipients": len(recipients)})
    return write_backup(control.home, control.ledger.store, control.clock, recipients, to)


def restore(sealed: Path, identity: str, home: Home, operator: str) -> dict[str, int | str]:
    """Unpack and check a backup, repeat the erasures before any other act, and end the runs that were unfinished in the backup.

    The operator must be enrolled in the backup. `rolled_back` is true if this host's record is ahead of the backup; then no run
    starts until an operator accepts that.
    """
    restored = restore_backup(sealed, identity, home, SystemClock(), operator)
    try:
        Control.open_restored(home, operator)
    except ForkError as error:
        if error.code != "home_rolled_back":
            raise
        return {**restored, "rolled_back": True}
    return {**restored, "rolled_back": False, "ended": sweep_round(home).destroyed}


def accept_rollback(home: Home, operator: str, reason: Reason) -> dict[str, int]:
    """Accept that entries are lost: repeat every erasure in this host's record, and record the acceptance in the ledger.

    A home whose host record is damaged or missing counts as rolled back; the number of lost entries is then unknown. Runs that
    are unfinished in the older home are ended. A person who was erased meanwhile and had such a run is erased after that. Raises
    RefusedError (home_not_rolled_back), ForkError if the remaining ledger is not intact.
    """
    control = Control.open_rolled_back(home, operator)
    store = control.ledger.store
    damaged = control.memory.malformed() or control.memory.missing(store)
    known = None if damaged else control.memory.remembered()
    if not damaged and (known is None or extends(store, known)):
        raise RefusedError("home_not_rolled_back")
    faults = audit(home.ledger, VerifierKey.parse(store.vkey), control.clock.now())
    faults = [fault for fault in faults if fault != "run_overdue"]
    if faults:
        raise ForkError(faults[0], count=len(faults))
    present = store.head().size
    remembered = known.size if known else 0
    counts = {"remembered": remembered, "found": present, "lost": max(remembered - present, 0)}
    replayed = control.forget_again(reason.value, counts)
    if known is not None:
        control.memory.note_gone("lost", f"{known.size}.{known.root}")
    control.memory.note_head(store, forced=True)
    return {**counts, **replayed.counts(), "ended": sweep_round(home).destroyed}
