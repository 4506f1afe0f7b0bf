"""Repeats erasures and destructions after an older copy of the home was restored."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass

from schemas.errors import RepriseError
from schemas.record import Record, dump, load_or_none
from vault.authorisation.check import is_withdrawn, withdraw
from vault.authorisation.register import persons_of
from vault.destruction.destroy import destroy_run, inventory_staging, key_of, remove
from vault.destruction.due import is_over
from vault.home.erasure import Issued, forget_subject
from vault.home.host_record import HostRecord
from vault.home_folder import Home
from vault.keys.provider import KeyState
from vault.keys.registry import provider
from vault.ledger.entries import EntryType
from vault.ledger.log import FileLedger
from vault.records.tombstones import still_present, tombstones
from vault.runs.facts import Restored, is_ended, write_fact
from vault.runs.lease import Lease, list_runs
from vault.system.clock import Clock
from vault.system.files import write_durably


@dataclass(frozen=True)
class Replayed:
    """The numbers of records erased, runs destroyed and instructions withdrawn again, and of unfinished runs for the sweep."""

    subjects: int = 0
    runs: int = 0
    alive: int = 0
    withdrawals: int = 0

    def counts(self) -> dict[str, int]:
        """Return the counts for the ledger."""
        return asdict(self)


def replay(
    home: Home,
    record: HostRecord,
    clock: Clock,
    issued: Issued,
    destroyed: frozenset[str] = frozenset(),
) -> Replayed:
    """Erase and destroy again what was erased or destroyed according to tombstones, certificates or this host's record.

    `issued` is called for each proof folder that is issued again. `destroyed` names further runs that were destroyed. A person of
    an unfinished run is not erased before the sweep has ended the run, because the certificate is made from the person's record.
    It can be repeated.
    """
    unfinished = [lease for lease in list_runs(home) if not is_over(home, lease, clock)]
    needed = frozenset[str]().union(*(persons_of(home, lease) for lease in unfinished))
    subjects = [s for s in still_present(home, tombstones(home) | record.gone("erased")) if s not in needed]
    for subject in subjects:
        forget_subject(home, subject, issued)
    known = destroyed | record.gone("destroyed")
    leases = {lease.run_id: lease for lease in list_runs(home)}
    restored = [x for x in leases.values() if (x.run_id in known or is_ended(home, x.run_id)) and _exists(x)]
    for lease in restored:
        destroy_run(home, lease, inventory_staging(lease), 0)
    leaseless = [home.staging / run for run in sorted(known - set(leases)) if (home.staging / run).exists()]
    for folder in leaseless:
        remove(folder)
    return Replayed(len(subjects), len(restored) + len(leaseless), withdrawals=_withdraw_again(home, record))


def _withdraw_again(home: Home, record: HostRecord) -> int:
    """Withdraw the instructions that are withdrawn according to this host's record, but not in the home. Return their number."""
    withdrawn = 0
    for name in sorted(record.gone("withdrawn")):
        # An erased or damaged instruction cannot be used anyway.
        with contextlib.suppress(RepriseError, OSError, ValueError):
            if not is_withdrawn(home, name):
                withdraw(home, name, {})
                withdrawn += 1
    return withdrawn


def _exists(lease: Lease) -> bool:
    """Return whether files or the key of a run exist."""
    try:
        if lease.has_files:
            return True
    except OSError:
        return False  # an unreadable path must not block the others
    ref = key_of(lease)
    return ref is not None and provider(lease.provider).state(ref) is KeyState.PRESENT


def destroyed_in(store: FileLedger) -> frozenset[str]:
    """Return the ids of the runs whose destruction is in the ledger."""
    bodies = (json.loads(entry) for entry in store.read(0, store.head().size))
    return frozenset(str(b["runId"]) for b in bodies if b["type"] == EntryType.DESTRUCTION_COMPLETED)


def hand_to_sweep(home: Home, reason: str) -> int:
    """Mark every unfinished run, so that the sweep ends it: its staging and key are older than the run. Return their number."""
    unfinished = [lease for lease in list_runs(home) if not is_ended(home, lease.run_id)]
    for lease in unfinished:
        write_fact(home, lease.run_id, Restored(reason))
    return len(unfinished)


class RestoredNote(Record, frozen=True):
    """The note of a restore: its time and machine, the backup, and whether the erasures have been repeated since."""

    at: str = ""  # empty, like the fields below: the note had become unreadable
    boot_id: str = ""
    machine: str = ""
    taken: str = ""  # when the backup was made
    size: int = 0
    root: str = ""
    replayed: bool = False


def note_restored(home: Home, note: RestoredNote) -> None:
    """Record that the home was restored. The next process that opens the home repeats the erasures first."""
    write_durably(home.restored_note, dump(note))


def restore_pending(home: Home) -> bool:
    """Return whether the erasures of a restored home were not yet repeated; true if its note cannot be read."""
    return home.restored_note.is_file() and not _restored(home).replayed


def close_restore(home: Home) -> None:
    """Record in the note of the restore that the erasures were repeated."""
    if home.restored_note.is_file():
        note_restored(home, _restored(home).changed(replayed=True))


def _restored(home: Home) -> RestoredNote:
    return load_or_none(RestoredNote, home.restored_note.read_bytes()) or RestoredNote()
