"""One round of the sweep, for timer, cron and Prefect: destroy what is due, repeat erasures where needed, write a heartbeat."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from flows.retention._sweep import sweep_home
from flows.session.control import Control
from flows.session.results import SweepReport
from schemas.errors import IntegrityError
from vault.accounts.access_log import AccessLog
from vault.destruction.heartbeat import beat
from vault.destruction.trusted_time import TrustedTime
from vault.home.replay import Replayed, replay
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.records.tombstones import tombstones
from vault.runs.lease import readable_runs
from vault.system.clock import Clock, format_utc


def sweep_round(home: Home, clock: Clock | None = None) -> SweepReport:
    """Sweep. The heartbeat is written last, so a sweep that fails half-way counts as not run."""
    control = Control.open_for_sweep(home, clock)
    report = sweep_home(home, clock)
    _repeat_erasures(control)
    report.access_lines = _shorten_access_log(control)
    beat(home, control.clock, report.to_json())
    return report


def _shorten_access_log(control: Control) -> int:
    """Remove the lines of the access log whose retention is over; none while the wall clock is not trusted, or it was altered."""
    if not control.home.access_log.is_file():
        return 0
    now = TrustedTime(control.home, control.clock).now()
    if now is None:
        return 0
    day = format_utc(now - timedelta(days=control.site.access_log_days))
    with contextlib.suppress(IntegrityError, OSError):  # whoever reads the log is told; a sweep must go on
        return AccessLog(control.home).drop_before(day, format_utc(now))
    return 0


def _repeat_erasures(control: Control) -> None:
    """Finish erasures that a crash interrupted, and repeat those that a restored copy undid; the ledger records it."""
    # An erasure that a crash interrupted may be missing from this host's record too.
    with contextlib.suppress(OSError):
        for name in sorted(tombstones(control.home) - control.memory.gone("erased")):
            control.memory.note_gone("erased", name)
    if readable_runs(control.home)[1]:
        return  # their owners are unknown for now; the next sweep tries again
    found = replay(control.home, control.memory, control.clock, control.record_issue)
    if found != Replayed():
        control.record(EntryType.HOME_RESTORED, None, "found_again", found.counts())
