"""Find the notices to send now. Each has a unique key, so it is sent once even if it is found again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flows.session.control import Control
from flows.views.index import RunIndex
from flows.views.runs import RunRow
from flows.views.today import Today, today_of
from schemas.outcome import Cause
from vault.destruction.heartbeat import LATE_AFTER_INTERVALS, Heartbeat, last_heartbeat
from vault.home_folder import Home
from vault.notice_settings import NoticeKind
from vault.runs.state import RunState
from vault.system.clock import Clock


@dataclass(frozen=True)
class Notice:
    """One thing to tell: opaque ids, codes, moments; nothing about any person."""

    key: str
    kind: NoticeKind
    run: str | None
    at: str  # the moment that it is about
    code: str = ""  # an outcome, or the code of an error
    number: int = 0  # days or minutes


def find_due(control: Control, since: int, late: Heartbeat | None) -> tuple[list[Notice], int]:
    """Returns the notices of a home and the number of ledger entries. Ledger entries before `since` cause no notice.

    Notices of a near deadline and of a late sweep do not come from an entry: `since` does not apply to them.
    `late` is the last sweep before one that was late (`late_sweep`).
    """
    with RunIndex.of(control) as index:
        found = today_of(control, index, None)
        every = [
            *_ended(index, since),
            *_failed(index, found, since),
            *_near(control, found),
            *_unconfirmed(index, found, since),
            *_late(control, late),
        ]
        return every, index.size()


def _ended(index: RunIndex, since: int) -> Iterator[Notice]:
    rows = index.query(
        "SELECT run, ended_seq, ended_at, cause FROM told WHERE ended_seq >= ? ORDER BY ended_seq", since
    )
    for run, seq, at, cause in rows:
        code = Cause(cause).outcome.value if cause in set(Cause) else cause
        yield Notice(f"ended:{run}:{seq}", NoticeKind.ENDED, run, at, code)


def _failed(index: RunIndex, found: Today, since: int) -> Iterator[Notice]:
    for row in (row for row in found.failed if row.state is RunState.FAILED):
        for seq, at, code in index.query(
            "SELECT failed_seq, failed_at, failed_code FROM told WHERE run = ? AND failed_seq >= ?",
            row.run,
            since,
        ):
            yield Notice(f"failed:{row.run}:{seq}", NoticeKind.FAILED, row.run, at, code)


def _near(control: Control, found: Today) -> Iterator[Notice]:
    """Yield the runs that have at most `deadline_near_hours` left, or a quarter of their lifetime if that is shorter."""
    hours = control.site.notices.deadline_near_hours
    for row in found.staged:
        if row.seconds_left <= min(hours * 3600, row.lifetime // 4):
            yield Notice(
                f"deadline:{row.run}", NoticeKind.DEADLINE, row.run, row.deadline, row.word, _minutes(row)
            )


def _minutes(row: RunRow) -> int:
    return max(row.seconds_left // 60, 0)


def _unconfirmed(index: RunIndex, found: Today, since: int) -> Iterator[Notice]:
    for one in (one for one in found.unconfirmed if one.severity != "plain"):
        for seq, at in index.query("SELECT ended_seq, ended_at FROM told WHERE run = ?", one.row.run):
            if seq >= since:
                key = f"unconfirmed:{one.row.run}:{one.severity}"
                yield Notice(key, NoticeKind.UNCONFIRMED, one.row.run, at, one.severity, one.days)


def _late(control: Control, late: Heartbeat | None) -> Iterator[Notice]:
    if late is not None:
        minutes = (late.age_seconds(control.clock) or 0) // 60
        yield Notice(f"late:{late.ended}", NoticeKind.SWEEP_LATE, None, late.ended, "sweep_late", minutes)


def late_sweep(home: Home, clock: Clock) -> Heartbeat | None:
    """Returns the last sweep if the next one is late; None when it is not, or when none ever ran."""
    last = last_heartbeat(home)
    age = last.age_seconds(clock) if last is not None else None
    limit = home.site.sweep_every_minutes * 60 * LATE_AFTER_INTERVALS
    return last if last is not None and (age is None or age > limit) else None
