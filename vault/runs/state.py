"""The states of a run, and the effect of each act in each state: one table for commands, sweep, dashboard and documentation.

`derive_state` is pure: it takes the record of a run and returns its state. `next_move` looks up an act in `MOVES`. The diagram in
docs/architecture.md is the result of `diagram`; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RunState(StrEnum):
    """The state of a run."""

    LEASED = "leased"  # it has a lease, but no start in the ledger: nothing was read
    RUNNING = "running"  # its control process is running
    INTERRUPTED = "interrupted"  # its control process ended before the run did
    FAILED = "failed"  # it stopped with an error
    DELIVERED = "delivered"  # its package is at the destination; its staging is not destroyed yet
    GIVEN_UP = "given_up"  # it ends without publication; its destruction has not begun
    DESTROYING = "destroying"  # its destruction began
    INCOMPLETE = "incomplete"  # the check after its destruction failed
    CERTIFIED = "certified"  # its staging is destroyed, checked and certified


class Act(StrEnum):
    """The acts on a run. The sweep acts on a run that is due: overdue, withdrawn, or without its key."""

    RESUME = "resume"
    ABANDON = "abandon"
    WITHDRAW = "withdraw"
    SWEEP = "sweep"


class Move(StrEnum):
    """The effect of an act on a run."""

    START = "start"  # consume the use, record the start, do the steps
    CONTINUE = "continue"  # do the remaining steps
    FINISH = "finish"  # complete an end already decided: destroy, check, certify
    END = "end"  # decide to end without publication, then finish
    FORGET = "forget"  # remove the lease; the use is given back
    REFUSE = "refuse"  # the run has ended
    LEAVE = "leave"  # nothing


@dataclass(frozen=True)
class RunRecord:
    """The facts from which the state of a run is derived."""

    began: bool  # its start is in the ledger
    delivered: bool  # it is a migration, and all its steps are done
    failed: bool
    given_up: bool
    destruction_began: bool
    incomplete: bool
    certified: bool
    owner_lives: bool  # also true if this host cannot see the owner


def derive_state(record: RunRecord) -> RunState:
    """Return the state of a run: that of the latest fact that is true."""
    ranked = (
        (record.certified, RunState.CERTIFIED),
        (record.incomplete, RunState.INCOMPLETE),
        (record.destruction_began, RunState.DESTROYING),
        (not record.began, RunState.LEASED),
        (record.delivered, RunState.DELIVERED),
        (record.given_up, RunState.GIVEN_UP),
        (record.failed, RunState.FAILED),
        (record.owner_lives, RunState.RUNNING),
    )
    return next((state for holds, state in ranked if holds), RunState.INTERRUPTED)


_MOVES_WHILE_UNFINISHED = {
    Act.RESUME: Move.CONTINUE,
    Act.ABANDON: Move.END,
    Act.WITHDRAW: Move.END,
    Act.SWEEP: Move.END,
}
_MOVES_WHILE_ENDING = dict.fromkeys(Act, Move.FINISH)
MOVES: dict[RunState, dict[Act, Move]] = {
    RunState.LEASED: {**dict.fromkeys(Act, Move.FORGET), Act.RESUME: Move.START},
    RunState.RUNNING: _MOVES_WHILE_UNFINISHED,
    RunState.INTERRUPTED: _MOVES_WHILE_UNFINISHED,
    RunState.FAILED: _MOVES_WHILE_UNFINISHED,
    RunState.DELIVERED: _MOVES_WHILE_ENDING,  # too late to stop it
    RunState.GIVEN_UP: _MOVES_WHILE_ENDING,
    RunState.DESTROYING: _MOVES_WHILE_ENDING,
    RunState.INCOMPLETE: _MOVES_WHILE_ENDING,
    RunState.CERTIFIED: {
        Act.RESUME: Move.REFUSE,
        Act.ABANDON: Move.REFUSE,
        Act.WITHDRAW: Move.LEAVE,
        Act.SWEEP: Move.LEAVE,
    },
}
"""The effect of each act on a run in each state. The caller holds the run's locks (`vault.runs.run_lock`)."""

BY_ITSELF: tuple[tuple[RunState, RunState, str], ...] = (
    (RunState.LEASED, RunState.RUNNING, "use spent, start recorded"),
    (RunState.RUNNING, RunState.DELIVERED, "package published"),
    (RunState.RUNNING, RunState.DESTROYING, "rehearsed or counted"),
    (RunState.RUNNING, RunState.FAILED, "error"),
    (RunState.RUNNING, RunState.INTERRUPTED, "process ended"),
    (RunState.RUNNING, RunState.GIVEN_UP, "refused, withdrawn or overdue"),
    (RunState.DELIVERED, RunState.DESTROYING, "intent recorded"),
    (RunState.GIVEN_UP, RunState.DESTROYING, "intent recorded"),
    (RunState.DESTROYING, RunState.CERTIFIED, "destroyed and checked"),
    (RunState.DESTROYING, RunState.INCOMPLETE, "check failed"),
)
"""The changes of state without an act: state before, state after, reason."""
_STATE_AFTER = {
    Move.START: RunState.RUNNING.value,
    Move.CONTINUE: RunState.RUNNING.value,
    Move.FINISH: RunState.CERTIFIED.value,
    Move.END: RunState.GIVEN_UP.value,
    Move.FORGET: "[*]",
}


def next_move(state: RunState, act: Act) -> Move:
    """Return the effect of the act on a run in this state."""
    return MOVES[state][act]


def diagram() -> str:
    """Return the states and their changes as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {RunState.LEASED}: lease written"]
    lines += [f"    {before} --> {after}: {why}" for before, after, why in BY_ITSELF]
    for state, moves in MOVES.items():
        for after in dict.fromkeys(_STATE_AFTER.values()):
            acts = [act for act, move in moves.items() if _STATE_AFTER.get(move) == after]
            if acts:
                lines.append(f"    {state} --> {after}: {', '.join(acts)}")
    return "\n".join([*lines, f"    {RunState.CERTIFIED} --> [*]"]) + "\n"


if __name__ == "__main__":
    print(diagram(), end="")  # noqa: T201 - for docs/architecture.md
