"""Decides whether the wall clock is trustworthy. With a wrong time, data would be destroyed that cannot be made again.

A run's staging can be extracted again, so its deadline does not need this check (`vault.system.deadline`). A source or a package
that is held until a date cannot be made again. The last accepted time is kept by both clocks. A wall clock that has advanced
further than the boot clock is refused until the kernel calls the wall clock synchronised, or an operator confirms the time.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

from schemas.record import Record, dump, load_or_none
from vault.home_folder import Home
from vault.system.clock import Clock, format_utc, parse_utc
from vault.system.files import write_durably

MAX_DRIFT = timedelta(hours=1)
"""The maximum divergence of wall and boot clock within a boot."""
MAX_OFF = timedelta(days=7)
"""The maximum time for which a machine may be off. After a longer time, its clock needs a second source."""


class AcceptedTime(Record, frozen=True):
    """The last accepted time, by both clocks (`clock.json`)."""

    wall: str
    boot: float
    boot_id: str


class TrustedTime:
    """The wall clock, checked against the last time that the home accepted (`clock.json`)."""

    def __init__(self, home: Home, clock: Clock) -> None:
        self._path, self._restored, self._clock = home.clock_note, home.restored_note, clock

    def now(self) -> datetime | None:
        """Return the UTC time, and record it for later comparisons; None if the wall clock is not trustworthy."""
        note, synchronised = self._note(), self._clock.synchronised()
        if not (synchronised or self._plausible(note)):
            return None
        if synchronised or note is None or note.boot_id != self._clock.boot_id():
            self.confirm()  # within a boot the first accepted time is kept, or each sweep could add up to an hour of drift
        return self._clock.now()

    def confirm(self) -> None:
        """Record the time of the wall clock as accepted: an operator confirmed the time, or it is plausible."""
        clock = self._clock
        note = AcceptedTime(format_utc(clock.now()), clock.boot_seconds(), clock.boot_id())
        write_durably(self._path, dump(note))

    def _note(self) -> AcceptedTime | None:
        """Return the last accepted time; None if there is none, or if its record cannot be read."""
        with contextlib.suppress(OSError, ValueError):
            note = load_or_none(AcceptedTime, self._path.read_bytes())
            if note is not None:
                parse_utc(note.wall)
            return note
        return None

    def _plausible(self, note: AcceptedTime | None) -> bool:
        if note is None:  # plausible only in a new home, which was never restored and accepted no time yet
            return not self._path.exists() and not self._restored.exists()
        elapsed = self._clock.now() - parse_utc(note.wall)
        if note.boot_id == self._clock.boot_id():
            explained = timedelta(seconds=self._clock.boot_seconds() - note.boot)
            return abs(elapsed - explained) <= MAX_DRIFT
        return -MAX_DRIFT <= elapsed <= MAX_OFF + timedelta(seconds=self._clock.boot_seconds())
