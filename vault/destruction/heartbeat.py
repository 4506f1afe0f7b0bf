"""The sweep's heartbeat: when it last completed, by both clocks, and what it found. Counts only."""

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
        """Returns the age by the clock that says more; None when it cannot be determined (the wall clock was set back)."""
        wall = (clock.now() - parse_utc(self.ended)).total_seconds()
        if self.boot_id == (clock.boot_id() if boot_id is None else boot_id):
            return int(max(wall, clock.boot_seconds() - self.boot_seconds))
        return int(wall) if wall >= 0 else None


def beat(home: Home, clock: Clock, found: dict[str, int]) -> None:
    """Record that a sweep has ended."""
    mark = Heartbeat(format_utc(clock.now()), clock.boot_seconds(), clock.boot_id(), found)
    write_durably(home.heartbeat, dump(mark))


def last_heartbeat(home: Home) -> Heartbeat | None:
    """Returns the last completed sweep; None when there is none, or its record cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        found = load_or_none(Heartbeat, home.heartbeat.read_bytes())
        if found is not None:
            parse_utc(found.ended)
        return found
    return None


def unit_name(home: Home) -> str:
    """Returns the name of the units that call this home's sweep: opaque, one per home."""
    return f"reprise-sweep-{home.id[:8]}"
