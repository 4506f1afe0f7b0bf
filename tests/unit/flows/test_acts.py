"""An act and its entry: in one order, a refusal too, and nothing is lost when the process ends in between."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from flows.session import acts
from flows.session.acts import act, record_interrupted
from flows.session.control import Control
from schemas.errors import ScopeError
from vault.home.create import create_home
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.records.operators import enrol_operator


@pytest.fixture
def control(tmp_path) -> Control:
    create_home(Home(tmp_path / "home"), trial=True, origin="test.example/acts")
    enrol_operator(Home(tmp_path / "home"), "eve")
    return Control.open(Home(tmp_path / "home"), "eve")


def entries(control: Control) -> list[tuple[str, str]]:
    store = control.ledger.store
    return [(e["type"], e["code"]) for e in map(json.loads, store.read(0, store.head().size))]


def intents(control: Control) -> list[Path]:
    return list((control.home.acts).glob("*"))


def test_an_act_is_done_before_its_entry_and_its_intent_is_gone_after_it(control):
    with act(control, EntryType.TRUST_ADDED) as doing:
        assert entries(control) == []
        assert len(intents(control)) == 1
        doing.code, doing.counts = "root", {"certificates": 2}
    assert entries(control) == [("trust.added", "root")]
    assert intents(control) == []


def test_a_refusal_is_an_entry(control):
    with pytest.raises(ScopeError), act(control, EntryType.TRUST_ADDED):
        raise ScopeError("answer_unknown")
    assert entries(control) == [("act.refused", "answer_unknown")]
    assert intents(control) == []


@pytest.mark.parametrize("how", ["os._exit(9)", "raise OSError(28, 'full')"])
def test_an_act_whose_process_ended_is_recorded_by_whoever_opens_the_home_next(control, how):
    doing = (
        "import os, sys; from pathlib import Path; from vault.home_folder import Home; from flows.session.acts import act; from flows.session.control import Control\n"
        "from vault.ledger.entries import EntryType\n"
        f"with act(Control.open(Home(Path(sys.argv[1])), 'eve'), EntryType.TRUST_ADDED):\n    {how}\n"
    )
    subprocess.run(
        [sys.executable, "-c", doing, str(control.home)],
        capture_output=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert len(intents(control)) == 1
    opened = Control.open(control.home, "eve")
    assert entries(opened) == [("act.interrupted", "trust.added")]
    assert intents(control) == []


def test_an_intent_that_is_still_being_made_is_left_alone(control, monkeypatch):
    real = acts.fcntl.flock

    def another_opens_the_home_first(descriptor, kind):
        monkeypatch.undo()
        assert record_interrupted(control) == 0
        real(descriptor, kind)

    monkeypatch.setattr(acts.fcntl, "flock", another_opens_the_home_first)
    with act(control, EntryType.TRUST_ADDED):
        pass
    assert entries(control) == [("trust.added", "done")]
    assert intents(control) == []


def test_an_act_that_goes_on_is_left_alone(control):
    with act(control, EntryType.TRUST_ADDED):
        assert record_interrupted(control) == 0
    assert entries(control) == [("trust.added", "done")]


def test_an_intent_cut_short_is_of_an_act_that_never_began(control):
    (control.home.acts).mkdir()
    (control.home.acts / "1.json").write_bytes(b'{"ty')
    assert record_interrupted(control) == 1
    assert entries(control) == [("act.interrupted", "not_begun")]
