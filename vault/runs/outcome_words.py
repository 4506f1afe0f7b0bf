"""A run in a list: its state, or its outcome, as fields and in one line of English."""

from __future__ import annotations

import msgspec

from schemas.outcome import Cause, Outcome
from schemas.record import Record
from schemas.texts import text
from vault.runs.state import RunState

_STATES: dict[str, str] = {
    RunState.LEASED: "not begun: nothing was read; resume or abandon it",
    RunState.RUNNING: "running",
    RunState.INTERRUPTED: "interrupted: resume or abandon it",
    RunState.FAILED: "failed, nothing delivered: resume or abandon it",
    RunState.DELIVERED: "package delivered; its staging is not destroyed yet: resume it",
    RunState.GIVEN_UP: "ends without a package; its staging is not destroyed yet: resume it",
    RunState.DESTROYING: "its destruction is under way",
    RunState.INCOMPLETE: "DESTRUCTION INCOMPLETE: call a person",
    "forgotten": "never began: nothing was read, and no use of the instruction is spent",
}


def run_in_words(state: str, cause: str | None) -> str:
    """Return one line for a state (`vault.runs.state.RunState`, or `forgotten`), or for the cause of a run that has ended."""
    if state == RunState.CERTIFIED:
        ended = text("en", f"certificate.outcome.{cause}") if cause else "ended"
        return f"{ended}; staging destroyed and checked"
    return _STATES[state]


class RunView(Record, frozen=True):
    """One run in a list: its state and, if it has ended, its outcome."""

    run_id: str = msgspec.field(name="run")
    state: RunState
    outcome: Outcome | None  # None before the run has ended
    cause: Cause | None
    use: str
    created: str
    deadline: str

    @property
    def words(self) -> str:
        """The state or the outcome, in one line of English."""
        return run_in_words(self.state, self.cause)
