"""The sweep: what is due is destroyed, though nobody asks and Prefect, network and every process of ours are dead."""

from __future__ import annotations

from pathlib import Path

from flows.control import Control
from flows.custody import sweep_copies
from flows.engine import END_WAIT_SECONDS, end_unpublished
from flows.intakes import close_due
from flows.orders import drop_stale_orders
from flows.results import SweepReport
from schemas.errors import BusyError, DestructionError
from vault.clock import Clock
from vault.destroy import destroy_stray, inventory_staging, remove
from vault.lease import Lease, end_data_process
from vault.ledger import EntryType
from vault.locks import hold_doctor
from vault.sweep import Due, find_due, find_unknown, rearm_keys


def sweep_home(home: Path, clock: Clock | None = None) -> SweepReport:
    """Destroy what is due. Each run that cannot be verified is counted, not hidden."""
    control = Control.open_for_sweep(home, clock)
    report = SweepReport()
    rearm_keys(home, control.clock)
    for due in find_due(home, control.clock):
        _deal_with(control, due, report)
    ours, foreign = find_unknown(home)
    for folder in ours:
        files, count = destroy_stray(folder)
        control.record(EntryType.STAGING_STRAY_DESTROYED, None, "marked", {"files": files, "bytes": count})
    report.strays, report.unknown = len(ours), len(foreign)
    sweep_copies(control, report)
    report.intakes_expired = close_due(control)
    drop_stale_orders(home, control.site.ceiling_hours)
    return report


def _deal_with(control: Control, due: Due, report: SweepReport) -> None:
    match due.reason:
        case "resumable":
            report.resumable += 1
        case "elsewhere":
            _remove_unseen(control, due.lease)
            report.elsewhere += 1
        case _:
            _destroy(control, due, report)


def _destroy(control: Control, due: Due, report: SweepReport) -> None:
    end_data_process(due.lease)
    try:
        with hold_doctor(control.home, due.lease.subject_id, wait_seconds=END_WAIT_SECONDS):
            if not control.ended(due.lease):  # its own control process may have ended it meanwhile
                end_unpublished(control, due.lease.reload(control.home), due.reason)
        report.destroyed += 1
    except (DestructionError, BusyError):
        report.incomplete += 1


def _remove_unseen(control: Control, lease: Lease) -> None:
    """Of a run made where nobody here can look, the ciphertext goes; its key and processes are not spoken of."""
    inventory = inventory_staging(lease)
    for folder in lease.folders:
        remove(folder)
    counts = {"files": len(inventory), "bytes": sum(file.size for file in inventory)}
    control.record(EntryType.STAGING_REMOVED, lease.run_id, "key_not_observable_here", counts)
