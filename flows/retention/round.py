"""Runs one round of the sweep, for timer, cron and Prefect: destroys what is due, repeats erasures, writes a heartbeat."""

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
    """Run one round of the sweep and return its counts. The heartbeat is written last, so a failed round does not count."""
    control = Control.open_for_sweep(home, clock)
    report = sweep_home(home, clock)
    _repeat_erasures(control)
    report.access_lines = _shorten_access_log(control)
    beat(home, control.clock, report.to_json())
    return report


def _shorten_access_log(control: Control) -> int:
    """Remove the lines of the access log whose retention is over, and return their number.

    Nothing is removed if the wall clock is not trusted, or if the log was altered.
    """
    if not control.home.access_log.is_file():
        return 0
    now = TrustedTime(control.home, control.clock).now()
    if now is None:
        return 0
    day = format_utc(now - timedelta(days=control.site.access_log_days))
    with contextlib.suppress(
        IntegrityError, OSError
    ):  # a reader of the log gets the error; a sweep must go on
        return AccessLog(control.home).drop_before(day, format_utc(now))
    return 0


def _repeat_erasures(control: Control) -> None:
    """Finish erasures that a crash interrupted, repeat erasures that a restored copy undid, and record that in the ledger."""
    # An erasure that a crash interrupted may be missing from this host's record too.
    with contextlib.suppress(OSError):
        for name in sorted(tombstones(control.home) - control.memory.gone("erased")):
            control.memory.note_gone("erased", name)
    if readable_runs(control.home)[1]:
        return  # the persons of these runs are not known; the next sweep tries again
    replayed = replay(control.home, control.memory, control.clock, control.record_issue)
    if replayed != Replayed():
        control.record(EntryType.HOME_RESTORED, None, "found_again", replayed.counts())
