"""Lists what needs attention: unfinished runs, failed runs, packages without a confirmed import, and copies in custody."""

from __future__ import annotations

from dataclasses import dataclass

from flows.session.control import Control
from flows.views.index import RunIndex, Settled
from flows.views.runs import RunRow, known_as, live_rows, settled_row
from flows.views.status import HomeState, state_of
from vault.destruction.held_copies import CustodyRegister
from vault.runs.state import RunState
from vault.system.clock import parse_utc


@dataclass(frozen=True)
class Unconfirmed:
    """A delivered package whose import the practice has not confirmed."""

    row: RunRow
    days: int  # since the run ended
    severity: str  # plain, warn, bad


@dataclass(frozen=True)
class HeldRow:
    """A copy in the operator's custody."""

    kind: str
    run: str | None
    until: str  # RFC 3339 Z
    bytes: int
    overdue: bool


@dataclass(frozen=True)
class Today:
    """Everything in a home that needs attention."""

    staged: tuple[RunRow, ...]  # most urgent first
    failed: tuple[RunRow, ...]
    unconfirmed: tuple[Unconfirmed, ...]
    held: tuple[HeldRow, ...]
    home: HomeState

    @property
    def overdue(self) -> tuple[RunRow, ...]:
        """The runs whose deadline has passed and whose staging still exists."""
        return tuple(row for row in self.staged if row.seconds_left <= 0)


def today(control: Control, doctor: str | None = None) -> Today:
    """Return what needs attention in the home, or only in the runs of one doctor (opaque id)."""
    with RunIndex.of(control) as index:
        return today_of(control, index, doctor)


def today_of(control: Control, index: RunIndex, doctor: str | None) -> Today:
    """Return what `today` returns, from an open index."""
    known = known_as(control, doctor)
    rows = [row for row in live_rows(control, index, known) if not row.ended]
    unfinished = sorted(rows, key=lambda row: row.seconds_left)
    return Today(
        staged=tuple(unfinished),
        failed=tuple(row for row in unfinished if row.state in (RunState.FAILED, RunState.INTERRUPTED)),
        unconfirmed=tuple(_unconfirmed(control, settled) for settled in index.unconfirmed(known)),
        held=tuple(_held(control, index, known)),
        home=state_of(control, index),
    )


def _unconfirmed(control: Control, settled: Settled) -> Unconfirmed:
    days = (control.clock.now() - parse_utc(str(settled.ended))).days
    warn_days, bad_days = control.site.unconfirmed_amber_days, control.site.unconfirmed_red_days
    severity = "bad" if days >= bad_days else "warn" if days >= warn_days else "plain"
    return Unconfirmed(settled_row(control, settled), days, severity)


def _held(control: Control, index: RunIndex, known: frozenset[str] | None) -> list[HeldRow]:
    now, copies = control.clock.now(), CustodyRegister(control.home).held()
    if known is not None:
        live = {lease.run_id for lease in index.live(known)}
        copies = [c for c in copies if c.run_id in live or (c.run_id and index.concerns(c.run_id, known))]
    return [
        HeldRow(copy.kind.value, copy.run_id, copy.until, copy.size, parse_utc(copy.until) <= now)
        for copy in copies
    ]
