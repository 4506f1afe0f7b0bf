"""The lease: written and on disk before the first staged byte, so that the sweep knows of all that may exist."""

from __future__ import annotations

import contextlib
import os
import signal
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from schemas.errors import IntegrityError, KeyUnavailableError, UnreadableSourceError
from schemas.record import Record, dump, load
from vault.keys.provider import KeyRef
from vault.keys.registry import PROVIDERS
from vault.system import liveness
from vault.system.clock import Clock, format_utc, parse_utc
from vault.system.deadline import seconds_left
from vault.system.files import sync_folder, write_durably
from vault.system.host_identity import NAMELESS, boot_id, machine_id, pid_namespace, process_started

LEASE, UNREADABLE = "lease.json", "lease.unreadable"
SHORTEST = 4
"""So many characters of a run's id are enough to name it, where no other begins alike."""


def partial_name(run_id: str) -> str:
    """The folder beside a destination in which the package of a run of the first release grew."""
    return f".reprise-{run_id}.partial"


def parts_folder(staging: Path) -> Path:
    """Where the sealed parts of a run grow: a level down in its staging, where no stage has that shape."""
    return staging / "package" / "parts"


class Lease(Record, frozen=True):
    """One run's right to hold staging until its deadline. No personal data; never the key."""

    run_id: str
    subject_id: str
    authorisation_id: str
    use: str
    created: str
    deadline: str  # RFC 3339 Z
    boot_deadline: float  # seconds of the boot clock
    provider: str
    staging: str
    partial: str  # where sealed parts grow; of a run of the first release it may lie beside the destination
    machine_id: str
    boot_id: str
    pid_namespace: str
    owner_pid: int
    owner_started: int
    operator_id: str
    ledger_start: int  # size of the log when the lease was made: every entry of the run lies behind it
    order_id: str | None = None
    key_ref: KeyRef | None = None
    data_pid: int | None = None
    sealed_source: bool | None = None  # what the run found when it first opened its source; it may not change
    seen_clear: bool = False  # whether a clear export lay in its place, though a sealed one was wanted
    intake_id: str | None = None  # whose identity opens the sealed source, and dies with the run's key
    persons: tuple[
        str, ...
    ] = ()  # everybody whom the instruction concerns (`vault.authorisation._persons`); none in the first release

    @classmethod
    def load(cls, home: Path, run_id: str) -> Lease:
        """Read a lease; its staging is that of this home, wherever the home was when it was written.

        Raises IntegrityError (lease_unreadable) for a damaged one.
        """
        data = (home / "runs" / run_id / LEASE).read_bytes()
        lease = load(cls, data, IntegrityError, "lease_unreadable", run=run_id)
        if lease.run_id != run_id or not lease.is_sound():
            raise IntegrityError("lease_unreadable", run=run_id)
        return lease.of_home(home)

    def is_sound(self) -> bool:
        """Whether the moments are such, and nothing but the run's own folders would be removed in its name."""
        partial = Path(self.partial)
        try:
            parse_utc(self.created)
            parse_utc(self.deadline)
        except ValueError:
            return False
        return (
            all(person.isalnum() for person in self.persons)
            and self.provider in PROVIDERS
            and (partial.is_relative_to(self.staging) or partial.name == partial_name(self.run_id))
            and ".." not in partial.parts
        )

    def of_home(self, home: Path) -> Lease:
        """The lease with its folders where the home lies now."""
        own, partial = home / "staging" / self.run_id, Path(self.partial)
        if partial.is_relative_to(self.staging):
            partial = own / partial.relative_to(self.staging)
        return self.changed(staging=str(own), partial=str(partial))

    def save(self, home: Path) -> None:
        """Write the lease durably."""
        folder = home / "runs" / self.run_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.parent)
        write_durably(folder / LEASE, dump(self))

    def update(self, home: Path, **changes: Any) -> Lease:
        """Change fields of the lease as it stands on disk, durably."""
        changed = Lease.load(home, self.run_id).changed(**changes)
        changed.save(home)
        return changed

    def reload(self, home: Path) -> Lease:
        """The lease as it stands on disk."""
        return Lease.load(home, self.run_id)

    def seconds_left(self, clock: Clock) -> int:
        """Until the deadline (`vault.system.deadline` says by which clock)."""
        return seconds_left(
            clock,
            created=parse_utc(self.created),
            deadline=parse_utc(self.deadline),
            boot_id=self.boot_id,
            boot_deadline=self.boot_deadline,
            this_machine=self.machine_id == machine_id() != NAMELESS,
        )

    @property
    def locks(self) -> frozenset[str]:
        """What is held while the run is carried or ended (`vault.runs.run_lock.lock_run`)."""
        return frozenset((self.authorisation_id, self.subject_id, *self.persons))

    @property
    def folders(self) -> tuple[Path, ...]:
        """Everything below these belongs to the run and dies with it."""
        staging = Path(self.staging)
        return (staging, Path(self.partial)) if self.grew_outside else (staging,)

    @property
    def grew_outside(self) -> bool:
        """Whether parts of this run may lie outside its staging, beside its destination: a run of the first release."""
        return not Path(self.partial).is_relative_to(self.staging)

    @property
    def run_folder(self) -> Path:
        """Where the run's own record lies in its home."""
        return Path(self.staging).parent.parent / "runs" / self.run_id

    @property
    def has_files(self) -> bool:
        """Whether anything of the run's folders is there."""
        return any(folder.exists() or folder.is_symlink() for folder in self.folders)


