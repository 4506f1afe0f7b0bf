"""The runs of the log by their numbers, and whether each has its end."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from flows.session.control import Control
from flows.views.index import RunIndex


@dataclass(frozen=True)
class Completeness:
    """Whether each run in the log has its end: counts of runs, and the head that they are of."""

    started: int
    ended: int
    running: int
    overdue: int
    missing_numbers: int
    ended_twice: int
    not_certified: int
    size: int
    root: str

    @property
    def complete(self) -> bool:
        """No gap, nothing overdue, no second end, each end certified."""
        return not (self.missing_numbers or self.overdue or self.ended_twice or self.not_certified)


def completeness(control: Control) -> Completeness:
    """Count what the log shows of its runs. The whole check, entry by entry, is `reprise ledger check`."""
    now = int(control.clock.now().timestamp())
    with RunIndex.of(control) as index:
        ((started, last),) = index.query("SELECT COUNT(DISTINCT number), COALESCE(MAX(number), 0) FROM told")
        ((ended, twice),) = index.query("SELECT COUNT(ended_seq), COALESCE(SUM(ends > 1), 0) FROM told")
        open_runs = "FROM told WHERE started_seq IS NOT NULL AND ended_seq IS NULL AND deadline_s"
        ((overdue,),) = index.query(f"SELECT COUNT(*) {open_runs} < ?", now)
        ((running,),) = index.query(f"SELECT COUNT(*) {open_runs} >= ?", now)
        ((bare,),) = index.query("SELECT COUNT(*) FROM told WHERE ended_seq IS NOT NULL AND certified = 0")
        ((size, root),) = index.query("SELECT size, root FROM seen")
    head = b64encode(root).decode()
    return Completeness(started, ended, running, overdue, last - started, twice, bare, size, head)


@dataclass(frozen=True)
class IndexedRun:
    """A run in the log, by its number."""

    number: int
    run: str
    started_at: str | None
    ended_at: str | None
    end_seq: int | None
    cause: str | None
    imported: str
    manifest: str | None


def runs_after(control: Control, number: int, limit: int) -> list[IndexedRun]:
    """Returns the runs with a number above this one, in their order."""
    with RunIndex.of(control) as index:
        rows = index.query(
            "SELECT number, run, started_at, ended_at, ended_seq, cause, imported, manifest FROM told"
            " WHERE number > ? ORDER BY number LIMIT ?",
            number,
            limit,
        )
    return [IndexedRun(*row) for row in rows]
