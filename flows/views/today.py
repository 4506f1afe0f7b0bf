"""What needs attention: what is staged, what failed, what the operator still holds, what nobody confirmed as imported."""

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
    """A delivered package of which the practice has not said that it is imported."""

    row: RunRow
    days: int
    colour: str


@dataclass(frozen=True)
class HeldRow:
    """A copy that the operator still holds."""

    kind: str
    run: str | None
    until: str
    bytes: int
    overdue: bool


@dataclass(frozen=True)
class Today:
    """What needs attention."""

    staged: tuple[RunRow, ...]  # most urgent first
    failed: tuple[RunRow, ...]
    unconfirmed: tuple[Unconfirmed, ...]
    held: tuple[HeldRow, ...]
    home: HomeState

    @property
    def overdue(self) -> tuple[RunRow, ...]:
        """The runs whose staging should be gone."""
        return tuple(row for row in self.staged if row.seconds_left <= 0)


def today(control: Control, doctor: str | None = None) -> Today:
    """Return what needs attention."""
    with RunIndex.of(control) as index:
        return today_of(control, index, doctor)


def today_of(control: Control, index: RunIndex, doctor: str | None) -> Today:
    """The same, for an open index."""
    known = known_as(control, doctor)
    rows = [row for row in live_rows(control, index, known) if not row.ended]
    alive = sorted(rows, key=lambda row: row.seconds_left)
    return Today(
        staged=tuple(alive),
        failed=tuple(row for row in alive if row.state in (RunState.FAILED, RunState.INTERRUPTED)),
        unconfirmed=tuple(_unconfirmed(control, one) for one in index.unconfirmed(known)),
        held=tuple(_held(control, index, known)),
        home=state_of(control, index),
    )


def _unconfirmed(control: Control, one: Settled) -> Unconfirmed:
    days = (control.clock.now() - parse_utc(str(one.ended))).days
    amber, red = control.site.unconfirmed_amber_days, control.site.unconfirmed_red_days
    late = "bad" if days >= red else "warn" if days >= amber else "plain"
    return Unconfirmed(settled_row(control, one), days, late)


def _held(control: Control, index: RunIndex, known: frozenset[str] | None) -> list[HeldRow]:
    now, copies = control.clock.now(), CustodyRegister(control.home).held()
    if known is not None:
        live = {lease.run_id for lease in index.live(known)}
        copies = [c for c in copies if c.run_id in live or (c.run_id and index.concerns(c.run_id, known))]
    return [
        HeldRow(copy.kind.value, copy.run_id, copy.until, copy.size, parse_utc(copy.until) <= now)
        for copy in copies
    ]
