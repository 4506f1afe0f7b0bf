"""Whether the clocks are reliable."""

from __future__ import annotations

from collections.abc import Iterator

from vault.destruction.heartbeat import last_heartbeat
from vault.diagnostics.host import Host
from vault.home_folder import Home
from vault.system.clock import parse_utc

_SERVICES = frozenset(
    {"chronyd", "ntpd", "ntpsec", "systemd-timesyn", "openntpd"}
)  # comm holds 15 characters


def look_at_clocks(host: Host, home: Home) -> Iterator[str]:
    """Yield codes of findings."""
    if host.synchronised() is False:
        yield "clock_not_synchronised"
    if not host.runs_any(_SERVICES) and not host.hides_processes():
        yield "clock_without_service"
    if abs(_moved_seconds(host, home)) > home.site.clock_skew_seconds:
        yield "clock_was_set"


def _moved_seconds(host: Host, home: Home) -> float:
    """Returns by how much wall and boot clock have diverged since the last sweep of this boot."""
    heartbeat = last_heartbeat(home)
    if heartbeat is None or heartbeat.boot_id != host.boot_id():
        return 0
    wall = (host.clock.now() - parse_utc(heartbeat.ended)).total_seconds()
    return wall - (host.clock.boot_seconds() - heartbeat.boot_seconds)
