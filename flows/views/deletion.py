"""Deletion proof: every run of the ledger with its end, as the ledger stood at a moment, and whether any end is missing.

The view follows from the entries up to that moment alone, so that it is the same whenever it is asked for.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from flows.session.control import Control
from flows.views.log_entries import LogEntry, log_entries, written_entries
from schemas.advice import ADVICE
from schemas.outcome import Cause
from vault.ledger.completeness import sequence_faults
from vault.ledger.entries import EntryType
from vault.runs.facts import is_ended
from vault.system.clock import format_utc, parse_utc


class Standing(StrEnum):
    """What a ledger says of a run's staging at a moment."""

    DESTROYED = "destroyed"  # and checked
    OPEN = "open"  # its deadline has not passed
    OVERDUE = "overdue"  # its deadline has passed without an end


@dataclass(frozen=True)
class DeletionRow:
    """One run: its number in the ledger, its deadline, and its end."""

    number: int
    run: str
    use: str
    started: str
    deadline: str
    ended: str | None
    cause: str | None
    files: int
    bytes: int
    standing: Standing
    staged_seconds: int  # until its end, or until the moment of the view
    allowed_seconds: int
    has_proof: bool  # the folder with its certificate is in the home now

    @property
    def outcome(self) -> str | None:
        """How it ended, as a code of `dashboard.run.is`."""
        return Cause(self.cause).outcome.value if self.cause in set(Cause) else None

    @property
    def colour(self) -> str:
        """Green for a published run whose staging is destroyed and whose certificate is there; red for what is missing."""
        if self.standing is Standing.OVERDUE or (self.standing is Standing.DESTROYED and not self.has_proof):
            return "bad"
        if self.standing is Standing.OPEN:
            return "live"
        return "good" if self.cause == Cause.PUBLISHED else "plain"


@dataclass(frozen=True)
class LogHead:
    """The head of the log at the moment of the view."""

    origin: str
    size: int
    root: str  # base64


@dataclass(frozen=True)
class Deletion:
    """Every run as the ledger stood at a moment."""

    at: str
    rows: tuple[DeletionRow, ...]  # by number
    faults: tuple[tuple[str, int], ...]  # codes of the completeness check, and how often each
    head: LogHead

    def count(self, standing: Standing) -> int:
        """Returns the number of runs that stand there."""
        return sum(row.standing is standing for row in self.rows)

    @property
    def without_proof(self) -> int:
        """The number of ended runs whose proof folder is missing."""
        return sum(row.standing is Standing.DESTROYED and not row.has_proof for row in self.rows)

    @property
    def complete(self) -> bool:
        """Whether the runs have no gap, each with its destruction or time left, and each end with its certificate."""
        return not self.faults and self.without_proof == 0


def deletion(control: Control, at: datetime | None = None) -> Deletion:
    """Returns every run as the ledger stood at a moment; now, if none or a later one is given."""
    now = control.clock.now()
    moment = now if at is None else min(at, now)
    size = _size_at(control, moment)
    rows = _rows(control, size, moment)
    store = control.ledger.store
    faults = Counter(sequence_faults(written_entries(control, end=size), moment))
    root = store.tree(store.head().size).subtree(0, size) if size else None
    return Deletion(
        at=format_utc(moment),
        rows=tuple(rows),
        faults=tuple(sorted(faults.items())),
        head=LogHead(control.site.origin, size, b64encode(root).decode() if root else ""),
    )


def meaning_of(fault: str) -> str:
    """Returns what a code of the completeness check means, in English."""
    return ADVICE[fault][0] if fault in ADVICE else ""


def _size_at(control: Control, moment: datetime) -> int:
    """Returns the number of entries up to the last one that was written by then."""
    last = 0
    for entry in log_entries(control):
        if parse_utc(entry.at) <= moment:
            last = entry.seq
    return last


def _rows(control: Control, size: int, moment: datetime) -> list[DeletionRow]:
    starts: dict[str, LogEntry] = {}
    ends: dict[str, LogEntry] = {}
    for entry in log_entries(control, end=size):
        if entry.runId is not None and entry.type == EntryType.RUN_STARTED:
            starts.setdefault(entry.runId, entry)
        elif entry.runId is not None and entry.type == EntryType.DESTRUCTION_COMPLETED:
            ends.setdefault(entry.runId, entry)
    return [_row(control, start, ends.get(run), moment) for run, start in starts.items()]


def _row(control: Control, start: LogEntry, end: LogEntry | None, moment: datetime) -> DeletionRow:
    run, began = str(start.runId), parse_utc(start.at)
    deadline = datetime.fromtimestamp(start.n["deadline_s"], UTC)
    standing = Standing.OPEN if deadline >= moment else Standing.OVERDUE
    return DeletionRow(
        number=start.n.get("run_number", 0),
        run=run,
        use=start.code,
        started=start.at,
        deadline=format_utc(deadline),
        ended=end.at if end else None,
        cause=end.code if end else None,
        files=end.n.get("files", 0) if end else 0,
        bytes=end.n.get("bytes", 0) if end else 0,
        standing=Standing.DESTROYED if end else standing,
        staged_seconds=int(((parse_utc(end.at) if end else moment) - began).total_seconds()),
        allowed_seconds=int((deadline - began).total_seconds()),
        has_proof=end is not None and is_ended(control.home, run),
    )