def new_lease(
    home: Path,
    clock: Clock,
    *,
    run_id: str,
    subject_id: str,
    persons: tuple[str, ...],
    authorisation_id: str,
    use: str,
    hours: int,
    provider: str,
    partial: Path,
    operator_id: str,
    ledger_start: int,
    order_id: str | None,
) -> Lease:
    """Make and write a lease whose deadline is `hours` from now."""
    lease = Lease(
        run_id=run_id,
        subject_id=subject_id,
        persons=persons,
        authorisation_id=authorisation_id,
        use=use,
        created=format_utc(clock.now()),
        deadline=format_utc(clock.now() + timedelta(hours=hours)),
        boot_deadline=clock.boot_seconds() + hours * 3600,
        provider=provider,
        staging=str(home / "staging" / run_id),
        partial=str(partial),
        machine_id=machine_id(),
        boot_id=clock.boot_id(),
        pid_namespace=pid_namespace(),
        owner_pid=os.getpid(),
        owner_started=process_started(os.getpid()),
        operator_id=operator_id,
        ledger_start=ledger_start,
        order_id=order_id,
    )
    lease.save(home)
    return lease


def take_over(home: Path, lease: Lease, clock: Clock) -> Lease:
    """Make this process the owner; a data process of the former one is ended first. After a boot, of this boot.

    Raises KeyUnavailableError (run_of_another_host) where nobody can see whether the former owner lives.
    """
    refuse_elsewhere(lease)
    end_data_process(lease)
    return lease.update(
        home,
        boot_deadline=clock.boot_seconds() + lease.seconds_left(clock),
        boot_id=clock.boot_id(),
        pid_namespace=pid_namespace(),
        owner_pid=os.getpid(),
        owner_started=process_started(os.getpid()),
        data_pid=None,
    )


def refuse_elsewhere(lease: Lease) -> None:
    """Raise KeyUnavailableError (run_of_another_host) where nobody can see the run's processes and key."""
    if locality(lease) is Locality.FOREIGN_HOST:
        raise KeyUnavailableError("run_of_another_host", run=lease.run_id)


def find_lease(home: Path, run: str) -> Lease:
    """The lease of a run that a person named: by its id, the beginning of it, or its folder.

    Raises UnreadableSourceError (no_such_run, run_ambiguous), IntegrityError for a damaged one.
    """
    name = Path(run).name
    return Lease.load(home, name if (home / "runs" / name / LEASE).is_file() else _begun_by(home, name))


def _begun_by(home: Path, beginning: str) -> str:
    """The only run whose id begins so."""
    found = [run for run in leased_runs(home) if run.startswith(beginning)]
    if not found or len(beginning) < SHORTEST:
        raise UnreadableSourceError("no_such_run")
    if len(found) > 1:
        raise UnreadableSourceError("run_ambiguous", count=len(found))
    return found[0]


