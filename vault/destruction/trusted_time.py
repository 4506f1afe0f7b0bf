"""Whether the wall clock is trustworthy, where a wrong time would destroy data that cannot be recreated.

A run's staging can be extracted again, so its deadline needs no such care (`vault.system.deadline`). A source or a package held
until a date cannot be recreated. The last accepted moment is kept with its boot clock. A wall clock that has advanced further
than the boot clock explains is refused until the kernel holds it synchronised or an operator confirms it.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

from schemas.record import Record, dump, load_or_none
from vault.home_folder import Home
from vault.system.clock import Clock, format_utc, parse_utc
from vault.system.files import write_durably

DRIFT_BOUND = timedelta(hours=1)
"""How far wall and boot clock may diverge within a boot."""
OFF_BOUND = timedelta(days=7)
"""How long a machine may be off before its clock needs a second source."""


class AcceptedMoment(Record, frozen=True):
    """The last accepted moment, by both clocks (`clock.json`)."""

    wall: str
    boot: float
    boot_id: str


class TrustedTime:
    """The clock of a home, compared with the last accepted moment (`clock.json`)."""

    def __init__(self, home: Home, clock: Clock) -> None:
        self._path, self._restored, self._clock = home.clock_note, home.restored_note, clock

    def now(self) -> datetime | None:
        """Returns the moment, and records it for later comparisons; None when the clock is not trustworthy."""
        note, synchronised = self._note(), self._clock.synchronised()
        if not (synchronised or self._plausible(note)):
            return None
        if synchronised or note is None or note.boot_id != self._clock.boot_id():
            self.confirm()  # within a boot keep the first accepted moment, or each sweep could lose up to an hour
        return self._clock.now()

    def confirm(self) -> None:
        """Accept the wall clock as it is: an operator confirmed it, or it is plausible."""
        clock = self._clock
        note = AcceptedMoment(format_utc(clock.now()), clock.boot_seconds(), clock.boot_id())
        write_durably(self._path, dump(note))

    def _note(self) -> AcceptedMoment | None:
        """Returns the last accepted moment; None when there is none, or it cannot be read."""
        with contextlib.suppress(OSError, ValueError):
            note = load_or_none(AcceptedMoment, self._path.read_bytes())
            if note is not None:
                parse_utc(note.wall)
            return note
        return None

    def _plausible(self, note: AcceptedMoment | None) -> bool:
        if note is None:  # the first moment of a new home; a home with a past needs more
            return not self._path.exists() and not self._restored.exists()
        elapsed = self._clock.now() - parse_utc(note.wall)
        if note.boot_id == self._clock.boot_id():
            explained = timedelta(seconds=self._clock.boot_seconds() - note.boot)
            return abs(elapsed - explained) <= DRIFT_BOUND
        return -DRIFT_BOUND <= elapsed <= OFF_BOUND + timedelta(seconds=self._clock.boot_seconds())
