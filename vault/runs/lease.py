"""The lease: on disk before the first staged byte, so that the sweep knows of everything that may exist."""

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
SHORTEST = 4
"""The minimum number of characters that identify a run, if no other run id begins with them."""


def partial_name(run_id: str) -> str:
    """Returns the folder beside a destination in which a run of the first release built its package."""
    return f".reprise-{run_id}.partial"


def parts_folder(staging: Path) -> Path:
    """Returns the folder for the sealed parts of a run: one level below its staging, where no stage has that shape."""
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
    partial: str  # where sealed parts are built; in the first release possibly beside the destination
    machine_id: str
    boot_id: str
    pid_namespace: str
    owner_pid: int
    owner_started: int
    operator_id: str
    ledger_start: int  # size of the log when the lease was made: every entry of the run comes after it
    order_id: str | None = None
    key_ref: KeyRef | None = None
    data_pid: int | None = None
    sealed_source: bool | None = None  # what the run found when it first opened its source; must not change
    seen_clear: bool = False  # whether a clear export was in its place, although a sealed one was required
    intake_id: str | None = None  # its identity opens the source, and is destroyed with the run's key
    data_processes: int = 1  # that held the key at the same time; recorded before they do
    persons: tuple[
        str, ...
    ] = ()  # all persons whom the instruction concerns (`vault.authorisation._persons`); empty in the first release

    @classmethod
    def load(cls, home: Home, run_id: str) -> Lease:
        """Load a lease. Its staging is that of this home, even if the home has moved since.

        Raises IntegrityError (lease_unreadable) for a damaged one.
        """
        data = (home.run(run_id) / LEASE).read_bytes()
        lease = load(cls, data, IntegrityError, "lease_unreadable", run=run_id)
        if lease.run_id != run_id or not lease.is_sound():
            raise IntegrityError("lease_unreadable", run=run_id)
        return lease.of_home(home)

    def is_sound(self) -> bool:
        """Whether its moments are valid, and its folders are only the run's own, so that nothing else can be removed."""
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
        """Returns the lease with its folders at the home's current path."""
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
        """Change fields of the lease as it is on disk, durably."""
        changed = Lease.load(home, self.run_id).changed(**changes)
        changed.save(home)
        return changed

    def reload(self, home: Home) -> Lease:
        """Returns the lease as it is on disk."""
        return Lease.load(home, self.run_id)

    def seconds_left(self, clock: Clock) -> int:
        """Returns the seconds until the deadline (`vault.system.deadline` explains by which clock)."""
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
        """Names of the locks that are held while the run is carried out or ended (`vault.runs.run_lock.lock_run`)."""
        return frozenset((self.authorisation_id, self.subject_id, *self.persons))

    @property
    def folders(self) -> tuple[Path, ...]:
        """Everything below these folders belongs to the run and is destroyed with it."""
        staging = Path(self.staging)
        return (staging, Path(self.partial)) if self.grew_outside else (staging,)

    @property
    def grew_outside(self) -> bool:
        """Whether parts of this run may lie outside its staging, beside its destination: only in a run of the first release."""
        return not Path(self.partial).is_relative_to(self.staging)

    @property
    def run_folder(self) -> Path:
        """The folder of the run's own record in its home."""
        return Path(self.staging).parent.parent / "runs" / self.run_id

    @property
    def has_files(self) -> bool:
        """Whether any of the run's folders still holds something."""
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
    """Make this process the owner, of the current boot. A data process of the former owner is ended first.

    Raises KeyUnavailableError (run_of_another_host) where the former owner is not visible.
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
    """Raise KeyUnavailableError (run_of_another_host) where the run's processes and key are not visible."""
    if locality(lease) is Locality.FOREIGN_HOST:
        raise KeyUnavailableError("run_of_another_host", run=lease.run_id)


def find_lease(home: Home, run: str) -> Lease:
    """Find the lease of a run by its id, the start of its id, or its folder.

    Raises UnreadableSourceError (no_such_run, run_ambiguous), IntegrityError for a damaged one.
    """
    name = Path(run).name
    return Lease.load(home, name if (home.run(name) / LEASE).is_file() else _begun_by(home, name))