def list_runs(home: Path) -> list[Lease]:
    """All leases of a home, oldest first. Raises IntegrityError (lease_unreadable) until a sweep set a damaged one aside."""
    leases = [Lease.load(home, run_id) for run_id in _with(home, LEASE)]
    return sorted(leases, key=lambda lease: (lease.created, lease.run_id))


def leased_runs(home: Path) -> list[str]:
    """The names of the runs that have a lease, read or not."""
    return _with(home, LEASE)


def readable_runs(home: Path) -> tuple[list[Lease], list[str]]:
    """The leases, and the runs whose lease the disk does not give, now or any more: they hold up no other."""
    leases, out_of_reach = [], []
    for run_id in leased_runs(home):
        try:
            leases.append(Lease.load(home, run_id))
        except OSError:
            out_of_reach.append(run_id)
    return leases, out_of_reach


def _with(home: Path, name: str) -> list[str]:
    """The runs whose folder holds such a file."""
    folder = home / "runs"
    return sorted(p.name for p in folder.iterdir() if (p / name).is_file()) if folder.is_dir() else []


def set_unreadable_aside(home: Path) -> list[str]:
    """Put each damaged lease out of the way, so that it holds up no other run; gives the runs.

    Nobody can carry such a run further. What it staged is now a folder that no lease explains.
    """
    damaged = []
    for run_id in _with(home, LEASE):
        try:
            Lease.load(home, run_id)
        except OSError:
            continue  # that may pass (`readable_runs`)
        except IntegrityError:
            damaged.append(run_id)
            (home / "runs" / run_id / LEASE).rename(home / "runs" / run_id / UNREADABLE)
            sync_folder(home / "runs" / run_id)
    return damaged


def list_unreadable(home: Path) -> list[str]:
    """The runs whose damaged lease was set aside."""
    return _with(home, UNREADABLE)


class Locality(StrEnum):
    """What can be seen from here of where a lease was made."""

    SAME_BOOT = "same_boot"  # this machine, boot and pid namespace: its processes and its key can be seen
    REBOOTED = "rebooted"  # this machine since booted anew: its processes and its kernel keys are gone
    FOREIGN_HOST = "foreign_host"  # nobody here may judge its processes or its key


def locality(lease: Lease) -> Locality:
    """Where the lease was made, seen from here."""
    here = machine_id()
    if lease.machine_id != here:
        return Locality.FOREIGN_HOST
    if lease.boot_id != boot_id():  # a machine without an id may be another one, with its boot still going on
        return Locality.FOREIGN_HOST if here == NAMELESS else Locality.REBOOTED
    return Locality.SAME_BOOT if lease.pid_namespace == pid_namespace() else Locality.FOREIGN_HOST


def owner_alive(lease: Lease) -> bool:
    """Whether the owner lives; true when it cannot be seen from here."""
    match locality(lease):
        case Locality.SAME_BOOT:
            return liveness.may_live(lease.owner_pid, lease.owner_started)
        case Locality.REBOOTED:
            return False
        case Locality.FOREIGN_HOST:
            return True


def data_process_ended(lease: Lease) -> bool:
    """Whether no data process of the run lives; false when it cannot be seen from here."""
    seen = locality(lease)
    if seen is not Locality.SAME_BOOT:
        return seen is not Locality.FOREIGN_HOST
    lives = liveness.data_process_lives(lease.run_folder)
    return not lives if lives is not None else _ended_by_number(lease.data_pid)


_FIRST_NAME = b"flows.data_process"  # of the data process in the first release


def _ended_by_number(pid: int | None) -> bool:
    """The same of a run that the first release began: its data process holds no lock."""
    if pid is None or not liveness.exists(pid):
        return True
    try:
        return _FIRST_NAME not in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return not liveness.exists(pid)  # out of sight, and then not ended


def end_data_process(lease: Lease) -> None:
    """Kill a data process that outlived its control process; two of one run would write into one staging."""
    if locality(lease) is not Locality.SAME_BOOT or data_process_ended(lease):
        return
    if liveness.data_process_lives(lease.run_folder):
        liveness.end_data_process(lease.run_folder)
    elif lease.data_pid is not None and _is_seen(lease.data_pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(lease.data_pid, signal.SIGKILL)
        liveness.wait(lambda: data_process_ended(lease))


def _is_seen(pid: int) -> bool:
    return process_started(pid) != 0
