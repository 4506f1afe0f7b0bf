"""The state of a home, for people and for monitoring: runs, what is overdue, and the time of the last sweep."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass

from flows.session.control import Control
from flows.views.index import RunIndex
from schemas.errors import (
    OrphanFoundError,
    RepriseError,
    RunOverdueError,
    SweepLateError,
    VerificationFailedError,
)
from vault.destruction.due import find_unknown
from vault.destruction.heartbeat import LATE_AFTER_INTERVALS, Heartbeat, last_heartbeat
from vault.home_folder import Home
from vault.intake.record import list_intakes
from vault.runs.state import RunState
from vault.system.clock import Clock


@dataclass(frozen=True)
class HomeState:
    """Counts and codes; no data about any person."""

    runs: dict[str, int]  # by state (`vault.runs.state.RunState`)
    overdue: int
    unknown: int  # staging without a lease
    last_sweep: str | None
    sweep_age_seconds: int | None
    new_here: bool  # this host has no record of the home
    alarms: list[str]  # worst first

    def to_json(self) -> dict[str, object]:
        """Return the object that `--json` prints."""
        return asdict(self)

    @property
    def alive(self) -> int:
        """The number of runs that have not ended."""
        return sum(count for state, count in self.runs.items() if state != RunState.CERTIFIED)


_ALARMS: dict[str, type[RepriseError]] = {
    "destruction_incomplete": VerificationFailedError,
    "lease_unreadable": VerificationFailedError,
    "unknown_staging": OrphanFoundError,
    "run_overdue": RunOverdueError,
    "copy_incomplete": VerificationFailedError,
    "clock_distrusted": SweepLateError,
    "sweep_never": SweepLateError,
    "sweep_late": SweepLateError,
}


def home_state(home: Home, clock: Clock | None = None) -> HomeState:
    """Return the state of a home; changes nothing in it but its index."""
    control = Control.open_to_look(home, clock)
    with RunIndex.of(control) as index:
        return state_of(control, index)


def state_of(control: Control, index: RunIndex) -> HomeState:
    """The same, for an open home and its index."""
    home, leases = control.home, index.live()
    states = [control.run(x).state_if(began=index.told(x.run_id).began) for x in leases]
    runs = Counter(state.value for state in states)
    if certified := index.count_settled():
        runs[RunState.CERTIFIED.value] += certified
    late = (x.seconds_left(control.clock) <= 0 for x in leases)
    overdue = sum(
        is_late and state is not RunState.CERTIFIED for is_late, state in zip(late, states, strict=True)
    )
    unknown = len(find_unknown(home)[1])
    beat = last_heartbeat(home)
    age = beat.age_seconds(control.clock) if beat else None
    begun = bool(runs) or any(intake.closed is None for intake in list_intakes(home))
    fired = {
        "destruction_incomplete": runs[RunState.INCOMPLETE] > 0 or _found(beat, "incomplete"),
        "lease_unreadable": bool(index.set_aside()),
        "unknown_staging": unknown > 0,
        "run_overdue": overdue > 0,
        "copy_incomplete": _found(beat, "copies_incomplete"),
        "clock_distrusted": _found(beat, "clock_distrusted"),
        "sweep_never": beat is None and begun,
        "sweep_late": beat is not None and _late(age, control.site.sweep_every_minutes),
    }
    return HomeState(
        runs=dict(runs),
        overdue=overdue,
        unknown=unknown,
        last_sweep=beat.ended if beat else None,
        sweep_age_seconds=age,
        new_here=control.memory.new_here(control.ledger.store),
        alarms=[code for code in _ALARMS if fired[code]],
    )


def _found(beat: Heartbeat | None, name: str) -> bool:
    """Return whether the last sweep found anything of this name."""
    return beat is not None and beat.found.get(name, 0) > 0


def _late(age: int | None, every_minutes: int) -> bool:
    return age is None or age > every_minutes * 60 * LATE_AFTER_INTERVALS


def alarm(state: HomeState) -> RepriseError | None:
    """Return the worst alarm: VerificationFailedError, OrphanFoundError, RunOverdueError, SweepLateError; None without alarms."""
    if not state.alarms:
        return None
    code = state.alarms[0]
    return _ALARMS[code](code, count=len(state.alarms))


def one_line(state: HomeState) -> str:
    """Return one line in the form that monitoring plug-ins print."""
    word = "CRITICAL" if state.alarms else "OK"
    sweep = f"last sweep {state.last_sweep}"
    if state.last_sweep is None:
        sweep = "no sweep has run yet (`reprise install-sweep`)"
    elif state.sweep_age_seconds is not None:
        sweep = f"last sweep {state.sweep_age_seconds // 60} min ago"
    facts = (
        f"{state.alive} run(s) alive, {state.runs.get(RunState.FAILED, 0)} failed, {state.overdue} overdue,"
        f" {state.runs.get(RunState.INCOMPLETE, 0)} incomplete, {state.unknown} unknown; {sweep}"
    )
    new = " [home_new_here]" if state.new_here else ""
    return f"REPRISE {word}: {', '.join([*state.alarms, facts])}{new}"
