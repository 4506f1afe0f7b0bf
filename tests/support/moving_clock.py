"""A clock that tests set: the machine's own, moved. The machine's clocks are never touched."""

from __future__ import annotations

from datetime import datetime, timedelta

from vault.system.clock import SystemClock


class MovingClock(SystemClock):
    """The system's clocks with the wall hand moved, time skipped, or the machine booted anew."""

    def __init__(self, *, trusted: bool = False) -> None:
        self.wall_moved, self.skipped = timedelta(), timedelta()
        self.trusted, self.boot, self.booted_at = trusted, super().boot_id(), 0.0

    def set_wall(self, **by: float) -> None:
        """Move the wall clock alone, as a person or a bad time server does."""
        self.wall_moved += timedelta(**by)

    def pass_time(self, **by: float) -> None:
        """Let time pass, on both clocks."""
        self.skipped += timedelta(**by)

    def reboot(self) -> None:
        """Begin a new boot."""
        self.booted_at = super().boot_seconds() + self.skipped.total_seconds()
        self.boot += "-again"

    def now(self) -> datetime:
        return super().now() + self.wall_moved + self.skipped

    def boot_seconds(self) -> float:
        return super().boot_seconds() + self.skipped.total_seconds() - self.booted_at

    def boot_id(self) -> str:
        return self.boot

    def synchronised(self) -> bool:
        return self.trusted
