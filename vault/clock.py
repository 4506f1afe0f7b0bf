"""The clock seam: wall time for what people read, boot time for what nobody can set."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """Wall time, UTC, whole seconds."""

    def boot_seconds(self) -> float:
        """Seconds since boot, sleep included; no one can set it."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Wall time, UTC, whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)

    def boot_seconds(self) -> float:
        """CLOCK_BOOTTIME."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)


def format_utc(moment: datetime) -> str:
    """RFC 3339 with Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_utc(text: str) -> datetime:
    """The moment of an RFC 3339 text ending in Z, written as `format_utc` writes it. Raises ValueError."""
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if format_utc(moment) != text:  # other digits, or fewer: texts are compared as texts elsewhere
        raise ValueError
    return moment
