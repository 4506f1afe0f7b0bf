"""The sweep's heartbeat: the times of the last completed sweep, by both clocks, and the counts of what the sweep found."""

from __future__ import annotations

import contextlib

from schemas.record import Record, dump, load_or_none
from vault.home_folder import Home
from vault.system.clock import Clock, format_utc, parse_utc
from vault.system.files import write_durably

LATE_AFTER_INTERVALS = 3


class Heartbeat(Record, frozen=True):
    """One completed sweep."""

    ended: str  # RFC 3339 Z
    boot_seconds: float
    boot_id: str
    found: dict[str, int]

    def age_seconds(self, clock: Clock, boot_id: str | None = None) -> int | None:
        """Return the seconds since the sweep, by the clock that shows more; None if the wall clock was set back since."""
        wall_seconds = (clock.now() - parse_utc(self.ended)).total_seconds()
        if self.boot_id == (clock.boot_id() if boot_id is None else boot_id):
            return int(max(wall_seconds, clock.boot_seconds() - self.boot_seconds))
        return int(wall_seconds) if wall_seconds >= 0 else None


def beat(home: Home, clock: Clock, found: dict[str, int]) -> None:
    """Record that a sweep is completed."""
    heartbeat = Heartbeat(format_utc(clock.now()), clock.boot_seconds(), clock.boot_id(), found)
    write_durably(home.heartbeat, dump(heartbeat))


def last_heartbeat(home: Home) -> Heartbeat | None:
    """Return the last completed sweep; None if there was none, or if its record cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        heartbeat = load_or_none(Heartbeat, home.heartbeat.read_bytes())
        if heartbeat is not None:
            parse_utc(heartbeat.ended)
        return heartbeat
    return None


def unit_name(home: Home) -> str:
    """Return the opaque name of the systemd units that start this home's sweep. Each home has its own."""
    return f"reprise-sweep-{home.id[:8]}"
