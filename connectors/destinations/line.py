"""A connection to a server: reconnects when it breaks, with a bounded, growing and randomised backoff."""

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
    """What went wrong at a server, as far as it is known."""

    LOST = "destination_unreachable"  # no connection, a broken one, or a server that asks to come back later
    FULL = "destination_full"
    FAILED = "failed"  # the server failed without a reason
    REFUSES = "destination_refuses"  # the server knows us and refuses, or does not know us
    HOST_KEY = "host_key_changed"


class Connector(Protocol):
    """Opens a connected file system. Its implementations hold the credentials; connectors hold none."""

    def open(self) -> Any:
        """Returns an fsspec file system, connected."""

    def close(self, filesystem: Any) -> None:
        """Close the connection."""

    def break_off(self, filesystem: Any) -> None:
        """Make operations in progress fail now; called from another thread."""

    def judge(self, error: Exception) -> Fault:
        """Classify an error of this kind of server."""


@dataclass(frozen=True)
class Backoff:
    """How often to retry a failing operation without progress, and how long to wait before each retry."""

    attempts: int = 7
    first_seconds: float = 0.5
    ceiling_seconds: float = 20
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    bound: Bound = field(default_factory=Bound)  # of one attempt

    def wait(self, failures: int) -> None:
        """Wait a random share of a time that doubles with each failure, so that many clients do not return together."""
        span = min(self.first_seconds * 2 ** (failures - 1), self.ceiling_seconds)
        self.sleep(span * self.chance())

    def is_over(self, seconds: float, gained: int) -> bool:
        """Whether all attempts together took too long for the bytes they moved: a trickle does not count as progress."""
        return seconds > self.attempts * (self.bound.seconds + self.ceiling_seconds) + self.bound.of(gained)


class Line:
    """One connection to one server."""

    def __init__(self, dial: Connector, patience: Backoff) -> None:
        self._dial, self._patience = dial, patience
        self._filesystem: Any = None
        self._failures = 0
        self._watchdog: Watchdog | None = None
        self._began, self._gained = 0.0, 0

    def do(self, act: Callable[[Any], T], failed: Fault = Fault.REFUSES) -> T:
        """Run an operation that can be repeated. `failed`: how to read a failure without a reason.

        Raises TargetError (destination_unreachable, destination_full), TargetRefusedError (destination_refuses,
        host_key_changed). The server's own texts are dropped here.
        """
        self._failures, self._began, self._gained = 0, time.monotonic(), 0
        while True:
            try:
                if self._filesystem is None:
                    self._filesystem = self._dial.open()
                return self._watched(act, self._filesystem)
            except RepriseError:
                raise
            except Exception as error:  # noqa: BLE001 - classified, and reported by its code only
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
        """Announce a request that moves this many bytes at once."""
        if self._watchdog is not None:
            self._watchdog.expects(size)

    def gained(self, size: int) -> None:
        """Record that this many bytes were moved."""
        self._gained += size
        if self._watchdog is not None:
            self._watchdog.gained(size)

    def progressed(self) -> None:
        """Record progress that a retry need not repeat; resets the backoff."""
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
        """Close the connection; the next operation reconnects."""
        filesystem, self._filesystem = self._filesystem, None
        if filesystem is not None:
            with suppress(Exception):
                self._dial.close(filesystem)
