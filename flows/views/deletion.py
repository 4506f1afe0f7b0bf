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
from flows.views.deletion_index import Recorded, RecordedRuns
from flows.views.index import RunIndex
from flows.views.log_entries import LogEntry, log_entries, written_entries
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
class Overview:
    """What the ledger said of all runs at a moment: how many stand where, and what the completeness check finds."""

    at: str
    started: int
    counts: dict[Standing, int]
    faults: tuple[tuple[str, int], ...]  # codes of the completeness check, and how often each
    without_proof: int  # ended runs whose proof folder is missing
    head: LogHead

    @property
    def complete(self) -> bool:
        """Whether the runs have no gap, each with its destruction or time left, and each end with its certificate."""
        return not self.faults and self.without_proof == 0


@dataclass(frozen=True)
class Page:
    """The overview, one page of the runs that stand somewhere, and the newest of all runs."""

    overview: Overview
    rows: tuple[DeletionRow, ...]  # newest first
    total: int  # of those that stand there
    newest: tuple[DeletionRow, ...]  # newest first


@dataclass(frozen=True)
class Deletion(Overview):
    """The overview with every run."""

    rows: tuple[DeletionRow, ...]  # by number


def deletion(control: Control, at: datetime | None = None) -> Deletion:
    """Returns every run as the ledger stood at a moment; now, if none or a later one is given.

    For files: it reads the whole log and looks at each run's folder. `deletion_page` answers from the index.
    """
    now = control.clock.now()
    moment = now if at is None else min(at, now)
    size = _size_at(control, moment)
    rows = _rows(control, size, moment)
    faults = Counter(sequence_faults(written_entries(control, end=size), moment))
    return Deletion(
        at=format_utc(moment),
        started=len(rows),
        counts={one: sum(row.standing is one for row in rows) for one in Standing},
        faults=tuple(sorted(faults.items())),
        without_proof=sum(row.standing is Standing.DESTROYED and not row.has_proof for row in rows),
        head=_head(control, size),
        rows=tuple(rows),
    )


def deletion_page(
    control: Control, at: datetime | None, standing: str, limit: int, offset: int, newest: int
) -> Page:
    """Returns the overview as the ledger stood at a moment, with a page of runs. Costs what one page costs.

    A certificate that went missing is found for the runs that are shown; for all of them by `reprise ledger index --check`.
    """
    now = control.clock.now()
    moment = now if at is None else min(at, now)
    with RunIndex.of(control) as index:
        runs = RecordedRuns(control, index, moment)
        listed = runs.page(standing, limit, offset) if standing in ("", *Standing) else []
        first = runs.page("", newest, 0)
        index.look_again([one.run for one in (*listed, *first) if one.ended])
        return Page(
            overview=Overview(
                at=format_utc(moment),
                started=runs.count(),
                counts={one: runs.count(one) for one in Standing},
                faults=tuple(sorted(runs.faults().items())),
                without_proof=runs.without_proof(),
                head=_head(control, runs.size),
            ),
            rows=tuple(_recorded(control, one, moment) for one in listed),
            total=runs.count(standing) if standing in ("", *Standing) else 0,
            newest=tuple(_recorded(control, one, moment) for one in first),
        )


def _head(control: Control, size: int) -> LogHead:
    store = control.ledger.store
    root = store.tree(store.head().size).subtree(0, size) if size else None
    return LogHead(control.site.origin, size, b64encode(root).decode() if root else "")


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
    recorded = Recorded(
        number=start.n.get("run_number", 0),
        run=str(start.runId),
        use=start.code,
        started=start.at,
        deadline_s=start.n["deadline_s"],
        ended=end.at if end else None,
        cause=end.code if end else None,
        files=end.n.get("files", 0) if end else 0,
        bytes=end.n.get("bytes", 0) if end else 0,
    )
    return _recorded(control, recorded, moment)


def _recorded(control: Control, found: Recorded, moment: datetime) -> DeletionRow:
    began, deadline = parse_utc(found.started), datetime.fromtimestamp(found.deadline_s, UTC)
    standing = Standing.OPEN if deadline >= moment else Standing.OVERDUE
    return DeletionRow(
        number=found.number,
        run=found.run,
        use=found.use,
        started=found.started,
        deadline=format_utc(deadline),
        ended=found.ended,
        cause=found.cause,
        files=found.files,
        bytes=found.bytes,
        standing=Standing.DESTROYED if found.ended else standing,
        staged_seconds=int(((parse_utc(found.ended) if found.ended else moment) - began).total_seconds()),
        allowed_seconds=int((deadline - began).total_seconds()),
        has_proof=found.ended is not None and is_ended(control.home, found.run),
    )
