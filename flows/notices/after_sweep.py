"""The sweep as timer, cron, command line and Prefect call it: destroy first, then tell."""

from __future__ import annotations

from flows.notices.due import late_sweep
from flows.notices.round import tell
from flows.retention.round import sweep_round
from flows.session.results import SweepReport
from vault.home_folder import Home
from vault.system.clock import Clock, SystemClock


def sweep_and_tell(home: Home, clock: Clock | None = None) -> SweepReport:
    """Sweep, then tell what is due. Raises what the sweep raises, and nothing of the notices."""
    clock = clock or SystemClock()
    late = late_sweep(home, clock)  # before this sweep, after which it is late no more
    report = sweep_round(home, clock)
    tell(home, clock, late)
    return report
