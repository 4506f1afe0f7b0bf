"""The lease of a run. It is on disk before the first staged byte, so that the sweep knows everything that may exist."""

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
from vault.home_folder import Home
from vault.keys.provider import KeyRef
from vault.keys.registry import PROVIDERS
from vault.system import liveness
from vault.system.clock import Clock, format_utc, parse_utc
from vault.system.deadline import seconds_left
from vault.system.files import sync_folder, write_durably
from vault.system.host_identity import NAMELESS, boot_id, machine_id, pid_namespace, process_started

LEASE, UNREADABLE = "lease.json", "lease.unreadable"
MIN_ID_CHARACTERS = 4
"""An operator may name a run by the beginning of its id, if this has so many characters and no other run id begins like that."""


def partial_name(run_id: str) -> str:
    """Return the name of the folder, beside a destination, in which a run of the first release built its package."""
    return f".reprise-{run_id}.partial"


def parts_folder(staging: Path) -> Path:
    """Return the folder for the sealed parts of a run, in its staging. No stage of a step is a folder in a folder."""
    return staging / "package" / "parts"


class Lease(Record, frozen=True):
    """One run's right to hold staging until its deadline. It holds no personal data and no key."""

    run_id: str
    subject_id: str
    authorisation_id: str
    use: str
    created: str
    deadline: str  # RFC 3339 Z
    boot_deadline: float  # seconds of the boot clock
    provider: str
    staging: str
    partial: str  # where sealed parts are built; in the first release possibly beside the destination
    machine_id: str
    boot_id: str
    pid_namespace: str
    owner_pid: int  # the control process
    owner_started: int  # in clock ticks since boot
    operator_id: str
    ledger_start: int  # size of the log when the lease was made: every entry of the run comes after it
    order_id: str | None = None
    key_ref: KeyRef | None = None
    data_pid: int | None = None
    sealed_source: bool | None = (
        None  # whether the source was sealed when the run first opened it; must not change
    )
    seen_clear: bool = False  # whether a clear export was found, although a sealed one was required
    intake_id: str | None = (
        None  # the identity of this intake opens the source, and is destroyed with the run's key
    )
    data_processes: int = 1  # the number that hold the key at the same time; recorded before they start
    persons: tuple[
        str, ...
    ] = ()  # all persons whom the instruction concerns (`vault.authorisation._persons`); empty in the first release

    @classmethod
    def load(cls, home: Home, run_id: str) -> Lease:
        """Load a lease, with its folders at the home's current path. Raises OSError, IntegrityError (lease_unreadable)."""
        data = (home.run(run_id) / LEASE).read_bytes()
        lease = load(cls, data, IntegrityError, "lease_unreadable", run=run_id)
        if lease.run_id != run_id or not lease.is_sound():
            raise IntegrityError("lease_unreadable", run=run_id)
        return lease.of_home(home)

    def is_sound(self) -> bool:
        """Return whether the lease has valid times and names only folders of the run, so that no other folder can be removed."""
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

    def of_home(self, home: Home) -> Lease:
        """Return the lease with its folders at the home's current path."""
        own, partial = home.staging / self.run_id, Path(self.partial)
        if partial.is_relative_to(self.staging):
            partial = own / partial.relative_to(self.staging)
        return self.changed(staging=str(own), partial=str(partial))

    def save(self, home: Home) -> None:
        """Write the lease durably."""
        folder = home.run(self.run_id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.parent)
        write_durably(folder / LEASE, dump(self))

    def update(self, home: Home, **changes: Any) -> Lease:
        """Load the lease from disk, change fields, save it and return it."""
        changed = Lease.load(home, self.run_id).changed(**changes)
        changed.save(home)
        return changed

    def reload(self, home: Home) -> Lease:
        """Return the lease as it is on disk."""
        return Lease.load(home, self.run_id)

    def seconds_left(self, clock: Clock) -> int:
        """Return the seconds until the deadline, computed by `vault.system.deadline`."""
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
        """The names of the locks that are held while the run is carried out or ended (`vault.runs.run_lock.lock_run`)."""
        return frozenset((self.authorisation_id, self.subject_id, *self.persons))

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of the run. Everything in them is destroyed with the run."""
        staging = Path(self.staging)
        return (staging, Path(self.partial)) if self.grew_outside else (staging,)

    @property
    def grew_outside(self) -> bool:
        """Return whether this is a run of the first release with parts outside its staging, beside its destination."""
        return not Path(self.partial).is_relative_to(self.staging)

    @property
    def run_folder(self) -> Path:
        """The folder of the run's own record in its home."""
        return Path(self.staging).parent.parent / "runs" / self.run_id

    @property
    def has_files(self) -> bool:
        """Return whether one of the run's folders exists."""
        return any(folder.exists() or folder.is_symlink() for folder in self.folders)


