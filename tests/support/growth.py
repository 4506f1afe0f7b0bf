"""What n and 2n of a thing cost: time of the processor and memory, by how much twice as many take more."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

LINEAR = 3.0
"""Twice as many may take up to so many times as much: what is linear takes two, what goes by pairs four."""
FLOOR = 1 << 20
"""Peaks below this many bytes are not compared: they are buffers and chance."""


@dataclass(frozen=True)
class Growth:
    """The cost of n, and how many times it 2n cost."""

    name: str
    n: int
    seconds: float
    time_ratio: float
    peak: int  # bytes, of n
    memory_ratio: float

    def row(self) -> str:
        """As a line of the table in docs/limits.md."""
        memory = f"{self.peak / 2**20:.1f} MiB | {self.memory_ratio:.1f}"
        return f"| {self.name} | {self.n:,} | {self.seconds:.2f} s | {self.time_ratio:.1f} | {memory} |"

    def assert_linear(self) -> None:
        """Neither time nor memory may grow faster than the number."""
        assert self.time_ratio < LINEAR, self.row()
        assert self.memory_ratio < LINEAR, self.row()


def growth(name: str, n: int, make: Callable[[int], Callable[[], object]]) -> Growth:
    """Measure `make(n)()` and `make(2 * n)()`; what `make` does itself is not counted.

    The shortest of two turns counts for the time, and once more if it was much, so that what else the machine does
    hardly shows.
    """
    small, large = make(n), make(2 * n)
    gc.collect()
    gc.freeze()  # or each collection goes through all that the test session holds
    try:
        for _ in range(3):
            seconds, twice = (min(_seconds(work) for _ in range(2)) for work in (small, large))
            if twice < LINEAR * seconds:
                break
        peak, peak_twice = _peak(small), _peak(large)
    finally:
        gc.unfreeze()
    memory_ratio = peak_twice / peak if peak_twice > FLOOR else 1.0
    return Growth(name, n, seconds, twice / max(seconds, 2e-3), peak, memory_ratio)


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def _peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
