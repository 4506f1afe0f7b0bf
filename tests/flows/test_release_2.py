"""What the release before typed records left behind opens, verifies and is swept (`tests/vectors/release-2/README`)."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from support.moving_clock import MovingClock

from flows.lifecycle.run_views import list_runs, status
from flows.retention.round import sweep_home
from flows.session.control import Control
from flows.views.index import RunIndex
from schemas.outcome import Outcome
from vault.home_folder import Home
from vault.ledger.audit import audit
from vault.ledger.home_log import open_store
from vault.ledger.notes import VerifierKey
from vault.runs.state import RunState
from vault.system.clock import SystemClock
from vault.verify import verify

FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "release-2"
RUNS: dict[str, str] = json.loads((FOLDER / "runs.json").read_text())
OUTCOMES = {"counted": Outcome.COUNTED, "rehearsed": Outcome.REHEARSED, "published": Outcome.DELIVERED}


@pytest.fixture
def home(tmp_path) -> Path:
    with tarfile.open(FOLDER / "home.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    (tmp_path / "home").chmod(0o700)
    return tmp_path / "home"


def test_its_runs_are_listed_and_its_ledger_is_whole(home):
    found = {run.run_id: run for run in list_runs(Home(home))}
    assert set(found) == set(RUNS.values())
    for name, outcome in OUTCOMES.items():
        assert (found[RUNS[name]].state, found[RUNS[name]].outcome) == (RunState.CERTIFIED, outcome)
    assert not audit(home / "ledger", VerifierKey.parse(open_store(Home(home)).vkey), SystemClock().now())


def test_all_runs_at_once_end_as_each_alone(home):
    alone = [status(Home(home), run.run_id) for run in list_runs(Home(home))]
    with RunIndex.of(Control.open_to_look(Home(home))) as index:
        found = {one.run: (one.ended, one.imported or None) for one in index.settled()}
    assert found == {one.run_id: (one.ended, one.import_state) for one in alone if one.ended}
    assert len(found) >= len(OUTCOMES)


@pytest.mark.parametrize("name", OUTCOMES)
def test_its_proofs_verify(home, name):
    code, words = verify(home / "runs" / RUNS[name] / "proof", (FOLDER / "policy.txt").read_text())
    assert code == 0, words


def test_its_waiting_run_is_read_and_swept(home):
    steps = [entry.step for entry in status(Home(home), RUNS["waiting"]).journal]
    assert steps == ["inventory", "extract"]
    assert list((home / "staging").iterdir())
    clock = MovingClock()
    clock.pass_time(days=4)
    sweep_home(Home(home), clock)
    assert not list((home / "staging").iterdir())
