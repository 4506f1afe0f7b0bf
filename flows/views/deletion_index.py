"""The runs of the log as it stood at a moment, asked of the index: how many stand where, and a page of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flows.session.control import Control
from flows.views.index import RunIndex
from flows.views.log_entries import log_entries
from vault.system.clock import format_utc, parse_utc

DESTROYED, OPEN, OVERDUE = "destroyed", "open", "overdue"


@dataclass(frozen=True)
class Recorded:
    """One run as entries up to a moment record it."""

    number: int
    run: str
    use: str
    started: str
    deadline_s: int
    ended: str | None
    cause: str | None
    files: int
    bytes: int


class RecordedRuns:
    """The runs whose start is among the entries that were written by a moment."""

    def __init__(self, control: Control, index: RunIndex, moment: datetime) -> None:
        self._index, self._moment = index, moment
        self.size = size_at(control, index, moment)
        # of the whole log, an index of the unended runs is smaller than one of all
        ended, self._unended = f"ended_seq < {self.size}", "ended_seq IS NULL"
        if self.size < index.size():
            self._unended = f"(ended_seq IS NULL OR ended_seq >= {self.size})"
        late = f"deadline_s < {moment.timestamp()}"
        self._conditions = {
            "": "1",
            DESTROYED: ended,
            OPEN: f"{self._unended} AND NOT {late}",
            OVERDUE: f"{self._unended} AND {late}",
        }

    def count(self, standing: str = "") -> int:
        """Returns the number of runs that stand there; of all runs for nothing."""
        where = f"started_seq IS NOT NULL AND started_seq < {self.size} AND {self._conditions[standing]}"
        return int(self._index.query(f"SELECT COUNT(*) FROM told WHERE {where}")[0][0])

    def page(self, standing: str, limit: int, offset: int) -> list[Recorded]:
        """Returns a page of the runs that stand there, newest first."""
        where = f"started_seq IS NOT NULL AND started_seq < {self.size} AND {self._conditions[standing]}"
        chosen = f"SELECT id FROM told WHERE {where} ORDER BY started_seq DESC LIMIT ? OFFSET ?"
        known = f"ended_seq < {self.size}"
        rows = self._index.query(
            "SELECT COALESCE(number, 0), run, use, started_at, deadline_s,"
            f" IIF({known}, ended_at, NULL), IIF({known}, cause, NULL), IIF({known}, files, 0), IIF({known}, bytes, 0)"
            f" FROM told WHERE id IN ({chosen}) ORDER BY started_seq DESC",
            limit,
            offset,
        )
        return [Recorded(*row) for row in rows]

    def without_proof(self) -> int:
        """Returns the number of ended runs that have no certificate now."""
        where = f"ended_seq IS NOT NULL AND certified = 0 AND ended_seq < {self.size} AND started_seq < {self.size}"
        return int(self._index.query(f"SELECT COUNT(*) FROM told WHERE {where}")[0][0])

    def faults(self) -> dict[str, int]:
        """Returns what the completeness check finds, by code."""
        found = dict(
            self._index.query("SELECT code, COUNT(*) FROM fault WHERE seq < ? GROUP BY code", self.size)
        )
        overdue = self.count(OVERDUE)
        return {**found, "run_overdue": overdue} if overdue else found


def size_at(control: Control, index: RunIndex, moment: datetime) -> int:
    """Returns the number of entries up to the last one that was written by a moment."""
    day = format_utc(moment)[:10]
    ((before,),) = index.query("SELECT COALESCE(MAX(last_seq) + 1, 0) FROM day WHERE day < ?", day)
    size = int(before)
    for first, last in index.query("SELECT first_seq, last_seq FROM day WHERE day = ?", day):
        for at, entry in enumerate(log_entries(control, first, last + 1), first):
            if parse_utc(entry.at) <= moment:
                size = max(size, at + 1)
    return size
