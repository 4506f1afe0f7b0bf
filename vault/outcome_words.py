"""Where a run stands, or how it ended, in one line of English."""

from __future__ import annotations

from schemas.texts import text

_STATES = {
    "red": "failed, nothing delivered: resume or abandon it",
    "interrupted": "interrupted: resume or abandon it",
    "running": "running",
    "destroying": "its destruction is under way",
    "incomplete": "DESTRUCTION INCOMPLETE: call a person",
    "forgotten": "never began: nothing was read, and no use of the instruction is spent",
}


def run_in_words(state: str, cause: str | None) -> str:
    """One line for a state (`flows.control.Control.state`) and, once the run has ended, for its cause."""
    if state == "certified":
        ended = text("en", f"certificate.outcome.{cause}") if cause else "ended"
        return f"{ended}; staging destroyed and checked"
    return _STATES[state]
