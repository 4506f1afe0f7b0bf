"""Homes, proofs and a backup of the first release still open, verify, sweep and restore."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import release_1
from support.moving_clock import MovingClock

from flows.admin.backup import restore
from flows.lifecycle.run_views import list_runs
from flows.retention._sweep import sweep_home
from flows.session.control import Control
from vault.home_folder import Home
from vault.ledger.audit import audit
from vault.ledger.home_log import open_store
from vault.ledger.notes import VerifierKey
from vault.system.clock import SystemClock
from vault.verify import verify

ENDED = sorted(name for name in release_1.RUNS if name != "waiting")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return release_1.unpack("home", tmp_path_factory.mktemp("release-1"))


@pytest.mark.parametrize("name", ENDED)
def test_its_proofs_verify(home, name):
    code, words = verify(home / "runs" / release_1.RUNS[name] / "proof", release_1.POLICY)
    assert code == 0, words


def test_its_home_opens_and_its_ledger_is_whole(home):
    control = Control.open(Home(home), "trial")
    assert {run.run_id for run in list_runs(Home(home))} == {release_1.RUNS[name] for name in ENDED}
    assert all(run.state == "certified" for run in list_runs(Home(home)))
    store = open_store(Home(home))
    assert not audit(home / "ledger", VerifierKey.parse(store.vkey), SystemClock().now())
    assert control.site.trial


def test_its_waiting_run_is_swept(tmp_path):
    home = release_1.unpack("home-with-a-waiting-run", tmp_path)
    assert list((home / "staging").iterdir())
    clock = MovingClock()
    clock.pass_time(days=4)
    sweep_home(Home(home), clock)
    assert not list((home / "staging").iterdir())


def test_its_backup_restores(tmp_path):
    identity = (release_1.FOLDER / "backup-identity.txt").read_text()
    found = restore(release_1.FOLDER / "backup.age", identity, Home(tmp_path / "home"), "trial")
    assert found["proofs"] == len(ENDED)
