"""One round of the sweep, as timer, cron and Prefect call it: destroy what is due, forget again what rose, leave a heartbeat."""

from __future__ import annotations

import contextlib
from pathlib import Path

from flows.retention._sweep import sweep_home
from flows.session.control import Control
from flows.session.results import SweepReport
from vault.destruction.heartbeat import beat
from vault.home.replay import Replayed, replay
from vault.ledger.entries import EntryType
from vault.records.tombstones import tombstones
from vault.runs.lease import readable_runs
from vault.system.clock import Clock


def sweep_round(home: Path, clock: Clock | None = None) -> SweepReport:
    """Sweep; the heartbeat is written last, so that a sweep that fails half-way is a sweep that did not come."""
    control = Control.open_for_sweep(home, clock)
    report = sweep_home(home, clock)
    _forget_what_rose(control)
    beat(home, control.clock, report.to_json())
    return report


def _forget_what_rose(control: Control) -> None:
    """An erasure that a crash cut short is finished; what a copy brought back goes again, and the ledger tells."""
    # The erasure that a crash cut short may not have told this host either.
    with contextlib.suppress(OSError):
        for name in sorted(tombstones(control.home) - control.memory.gone("erased")):
            control.memory.note_gone("erased", name)
    if readable_runs(control.home)[1]:
        return  # whose runs they are, nobody knows now: the next sweep sees
    found = replay(control.home, control.site, control.memory, control.clock, control.record_issue)
    if found != Replayed():
        control.record(EntryType.HOME_RESTORED, None, "found_again", found.counts())
