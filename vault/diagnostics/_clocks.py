"""Checks that the clocks are reliable."""

from __future__ import annotations

from collections.abc import Iterator

from vault.destruction.heartbeat import last_heartbeat
from vault.diagnostics.host import Host
from vault.home_folder import Home
from vault.system.clock import parse_utc

_SERVICES = frozenset(
    {"chronyd", "ntpd", "ntpsec", "systemd-timesyn", "openntpd"}
)  # the kernel cuts a process's name after 15 characters (proc(5), comm)


def check_clocks(host: Host, home: Home) -> Iterator[str]:
    """Yield codes of findings about the clocks."""
    if host.synchronised() is False:
        yield "clock_not_synchronised"
    if not host.runs_any(_SERVICES) and not host.hides_processes():
        yield "clock_without_service"
    if abs(_moved_seconds(host, home)) > home.site.clock_skew_seconds:
        yield "clock_was_set"


def _moved_seconds(host: Host, home: Home) -> float:
    """Return the seconds by which the wall clock has gained on the boot clock since the last sweep of this boot.

    A negative number means that the wall clock was set back; 0 also if there was no sweep in this boot.
    """
    heartbeat = last_heartbeat(home)
    if heartbeat is None or heartbeat.boot_id != host.boot_id():
        return 0
    elapsed_by_wall_clock = (host.clock.now() - parse_utc(heartbeat.ended)).total_seconds()
    elapsed_by_boot_clock = host.clock.boot_seconds() - heartbeat.boot_seconds
    return elapsed_by_wall_clock - elapsed_by_boot_clock
