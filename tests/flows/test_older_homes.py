"""An older copy of a home in its place, accepted as such: what was done meanwhile stays done."""

from __future__ import annotations

import shutil

import pytest
from support.whole_run import WholeRun

from flows.admin.backup import Reason, accept_rollback
from flows.engine import run as engine
from flows.session.control import Control
from schemas.errors import (
    AuthorisationError,
)
from vault.authorisation.check import is_withdrawn
from vault.home_folder import Home
from vault.runs.lease import list_runs

pytestmark = pytest.mark.slow


def test_a_package_delivered_in_the_time_that_a_rollback_lost_stays(practice, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart({"who": "control", "at": "step", "name": "reconcile"})
    shutil.copytree(case.home, tmp_path / "older")
    case.resume()
    delivered = case.content()
    shutil.rmtree(case.home)
    (tmp_path / "older").rename(case.home)
    accept_rollback(Home(case.home), "trial", Reason.SNAPSHOT_RESTORED)
    assert case.content() == delivered
    told = case.told()
    assert told["destruction"]["cause"] == "record_lost"
    assert told["facts"]["import_state"] == "delivered_not_confirmed"
    case.nothing_left()


def test_a_rollback_brings_no_withdrawn_instruction_back(practice, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    case.start(use="inventory")
    (lease,) = list_runs(Home(case.home))
    shutil.copytree(case.home, tmp_path / "older")
    engine.withdraw(Control.open(Home(case.home), "trial"), lease.authorisation_id)
    shutil.rmtree(case.home)
    (tmp_path / "older").rename(case.home)
    assert not is_withdrawn(Home(case.home), lease.authorisation_id)
    accept_rollback(Home(case.home), "trial", Reason.SNAPSHOT_RESTORED)
    assert is_withdrawn(Home(case.home), lease.authorisation_id)
    assert case.entries()[-1]["n"]["withdrawals"] == 1
    with pytest.raises(AuthorisationError, match="withdrawn"):
        case.start()


def test_a_damaged_lease_in_an_older_home_keeps_nobody_from_accepting_it(crashed, tmp_path):
    shutil.copytree(crashed.home, tmp_path / "older")
    engine.abandon(Home(crashed.home), crashed.run_id, "trial")
    run = crashed.run_id
    shutil.rmtree(crashed.home)
    (tmp_path / "older").rename(crashed.home)
    (crashed.home / "runs" / run / "lease.json").write_bytes(b"{")
    accept_rollback(Home(crashed.home), "trial", Reason.SNAPSHOT_RESTORED)
    assert not list((crashed.home / "staging").iterdir())
