"""Destroys what is due, without an operator, and even if Prefect, the network and all other processes of Reprise are down."""

from __future__ import annotations

import contextlib
from pathlib import Path

from flows.engine.run import END_WAIT_SECONDS, end_unpublished
from flows.lifecycle.copies import sweep_copies
from flows.lifecycle.intakes import close_due
from flows.session.control import Control
from flows.session.orders import drop_stale_orders
from flows.session.results import SweepReport
from flows.session.sources import forget_old_sources
from schemas.errors import BusyError, DestructionError, LedgerError, RepriseError, StorageFullError
from schemas.outcome import Cause
from vault.destruction.destroy import destroy_stray, inventory_staging, key_of, remove
from vault.destruction.due import find_unknown, forget_key, is_restored, live_runs, rearm_keys, reason_to_look
from vault.home_folder import Home
from vault.intake.record import intakes_out_of_reach
from vault.keys.registry import provider
from vault.ledger.entries import EntryType
from vault.runs.facts import is_ended
from vault.runs.lease import Lease, end_data_process, readable_runs, set_unreadable_aside
from vault.runs.run_lock import lock_run
from vault.runs.state import Act
from vault.system.clock import Clock

_RETRIED_ERRORS = (OSError, BusyError, DestructionError, LedgerError, StorageFullError)
"""Errors that may not occur at the next sweep. Until then, the kernel's timeout protects the key."""


def sweep_home(home: Home, clock: Clock | None = None) -> SweepReport:
    """Destroy what is due, and return the counts. A run that cannot be destroyed is counted and does not stop the sweep."""
    control = Control.open_for_sweep(home, clock)
    report = SweepReport(unreadable=_give_up_unreadable(control))
    rearm_keys(home, control.clock)
    for lease in live_runs(home):
        _end_if_due(control, lease, report)
    report.incomplete += len(readable_runs(home)[1]) + len(intakes_out_of_reach(home))
    marked, unmarked = find_unknown(home)
    for folder in marked:
        _destroy_stray(control, folder, report)
    report.unknown = len(unmarked)
    sweep_copies(control, report)
    report.intakes_expired = close_due(control)
    drop_stale_orders(home, control.site.ceiling_hours)
    forget_old_sources(home, control.clock)
    return report


def _destroy_stray(control: Control, folder: Path, report: SweepReport) -> None:
    try:
        files, count = destroy_stray(folder)
        control.record(EntryType.STAGING_STRAY_DESTROYED, None, "marked", {"files": files, "bytes": count})
        report.strays += 1
    except OSError:
        report.incomplete += 1


def _give_up_unreadable(control: Control) -> int:
    """Destroy the keys of runs whose lease is damaged, and return the number of such runs.

    Their staging is destroyed later in the same sweep, as folders without a lease.
    """
    damaged = set_unreadable_aside(control.home)
    for run_id in damaged:
        forget_key(run_id)
        control.record(
            EntryType.LEASE_UNREADABLE, None if is_ended(control.home, run_id) else run_id, "set_aside"
        )
    return len(damaged)


def _end_if_due(control: Control, lease: Lease, report: SweepReport) -> None:
    """End a run if it is due. An error is counted and does not stop the sweep."""
    try:
        _sweep_run(control, lease, report)
    except _RETRIED_ERRORS:
        report.incomplete += 1
    except Exception:  # noqa: BLE001 - its records are damaged
        report.incomplete += 1
        if lease.seconds_left(control.clock) <= 0:
            with contextlib.suppress(OSError, RepriseError):  # every sweep tries again and counts the run
                _remove(control, lease, "records_damaged", with_key=True)


def _sweep_run(control: Control, lease: Lease, report: SweepReport) -> None:
    match reason_to_look(control.home, lease, control.clock):
        case None:
            return
        case "resumable":
            report.resumable += 1
        case "elsewhere":
            _remove(control, lease, "key_not_observable_here", with_key=False)
            report.elsewhere += 1
        case reason:
            _destroy(control, lease, reason)
            report.destroyed += 1


def _destroy(control: Control, lease: Lease, reason: str) -> None:
    # A run whose destruction has begun keeps its cause; the cause chosen here is then ignored.
    cause = control.run(lease).cause if reason == "half_destroyed" else Cause(reason)
    if is_restored(control.home, lease.run_id) and lease.run_id in control.memory.gone("destroyed"):
        cause = Cause.RECORD_LOST
    end_data_process(lease)
    with lock_run(control.home, lease.locks, wait_seconds=END_WAIT_SECONDS):
        if not control.run(lease).ended:  # its own control process may have ended it meanwhile
            end_unpublished(control, lease.reload(control.home), cause, Act.SWEEP)


def _remove(control: Control, lease: Lease, code: str, *, with_key: bool) -> None:
    """Remove the ciphertext of a run for which no proof can be issued.

    Either the run belongs to another host, whose keys and processes cannot be seen from here, or its records are damaged.
    """
    if with_key:
        end_data_process(lease)
        ref = key_of(lease)
        if ref is not None:
            provider(lease.provider).destroy(ref)
    inventory = inventory_staging(lease)
    for folder in lease.folders:
        remove(folder)
    if inventory:
        counts = {"files": len(inventory), "bytes": sum(file.size for file in inventory)}
        control.record(EntryType.STAGING_REMOVED, lease.run_id, code, counts)