def new_lease(
    home: Home,
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
    """Create and write a lease whose deadline is `hours` from now."""
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
        staging=str(home.staging / run_id),
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


def take_over(home: Home, lease: Lease, clock: Clock) -> Lease:
    """Kill a data process of the former owner, make this process the owner, and return the changed lease.

    Raises KeyUnavailableError (run_of_another_host) if this host cannot see the former owner.
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
    """Refuse a run whose processes and key this host cannot see. Raises KeyUnavailableError (run_of_another_host)."""
    if locality(lease) is Locality.FOREIGN_HOST:
        raise KeyUnavailableError("run_of_another_host", run=lease.run_id)


def find_lease(home: Home, run: str) -> Lease:
    """Find the lease of a run by its id, the start of its id, or its folder.

    Raises UnreadableSourceError (no_such_run, run_ambiguous), IntegrityError (lease_unreadable).
    """
    name = Path(run).name
    return Lease.load(home, name if (home.run(name) / LEASE).is_file() else _begun_by(home, name))


def _begun_by(home: Home, beginning: str) -> str:
    """Return the only run whose id begins with this text."""
    run_ids = [run for run in leased_runs(home) if run.startswith(beginning)]
    if not run_ids or len(beginning) < MIN_ID_CHARACTERS:
        raise UnreadableSourceError("no_such_run")
    if len(run_ids) > 1:
        raise UnreadableSourceError("run_ambiguous", count=len(run_ids))
    return run_ids[0]


def list_runs(home: Home) -> list[Lease]:
    """Return all leases, oldest first. Raises IntegrityError (lease_unreadable) if a lease is damaged and not yet set aside."""
    leases = [Lease.load(home, run_id) for run_id in _with(home, LEASE)]
    return sorted(leases, key=lambda lease: (lease.created, lease.ledger_start, lease.run_id))


def has_lease(home: Home, run_id: str) -> bool:
    """Return whether the run has a lease, readable or not."""
    return (home.run(run_id) / LEASE).is_file()


def leased_runs(home: Home) -> list[str]:
    """Return the names of the runs that have a lease, readable or not."""
    return _with(home, LEASE)


def readable_runs(home: Home) -> tuple[list[Lease], list[str]]:
    """Return the leases, and the ids of runs whose file cannot be read from disk, so that these do not block the others.

    Raises IntegrityError (lease_unreadable) if a lease is damaged.
    """
    leases, without_readable_file = [], []
    for run_id in leased_runs(home):
        try:
            leases.append(Lease.load(home, run_id))
        except OSError:
            without_readable_file.append(run_id)
    return leases, without_readable_file


def _with(home: Home, name: str) -> list[str]:
    """Return the runs whose folder holds a file of this name."""
    folder = home.runs
    return sorted(p.name for p in folder.iterdir() if (p / name).is_file()) if folder.is_dir() else []


def set_unreadable_aside(home: Home) -> list[str]:
    """Rename each damaged lease, so that it does not block other runs. Return the ids of its runs.

    Such a run cannot continue. Its staging is then a folder that belongs to no lease.
    """
    damaged = []
    for run_id in _with(home, LEASE):
        try:
            Lease.load(home, run_id)
        except OSError:
            continue  # the error may be temporary (`readable_runs`)
        except IntegrityError:
            damaged.append(run_id)
            (home.run(run_id) / LEASE).rename(home.run(run_id) / UNREADABLE)
            sync_folder(home.run(run_id))
    return damaged


def is_set_aside(home: Home, run_id: str) -> bool:
    """Return whether the run's damaged lease was set aside."""
    return (home.run(run_id) / UNREADABLE).is_file()


def list_unreadable(home: Home) -> list[str]:
    """Return the runs whose damaged lease was set aside."""
    return _with(home, UNREADABLE)


class Locality(StrEnum):
    """The place where a lease was made, relative to this host."""

    SAME_BOOT = "same_boot"  # this machine, boot and pid namespace: its processes and its key are visible
    REBOOTED = "rebooted"  # this machine before a reboot: its processes and its kernel keys are gone
    FOREIGN_HOST = "foreign_host"  # this host cannot judge its processes or its key


def locality(lease: Lease) -> Locality:
    """Return where the lease was made, relative to this host."""
    local_machine = machine_id()
    if lease.machine_id != local_machine:
        return Locality.FOREIGN_HOST
    if lease.boot_id != boot_id():  # a machine without an id may be another one whose boot is still running
        return Locality.FOREIGN_HOST if local_machine == NAMELESS else Locality.REBOOTED
    return Locality.SAME_BOOT if lease.pid_namespace == pid_namespace() else Locality.FOREIGN_HOST


def owner_alive(lease: Lease) -> bool:
    """Return whether the control process that owns the lease is running; true if this host cannot see the process."""
    match locality(lease):
        case Locality.SAME_BOOT:
            return liveness.may_live(lease.owner_pid, lease.owner_started)
        case Locality.REBOOTED:
            return False
        case Locality.FOREIGN_HOST:
            return True


def data_process_ended(lease: Lease) -> bool:
    """Return whether every data process of the run has ended; false if this host cannot see the processes."""
    place = locality(lease)
    if place is not Locality.SAME_BOOT:
        return place is not Locality.FOREIGN_HOST
    running = liveness.data_process_lives(lease.run_folder)
    return not running if running is not None else _pid_ended(lease.data_pid)


_FIRST_RELEASE_MODULE = b"flows.data_process"  # the module of the data process in the first release


def _pid_ended(pid: int | None) -> bool:
    """Return whether the data process of a run of the first release has ended; false if it is not visible. It holds no lock."""
    if pid is None or not liveness.exists(pid):
        return True
    try:
        return _FIRST_RELEASE_MODULE not in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return not liveness.exists(pid)


def end_data_process(lease: Lease) -> None:
    """Kill the run's data process if it is still running, so that no two data processes of a run write into its staging."""
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
