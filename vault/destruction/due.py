"""Finds what a sweep must handle: runs that are overdue, withdrawn, partly destroyed or without a key, and unknown folders."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from vault.authorisation.check import is_withdrawn
from vault.home_folder import Home
from vault.intake.record import intake_of, list_intakes, rearm_identity
from vault.keys.linux_keyring import KernelKeyring
from vault.runs.facts import GivenUp, Intent, Restored, has_fact, is_ended
from vault.runs.lease import Lease, Locality, has_lease, locality, owner_alive, readable_runs
from vault.staging.ownership import is_ours
from vault.system.clock import Clock


def live_runs(home: Home) -> Iterator[Lease]:
    """Return an iterator over every readable lease of a run without a certificate."""
    return (lease for lease in readable_runs(home)[0] if not is_ended(home, lease.run_id))


def reason_to_look(home: Home, lease: Lease, clock: Clock) -> str | None:
    """Return why the sweep must handle a run without a certificate; None if the run is in progress and has time left.

    deadline | withdrawn | half_destroyed | key_lost | resumable | elsewhere (overdue, but of a host that cannot be seen)
    """
    overdue = lease.seconds_left(clock) <= 0
    if locality(lease) is Locality.FOREIGN_HOST:
        return "elsewhere" if overdue and lease.has_files else None
    if is_restored(home, lease.run_id):
        return "key_lost"
    if overdue:
        return "deadline"
    return None if owner_alive(lease) else _reason_of_orphan(home, lease)


def _reason_of_orphan(home: Home, lease: Lease) -> str:
    """Return why the sweep must handle a run whose control process has ended."""
    if is_withdrawn(home, lease.authorisation_id):
        return "withdrawn"
    if any(has_fact(home, lease.run_id, kind) for kind in (Intent, GivenUp)):
        return "half_destroyed"
    return "key_lost" if lease.provider == "memory" else "resumable"


def is_restored(home: Home, run_id: str) -> bool:
    """Return whether the run was in progress in a restored backup. Such a run is never resumed; the sweep ends it."""
    return has_fact(home, run_id, Restored)


def is_over(home: Home, lease: Lease, clock: Clock) -> bool:
    """Return whether the run needs nothing more: it has its certificate, or can never get one on this host.

    A run can never get a certificate here if this host cannot see the host of the run, the deadline has passed, and no file of
    the run is left.
    """
    if is_ended(home, lease.run_id):
        return True
    return locality(lease) is Locality.FOREIGN_HOST and lease.seconds_left(clock) <= 0 and not lease.has_files


def forget_key(run_id: str) -> None:
    """Destroy the key of a run with an unreadable lease, if this kernel has a key with the run's name."""
    ref = KernelKeyring().find(run_id)
    if ref is not None:
        KernelKeyring().destroy(ref)


def find_unknown(home: Home) -> tuple[list[Path], list[Path]]:
    """Return the entries of `staging/` that belong to no lease: those with this home's mark, and the others, for a person."""
    folder = home.staging
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    # leases are read after the folders, so that a run that begins meanwhile has its lease
    strays = [path for path in entries if not has_lease(home, path.name)]
    marked = [path for path in strays if is_ours(home, path)]
    return marked, [path for path in strays if path not in marked]


def rearm_keys(home: Home, clock: Clock) -> None:
    """Set every key's timeout again from the boot clock: the kernel's timeout follows the wall clock, which can be set."""
    for lease in live_runs(home):
        with contextlib.suppress(OSError):  # an unreadable run must not block the others
            rearm_key(home, lease, clock)
    for intake in list_intakes(home):
        with contextlib.suppress(OSError):
            if intake.run_id is None:
                rearm_identity(home, intake, intake.seconds_left(clock))


def rearm_key(home: Home, lease: Lease, clock: Clock) -> None:
    """Set the timeouts of a run's key and of its intake's identity again, if they are in this kernel."""
    if locality(lease) is not Locality.SAME_BOOT:
        return
    if lease.key_ref is not None and lease.provider == KernelKeyring.name:
        KernelKeyring().rearm(lease.key_ref, lease.seconds_left(clock))
    intake = intake_of(home, lease)
    if intake is not None and intake.run_id == lease.run_id:
        rearm_identity(home, intake, lease.seconds_left(clock))
