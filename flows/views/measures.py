"""What monitoring measures of a home: counts, ages and sizes; no data about any person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flows.session.control import Control
from flows.views.index import RunIndex
from flows.views.status import HomeState
from flows.views.today import today_of
from schemas.outcome import Cause, Outcome
from vault.runs.lease import Lease


@dataclass(frozen=True)
class Measures:
    """Counts, ages in seconds, sizes in bytes."""

    ended: dict[str, int]  # runs by outcome; `other` is a cause that this release does not know
    home: HomeState
    staged_bytes: int
    oldest_staged_seconds: int | None  # None when nothing is staged
    unconfirmed: dict[str, int]  # by how late: plain, warn, bad
    copies: int
    copies_overdue: int
    entries: int  # of the ledger
    sweep_every_seconds: int


def measure(control: Control) -> Measures:
    """Measure a home. Costs what its live runs cost, however many have ended."""
    with RunIndex.of(control) as index:
        found = today_of(control, index, None)
        staged = list(_staged(index.live()))
        ended: Counter[str] = Counter(
            {outcome.value: 0 for outcome in Outcome if outcome is not Outcome.FORGOTTEN}
        )
        for cause, count in index.by_cause().items():
            ended[Cause(cause).outcome.value if cause in set(Cause) else "other"] += count
        late = Counter({"plain": 0, "warn": 0, "bad": 0})
        late.update(one.severity for one in found.unconfirmed)
        now = control.clock.now().timestamp()
        return Measures(
            ended=dict(ended),
            home=found.home,
            staged_bytes=sum(size for size, _ in staged),
            oldest_staged_seconds=_age(now, [moment for _, moment in staged]),
            unconfirmed=dict(late),
            copies=len(found.held),
            copies_overdue=sum(copy.overdue for copy in found.held),
            entries=index.size(),
            sweep_every_seconds=control.site.sweep_every_minutes * 60,
        )


def _age(now: float, moments: list[float]) -> int | None:
    return max(int(now - min(moments)), 0) if moments else None


def _staged(leases: list[Lease]) -> Iterator[tuple[int, float]]:
    """Yield size and moment of each staged file; one that goes meanwhile is none."""
    for folder in (folder for lease in leases for folder in lease.folders):
        for path in folder.rglob("*"):
            found = _file(path)
            if found is not None:
                yield found


def _file(path: Path) -> tuple[int, float] | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return None if path.is_dir() else (found.st_size, found.st_mtime)
