"""A line to a server: dialled anew when it breaks, with a bounded patience that grows and is never in step."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from connectors.destinations.watchdog import Bound, Watchdog
from schemas.errors import RepriseError, TargetError, TargetRefusedError

T = TypeVar("T")


class Fault(StrEnum):
    """What went wrong at a server, as far as it can be told."""

    LOST = "destination_unreachable"  # no connection, a cut one, a server that asks to come back later
    FULL = "destination_full"
    FAILED = "failed"  # the server failed and does not say why
    REFUSES = "destination_refuses"  # it knows us and says no, or does not know us
    HOST_KEY = "host_key_changed"


class Connector(Protocol):
    """Opens a ready file system; who dials holds the credentials. Handed in: connectors hold none."""

    def open(self) -> Any:
        """An fsspec file system, connected."""

    def close(self, filesystem: Any) -> None:
        """Hang up."""

    def break_off(self, filesystem: Any) -> None:
        """Have whatever is under way there fail now; called from another thread."""

    def judge(self, error: Exception) -> Fault:
        """What an error of this kind of server means."""


@dataclass(frozen=True)
class Backoff:
    """How often a failing act is tried without any progress, and how long to wait before the next time."""

    attempts: int = 7
    first_seconds: float = 0.5
    ceiling_seconds: float = 20
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    bound: Bound = field(default_factory=Bound)  # of one attempt

    def wait(self, failures: int) -> None:
        """Wait some share of a time that doubles with each failure: many clients never come back together."""
        span = min(self.first_seconds * 2 ** (failures - 1), self.ceiling_seconds)
        self.sleep(span * self.chance())

    def is_over(self, seconds: float, gained: int) -> bool:
        """Whether an act, all its attempts together, took too long for what it gained: progress is no progress that trickles."""
        return seconds > self.attempts * (self.bound.seconds + self.ceiling_seconds) + self.bound.of(gained)


class Line:
    """One line to one server."""

    def __init__(self, dial: Connector, patience: Backoff) -> None:
        self._dial, self._patience = dial, patience
        self._filesystem: Any = None
        self._failures = 0
        self._watchdog: Watchdog | None = None
        self._began, self._gained = 0.0, 0

    def do(self, act: Callable[[Any], T], failed: Fault = Fault.REFUSES) -> T:
        """Do an act that can be begun again. `failed`: what an unexplained failure of it means.

        Raises TargetError (destination_unreachable, destination_full), TargetRefusedError (destination_refuses,
        host_key_changed). A server's own words end here.
        """
        self._failures, self._began, self._gained = 0, time.monotonic(), 0
        while True:
            try:
                if self._filesystem is None:
                    self._filesystem = self._dial.open()
                return self._watched(act, self._filesystem)
            except RepriseError:
                raise
            except Exception as error:  # noqa: BLE001 - judged, and told by its code alone
                overdue = self._watchdog is not None and self._watchdog.overdue
                fault = Fault.LOST if overdue else self._dial.judge(error)
            self._go_on_or_raise(failed if fault is Fault.FAILED else fault)

    def _watched(self, act: Callable[[Any], T], filesystem: Any) -> T:
        self._watchdog = Watchdog(self._patience.bound, lambda: self._dial.break_off(filesystem))
        try:
            with self._watchdog:
                return act(filesystem)
        finally:
            if self._watchdog.overdue:
                self.disconnect()

    def expects(self, size: int) -> None:
        """A request begins that moves so many bytes in one go."""
        if self._watchdog is not None:
            self._watchdog.expects(size)

    def gained(self, size: int) -> None:
        """So many bytes were moved."""
        self._gained += size
        if self._watchdog is not None:
            self._watchdog.gained(size)

    def progressed(self) -> None:
        """Something was gained that a next attempt need not do again: patience begins anew."""
        self._failures = 0

    def _go_on_or_raise(self, fault: Fault) -> None:
        self.disconnect()
        self._watchdog = None
        self._failures += 1
        if fault in (Fault.REFUSES, Fault.HOST_KEY):
            raise TargetRefusedError(fault.value)
        too_long = self._patience.is_over(time.monotonic() - self._began, self._gained)
        if too_long or self._failures >= self._patience.attempts:
            raise TargetError(fault.value, count=self._failures)
        self._patience.wait(self._failures)

    def disconnect(self) -> None:
        """Close the line; the next act dials again."""
        filesystem, self._filesystem = self._filesystem, None
        if filesystem is not None:
            with suppress(Exception):
                self._dial.close(filesystem)
