"""Wall-clock bounds for operations at a server that is silent, slow or sends endless answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Self

_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Bound:
    """How long an operation may take: fixed seconds, plus the time to move its bytes at the slowest accepted rate."""

    seconds: float = 90
    bytes_a_second: int = 16 << 10

    def of(self, size: int) -> float:
        """Seconds allowed for an operation that moves `size` bytes."""
        return self.seconds + size / self.bytes_a_second


class Watchdog:
    """Calls `break_off` from its own thread when the time is over, and again until its context ends.

    One call is not enough: an operation of many requests may be between two of them, and a login may not have a connection yet.
    """

    def __init__(self, bound: Bound, break_off: Callable[[], None]) -> None:
        self._bound, self._break_off = bound, break_off
        self._changed = threading.Condition()
        self._deadline = monotonic() + bound.seconds
        self._over = False
        self.overdue = False  # whether it called `break_off`

    def expects(self, size: int) -> None:
        """Announce a request that moves this many bytes without reporting progress: its time starts now."""
        with self._changed:
            self._deadline = monotonic() + self._bound.of(size)
            self._changed.notify()

    def gained(self, size: int) -> None:
        """Record moved bytes. A transfer above the slowest rate may continue; a slower one uses up its seconds."""
        with self._changed:
            earned = self._deadline + size / self._bound.bytes_a_second
            self._deadline = min(earned, monotonic() + self._bound.seconds)

    def _watch(self) -> None:
        with self._changed:
            while not self._over and (left := self._deadline - monotonic()) > 0:
                self._changed.wait(min(left, _LOOK_SECONDS))
            self.overdue = not self._over
        while not self._over:
            with suppress(Exception):  # there may be nothing to break off yet
                self._break_off()
            with self._changed:
                self._changed.wait_for(lambda: self._over, _LOOK_SECONDS)

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, daemon=True, name="watchdog").start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        with self._changed:
            self._over = True
            self._changed.notify()
