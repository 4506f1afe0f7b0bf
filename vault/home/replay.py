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
    """How many records were erased again, runs destroyed again, live runs handed to the sweep, instructions withdrawn again."""

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
    """Erase and destroy again what the home's tombstones, its certificates or this host know to be gone.

    `issued` records the proof folders that are issued again because of it. `destroyed` names further runs that must be gone. A
    person whose run is alive again is kept until the sweep has ended it: its certificate is made from the record that is erased
    afterwards. Idempotent.
    """
    alive = [x for x in list_runs(home) if not is_over(home, x, clock)]
    living = frozenset[str]().union(*(persons_of(home, lease) for lease in alive))
    subjects = [s for s in still_present(home, tombstones(home) | record.gone("erased")) if s not in living]
    for subject in subjects:
        forget_subject(home, subject, issued)
    known = destroyed | record.gone("destroyed")
    leases = {lease.run_id: lease for lease in list_runs(home)}
    back = [x for x in leases.values() if (x.run_id in known or is_ended(home, x.run_id)) and _is_back(x)]
    for lease in back:
        destroy_run(home, lease, inventory_staging(lease), 0)
    leaseless = [home.staging / run for run in sorted(known - set(leases)) if (home.staging / run).exists()]
    for folder in leaseless:
        remove(folder)
    return Replayed(len(subjects), len(back) + len(leaseless), withdrawals=_withdraw_again(home, record))


def _withdraw_again(home: Home, record: HostRecord) -> int:
    """Withdraw what this host knows to be withdrawn and an older copy of the home does not. Return how many."""
    done = 0
    for name in sorted(record.gone("withdrawn")):
        # An erased or damaged instruction cannot be used anyway.
        with contextlib.suppress(RepriseError, OSError, ValueError):
            if not is_withdrawn(home, name):
                withdraw(home, name, {})
                done += 1
    return done


def _is_back(lease: Lease) -> bool:
    try:
        if lease.has_files:
            return True
    except OSError:
        return False  # an unreadable path must not block the others
    ref = key_of(lease)
    return ref is not None and provider(lease.provider).state(ref) is KeyState.PRESENT


def destroyed_in(store: FileLedger) -> frozenset[str]:
    """Return the runs whose destruction is in the ledger."""
    bodies = (json.loads(entry) for entry in store.read(0, store.head().size))
    return frozenset(str(b["runId"]) for b in bodies if b["type"] == EntryType.DESTRUCTION_COMPLETED)


def hand_to_sweep(home: Home, reason: str) -> int:
    """Mark every live run to be ended by the sweep: its staging and key are from another time. Return how many."""
    alive = [lease for lease in list_runs(home) if not is_ended(home, lease.run_id)]
    for lease in alive:
        write_fact(home, lease.run_id, Restored(reason))
    return len(alive)


class RestoredNote(Record, frozen=True):
    """In a restored home: when and where, from which backup, and whether the erasures have been repeated since."""

    at: str = ""  # empty, like the fields below: the note had become unreadable
    boot_id: str = ""
    machine: str = ""
    taken: str = ""  # when the backup was made
    size: int = 0
    root: str = ""
    replayed: bool = False


def note_restored(home: Home, note: RestoredNote) -> None:
    """Record in the home that it was restored: the next process that opens it first repeats the erasures."""
    write_durably(home.restored_note, dump(note))


def restore_pending(home: Home) -> bool:
    """Return whether a restored home has not yet repeated its erasures; also where its note cannot be read."""
    return home.restored_note.is_file() and not _restored(home).replayed


def close_restore(home: Home) -> None:
    """Record that the erasures were repeated; where the home came from stays on record."""
    if home.restored_note.is_file():
        note_restored(home, _restored(home).changed(replayed=True))


def _restored(home: Home) -> RestoredNote:
    return load_or_none(RestoredNote, home.restored_note.read_bytes()) or RestoredNote()
