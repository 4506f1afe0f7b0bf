"""Checks that something starts the sweep, and that the sweep completed in time."""

from __future__ import annotations

from collections.abc import Iterator

from vault.destruction.heartbeat import LATE_AFTER_INTERVALS, last_heartbeat, unit_name
from vault.diagnostics.host import Host
from vault.home_folder import Home
from vault.intake.record import list_intakes
from vault.runs.lease import leased_runs

_CRON_DAEMONS = frozenset({"cron", "crond", "fcron"})


def cron_runs(host: Host) -> bool:
    """Return whether a daemon that reads /etc/cron.d is visibly running."""
    return host.runs_any(_CRON_DAEMONS)


def check_sweep(host: Host, home: Home) -> Iterator[str]:
    """Yield codes of findings about the sweep. If Prefect or a person started it in time, a missing unit is only a note."""
    heartbeat = last_heartbeat(home)
    age_seconds = heartbeat.age_seconds(host.clock, host.boot_id()) if heartbeat else None
    late = heartbeat is not None and (
        age_seconds is None or age_seconds > home.site.sweep_every_minutes * 60 * LATE_AFTER_INTERVALS
    )
    name = unit_name(home)
    timer = host.path(f"etc/systemd/system/{name}.timer").exists()
    cron = host.path(f"etc/cron.d/{name}").exists()
    begun = bool(leased_runs(home)) or any(intake.closed is None for intake in list_intakes(home))
    if heartbeat is None and not (begun or timer or cron):
        yield "sweep_not_yet"
        return
    if heartbeat is None:
        yield "sweep_never"
    if late:
        yield "sweep_late"
    if timer and not cron and not _enabled(host, name):
        yield "sweep_not_enabled"
    if host.hides_processes():
        yield "processes_hidden"
    elif cron and not timer and not cron_runs(host):
        yield "cron_not_running"
    if not timer and not cron:
        yield "sweep_not_installed" if heartbeat is None or late else "sweep_by_other_means"


def _enabled(host: Host, name: str) -> bool:
    link = host.path(f"etc/systemd/system/timers.target.wants/{name}.timer")
    return link.exists() or link.is_symlink()
