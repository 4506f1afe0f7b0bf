"""Steps that several data processes can share: a step is cut into ranges, and what they give is put together in their order.

A range holds ordinals only; what it gives, counts, ordinals and digests. So both may cross between processes.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from flows.steps.values import SealedPart
from vault.staging.segments import Segment

LEAST_BYTES = 256 << 10
"""A range with less of the source gains nothing from a process of its own."""


@dataclass(frozen=True)
class Range:
    """One range of a step: the patients of the source, or the parts of the package, from `first` to `last`."""

    number: int  # from 0
    first: int
    last: int

    def __contains__(self, ordinal: int) -> bool:
        return self.first <= ordinal <= self.last


@dataclass(frozen=True)
class RangeDone:
    """What a range gave: sealed segments and parts, and tallies by name."""

    number: int
    segments: tuple[Segment, ...]
    tallies: dict[str, dict[str, int]]
    parts: tuple[SealedPart, ...] = field(default=())


class DividedStep(Protocol):
    """A step at work in one process: it keeps between ranges what is costly to make."""

    def do(self, each: Range) -> RangeDone:
        """Do one range."""


class Workers(Protocol):
    """Processes that share a step."""

    @property
    def count(self) -> int:
        """How many processes may share a step."""

    def share(
        self, step: str, ranges: Sequence[Range], report: Callable[[str, int, int], None]
    ) -> list[RangeDone]:
        """Have the ranges of a step done; return what they gave, in their order."""

    def end(self) -> None:
        """End them: no step is left to share."""


def sum_tallies(done: Iterable[RangeDone], name: str) -> dict[str, int]:
    """Add up the tallies of this name."""
    total: Tally[str] = Tally()
    for each in done:
        total.update(each.tallies[name])
    return dict(total)


def all_segments(done: Iterable[RangeDone]) -> tuple[Segment, ...]:
    """Return the segments of all ranges, in order."""
    return tuple(segment for each in done for segment in each.segments)


def cut_patients(files: Iterable[tuple[int, int]], workers: int) -> list[Range]:
    """Cut the patients of a source, given as (patients, bytes) a file, into at most `workers` ranges of about equal size.

    Within a file all patients count as equally large.
    """
    sizes = [(patients, size) for patients, size in files if patients]
    total, last = sum(size for _, size in sizes), sum(patients for patients, _ in sizes)
    count = max(1, min(workers, total // LEAST_BYTES, last))
    bounds = [0, *(_patient_at(sizes, total * n // count) for n in range(1, count)), last]
    starts = sorted({bound for bound in bounds if bound < last} | {0})
    ends = [*starts[1:], last]
    return [Range(n, start + 1, end) for n, (start, end) in enumerate(zip(starts, ends, strict=True))]


def _patient_at(sizes: list[tuple[int, int]], place: int) -> int:
    """Return how many patients lie before this byte."""
    before = 0
    for patients, size in sizes:
        if place < size:
            return before + round(patients * place / size)
        before, place = before + patients, place - size
    return before


def cut_parts(parts: int, workers: int) -> list[Range]:
    """Cut the parts of a package: one range for a single process, one each for several, so that none waits for the other."""
    if workers == 1:
        return [Range(0, 1, parts)]
    return [Range(number, number + 1, number + 1) for number in range(parts)]
