"""Every state of a run, every act: the table, what it promises, and the diagram that is made of it."""

from __future__ import annotations

import itertools
from dataclasses import fields
from pathlib import Path

import pytest

from vault.runs.outcome_words import run_in_words
from vault.runs.state import (
    BY_ITSELF,
    MOVES,
    Act,
    Move,
    RunRecord,
    RunState,
    derive_state,
    diagram,
    next_move,
)

ROOT = Path(__file__).resolve().parents[3]
RECORDS = [RunRecord(*held) for held in itertools.product((False, True), repeat=len(fields(RunRecord)))]
DECIDED = (RunState.DELIVERED, RunState.GIVEN_UP, RunState.DESTROYING, RunState.INCOMPLETE)


def expected(record: RunRecord) -> RunState:
    """The rules of docs/architecture.md, written as conditions instead of a ranking."""
    if record.certified:
        return RunState.CERTIFIED
    if record.incomplete or record.destruction_began:
        return RunState.INCOMPLETE if record.incomplete else RunState.DESTROYING
    if not record.began:
        return RunState.LEASED
    if record.delivered or record.given_up:
        return RunState.DELIVERED if record.delivered else RunState.GIVEN_UP
    if record.failed:
        return RunState.FAILED
    return RunState.RUNNING if record.owner_lives else RunState.INTERRUPTED


def test_the_state_of_every_record():
    assert len(RECORDS) == 256
    assert [r for r in RECORDS if derive_state(r) is not expected(r)] == []
    assert {derive_state(r) for r in RECORDS} == set(RunState)


def test_every_act_has_a_move_in_every_state():
    assert {(state, act) for state, moves in MOVES.items() for act in moves} == set(
        itertools.product(RunState, Act)
    )


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("state", RunState)
def test_what_a_move_may_do(state, act):
    move = next_move(state, act)
    assert (move in (Move.REFUSE, Move.LEAVE)) == (state is RunState.CERTIFIED), "what is certified stays"
    assert (move is Move.FINISH) == (state in DECIDED), (
        "an end that is decided is completed, whatever is asked"
    )
    assert (move in (Move.START, Move.FORGET)) == (state is RunState.LEASED), (
        "only what never began is forgotten"
    )
    if act is not Act.RESUME:
        assert move not in (Move.START, Move.CONTINUE), "only a resume reads on"
    assert (move is Move.LEAVE) <= (act in (Act.WITHDRAW, Act.SWEEP)), (
        "a person is told that the run has ended"
    )


def test_every_state_is_reached_and_left():
    after = {later for _, later, _ in BY_ITSELF}
    before = {earlier for earlier, _, _ in BY_ITSELF}
    assert after | {RunState.LEASED} == set(RunState)
    left_by_acts = {
        state for state, moves in MOVES.items() if set(moves.values()) - {Move.REFUSE, Move.LEAVE}
    }
    assert before | left_by_acts | {RunState.CERTIFIED} == set(RunState)


@pytest.mark.parametrize("state", [state for state in RunState if state is not RunState.CERTIFIED])
def test_every_state_has_words(state):
    assert run_in_words(state, None)


def test_the_diagram_of_the_documentation_is_the_table():
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{diagram()}```" in page, (
        "run `python -m vault.runs.state` and put what it prints there"
    )
