"""Figures over time that people would rather look at than read: runs by week and outcome, and bytes in staging."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flows.session.control import Control
from flows.views.log_entries import LogEntry, entries_since
from flows.views.runs import RunRow
from vault.ledger.entries import EntryType
from vault.runs.lease import find_lease
from vault.system.clock import format_utc, parse_utc

WEEKS, DAYS = 12, 30
MOST_ENTRIES = 20_000
"""The most entries that the start page reads: it must not grow with the ledger."""


@dataclass(frozen=True)
class Week:
    """The runs that began in a week, by their word and its colour."""

    monday: str
    words: tuple[tuple[str, str, int], ...]  # word, colour, number

    @property
    def total(self) -> int:
        """The number of runs."""
        return sum(count for _, _, count in self.words)


@dataclass(frozen=True)
class Staged:
    """How many bytes lay in staging from one moment to the next."""

    since: str
    until: str
    bytes: int


def runs_by_week(rows: Iterable[RunRow], now: datetime) -> list[Week]:
    """Returns the last weeks, oldest first; weeks begin on Monday (UTC)."""
    this = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    counted: dict[datetime, Counter[tuple[str, str]]] = {
        this - timedelta(weeks=back): Counter() for back in reversed(range(WEEKS))
    }
    for row in rows:
        began = parse_utc(row.created)
        monday = (began - timedelta(days=began.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
        if monday in counted:
            counted[monday][row.word, row.colour] += 1
    return [
        Week(format_utc(monday), tuple((*key, count) for key, count in sorted(found.items())))
        for monday, found in counted.items()
    ]


def staged_over_time(
    control: Control, living: Iterable[RunRow], only: set[str] | None = None
) -> list[Staged]:
    """Returns the bytes in staging over the last days, stretch by stretch; of some runs alone if they are given.

    An ended run counts from its start to the end of its destruction, with the size that its staging had then; a living run with
    the size that it has now. Of a busy home, the newest entries of the ledger decide how far back this goes.
    """
    now = control.clock.now()
    first = now - timedelta(days=DAYS)
    entries, whole = entries_since(control, first, MOST_ENTRIES)
    if not whole:
        first = max(first, parse_utc(entries[0].at))
    stays = _ended(entries, first, only) + [
        (parse_utc(row.created), now, _size_of(control, row.run)) for row in living
    ]
    changes = Counter[datetime]()
    for began, ended, size in stays:
        changes[max(began, first)] += size
        changes[ended] -= size
    return _stretches(changes, first, now)


def _ended(
    entries: list[LogEntry], first: datetime, only: set[str] | None
) -> list[tuple[datetime, datetime, int]]:
    """Returns start, end and size of the runs that ended; one whose start is older began at `first`."""
    began: dict[str, datetime] = {}
    found = []
    for entry in entries:
        if entry.runId is None or (only is not None and entry.runId not in only):
            continue
        if entry.type == EntryType.RUN_STARTED:
            began[entry.runId] = parse_utc(entry.at)
        elif entry.type == EntryType.DESTRUCTION_COMPLETED:
            found.append((began.get(entry.runId, first), parse_utc(entry.at), entry.n.get("bytes", 0)))
    return found


def _size_of(control: Control, run: str) -> int:
    """Returns the bytes below a living run's folders; files may vanish meanwhile."""
    folders = find_lease(control.home, run).folders
    return sum(_size(path) for folder in folders for path in folder.rglob("*"))


def _size(path: Path) -> int:
    try:
        found = path.lstat()
    except OSError:
        return 0
    return found.st_size if path.is_file() else 0


def _stretches(changes: Counter[datetime], first: datetime, now: datetime) -> list[Staged]:
    found, held, since = [], 0, first
    for at in sorted({*changes, now}):
        if at > since:
            found.append(Staged(format_utc(since), format_utc(at), held))
            since = at
        held += changes[at]
    return found