def _begun_by(home: Home, beginning: str) -> str:
    """Returns the only run whose id begins with this text."""
    found = [run for run in leased_runs(home) if run.startswith(beginning)]
    if not found or len(beginning) < SHORTEST:
        raise UnreadableSourceError("no_such_run")
    if len(found) > 1:
        raise UnreadableSourceError("run_ambiguous", count=len(found))
    return found[0]


def list_runs(home: Home) -> list[Lease]:
    """Returns all leases, oldest first. Raises IntegrityError (lease_unreadable) until a sweep sets a damaged one aside."""
    leases = [Lease.load(home, run_id) for run_id in _with(home, LEASE)]
    return sorted(leases, key=lambda lease: (lease.created, lease.ledger_start, lease.run_id))


def has_lease(home: Home, run_id: str) -> bool:
    """Whether the run has a lease, readable or not."""
    return (home.run(run_id) / LEASE).is_file()


def leased_runs(home: Home) -> list[str]:
    """Returns the names of the runs that have a lease, readable or not."""
    return _with(home, LEASE)


def readable_runs(home: Home) -> tuple[list[Lease], list[str]]:
    """Returns the leases, and the runs whose lease cannot be read from disk; those must not block the others."""
    leases, out_of_reach = [], []
    for run_id in leased_runs(home):
        try:
            leases.append(Lease.load(home, run_id))
        except OSError:
            out_of_reach.append(run_id)
    return leases, out_of_reach


def _with(home: Home, name: str) -> list[str]:
    """Returns the runs whose folder holds a file of this name."""
    folder = home.runs
    return sorted(p.name for p in folder.iterdir() if (p / name).is_file()) if folder.is_dir() else []


def set_unreadable_aside(home: Home) -> list[str]:
    """Set each damaged lease aside, so that it does not block other runs. Returns the runs.

    Such a run cannot continue. Its staging is now a folder that belongs to no lease.
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
    """Whether the run's damaged lease was set aside."""
    return (home.run(run_id) / UNREADABLE).is_file()


def list_unreadable(home: Home) -> list[str]:
    """Returns the runs whose damaged lease was set aside."""
    return _with(home, UNREADABLE)


class Locality(StrEnum):
    """What this host can see of the place where a lease was made."""

    SAME_BOOT = "same_boot"  # this machine, boot and pid namespace: its processes and its key are visible
    REBOOTED = "rebooted"  # this machine before a reboot: its processes and its kernel keys are gone
    FOREIGN_HOST = "foreign_host"  # this host cannot judge its processes or its key


def locality(lease: Lease) -> Locality:
    """Returns where the lease was made, relative to this host."""
    local_machine = machine_id()
    if lease.machine_id != local_machine:
        return Locality.FOREIGN_HOST
    if lease.boot_id != boot_id():  # a machine without an id may be another one whose boot is still running
        return Locality.FOREIGN_HOST if local_machine == NAMELESS else Locality.REBOOTED
    return Locality.SAME_BOOT if lease.pid_namespace == pid_namespace() else Locality.FOREIGN_HOST


def owner_alive(lease: Lease) -> bool:
    """Whether the owner lives; true when it is not visible from here."""
    match locality(lease):
        case Locality.SAME_BOOT:
            return liveness.may_live(lease.owner_pid, lease.owner_started)
        case Locality.REBOOTED:
            return False
        case Locality.FOREIGN_HOST:
            return True


def data_process_ended(lease: Lease) -> bool:
    """Whether no data process of the run lives; false when it is not visible from here."""
    seen = locality(lease)
    if seen is not Locality.SAME_BOOT:
        return seen is not Locality.FOREIGN_HOST
    lives = liveness.data_process_lives(lease.run_folder)
    return not lives if lives is not None else _ended_by_number(lease.data_pid)


_FIRST_NAME = b"flows.data_process"  # module of the data process in the first release


def _ended_by_number(pid: int | None) -> bool:
    """The same for a run of the first release, whose data process holds no lock."""
    if pid is None or not liveness.exists(pid):
        return True
    try:
        return _FIRST_NAME not in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return not liveness.exists(pid)  # if it is not visible, it does not count as ended


def end_data_process(lease: Lease) -> None:
    """Kill a data process that outlived its control process: two of one run would write into one staging."""
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
