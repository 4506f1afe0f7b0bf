"""The sweep's heartbeat: when it last came to its end, by both clocks, and what it found. Counts only."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from vault.site import home_id
from vault.system.clock import Clock, format_utc, parse_utc
from vault.system.files import write_durably

NAME = "sweep.json"
LATE_AFTER_INTERVALS = 3


@dataclass(frozen=True)
class Heartbeat:
    """One sweep that came to its end."""

    ended: str  # RFC 3339 Z
    boot_seconds: float
    boot_id: str
    found: dict[str, int]

    def age_seconds(self, clock: Clock, boot_id: str | None = None) -> int | None:
        """How long ago, by whichever clock says more; None when that cannot be said (the wall clock was set back)."""
        wall = (clock.now() - parse_utc(self.ended)).total_seconds()
        if self.boot_id == (clock.boot_id() if boot_id is None else boot_id):
            return int(max(wall, clock.boot_seconds() - self.boot_seconds))
        return int(wall) if wall >= 0 else None


def beat(home: Path, clock: Clock, found: dict[str, int]) -> None:
    """Note that a sweep has ended."""
    mark = Heartbeat(format_utc(clock.now()), clock.boot_seconds(), clock.boot_id(), found)
    write_durably(home / NAME, json.dumps(asdict(mark), sort_keys=True).encode())


def last_heartbeat(home: Path) -> Heartbeat | None:
    """The last sweep that ended; None when none ever did, or its mark cannot be read."""
    try:
        raw = json.loads((home / NAME).read_bytes())
        parse_utc(raw["ended"])
        found = {str(name): int(count) for name, count in raw["found"].items()}
        boot_seconds = float(raw["boot_seconds"])
        if math.isfinite(boot_seconds):
            return Heartbeat(str(raw["ended"]), boot_seconds, str(raw["boot_id"]), found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        pass
    return None


def unit_name(home: Path) -> str:
    """What the units that call the sweep of this home are named: opaque, one a home."""
    return f"reprise-sweep-{home_id(home)[:8]}"
