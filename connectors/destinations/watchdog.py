"""Wall-clock bounds for acts at a server, however the server spends the time: silent, slow, or with endless answers."""

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
    """How long an act may take: so many seconds, and for what moves bytes their time at the slowest rate that is waited for."""

    seconds: float = 90
    bytes_a_second: int = 16 << 10

    def of(self, size: int) -> float:
        """Seconds that an act may take that moves `size` bytes."""
        return self.seconds + size / self.bytes_a_second


class Watchdog:
    """While its context lasts, calls `break_off` when the time is over, from a thread of its own, and again until it ends.

    Once is not enough: what is done in many requests may be between two of them, and a login may have no line yet.
    """

    def __init__(self, bound: Bound, break_off: Callable[[], None]) -> None:
        self._bound, self._break_off = bound, break_off
        self._changed = threading.Condition()
        self._deadline = monotonic() + bound.seconds
        self._over = False
        self.overdue = False  # whether it broke off

    def expects(self, size: int) -> None:
        """A request begins that moves so many bytes and tells nothing on the way: it has its time from now on."""
        with self._changed:
            self._deadline = monotonic() + self._bound.of(size)
            self._changed.notify()

    def gained(self, size: int) -> None:
        """So many bytes were moved. What stays above the slowest rate goes on; what trickles uses its seconds up."""
        with self._changed:
            earned = self._deadline + size / self._bound.bytes_a_second
            self._deadline = min(earned, monotonic() + self._bound.seconds)

    def _watch(self) -> None:
        with self._changed:
            while not self._over and (left := self._deadline - monotonic()) > 0:
                self._changed.wait(min(left, _LOOK_SECONDS))
            self.overdue = not self._over
        while not self._over:
            with suppress(Exception):  # there may be nothing yet to break off
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
