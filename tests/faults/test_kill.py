"""kill -9 of either process between any two steps, and inside the long steps and the destruction.

Afterwards `resume` ends in the same decrypted content; or `abandon`, or the sweep, leaves nothing but a proof.
"""

from __future__ import annotations

import os

import pytest
from support.whole_run import WholeRun

from flows.engine import run as engine
from flows.retention._sweep import sweep_home
from vault.home_folder import Home
from vault.runs.lease import list_runs

STEPS = (
    "authorise", "lease", "inventory", "extract", "check", "match", "transform", "plan", "deliver", "reconcile",
    "publish", "destroy", "certify",
)  # fmt: skip
LONG = ("inventory", "extract", "deliver")
CALLS = (
    ("flows.engine._lease.new_lease", 1),
    ("flows.engine._lease.begin", 1),
    ("flows.session.control.commit", 1),
    ("flows.engine._supervise.DataLink", 1),
    ("flows.lifecycle.ending.inventory_staging", 1),
    ("flows.lifecycle.ending.destroy_run", 1),
    ("vault.destruction.destroy._destroy_key", 1),
    ("vault.destruction.destroy.probe", 1),
    ("vault.destruction.destroy.remove", 1),
    ("flows.lifecycle.ending._certify", 1),
    ("flows.lifecycle.ending.issue_proof", 1),
    ("flows.session.control.digest_b64", 1),
    ("flows.lifecycle.proof.place_folder", 1),
    ("vault.proof.folder.write_durably", 4),
    ("flows.lifecycle.ending.drop_order", 1),
)
KILLS = (
    [{"who": "control", "at": "step", "name": step} for step in STEPS]
    + [{"who": "data", "at": "step", "name": step} for step in STEPS[2:11]]
    + [{"who": who, "at": "progress", "name": step} for who in ("control", "data") for step in LONG]
    + [{"who": "worker", "at": "progress", "name": step} for step in LONG[1:]]
    + [{"who": "control", "at": "call", "name": name, "nth": str(nth)} for name, nth in CALLS]
)
ALL = bool(os.environ.get("REPRISE_ALL_FAULTS"))
"""`make faults`; else a sample."""
ENDED_BEFORE_LEASE = {"authorise", "flows.engine._lease.new_lease"}
pytestmark = pytest.mark.slow


def _name(kill: dict[str, str]) -> str:
    return f"{kill['who']}-{kill['at']}-{kill['name'].rpartition('.')[2]}{kill.get('nth', '')}"


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    from trial.practice.write import write_practice

    folder = tmp_path_factory.mktemp("practice") / "export"
    write_practice(folder, patients=12, seed=7, shape="ordinary")
    return folder


@pytest.fixture(scope="module")
def undisturbed(practice, tmp_path_factory):
    case = WholeRun(tmp_path_factory.mktemp("undisturbed"), practice)
    case.start()
    return case.content()


def share_steps(case):
    """Let two workers take part, on a single core too."""
    site = case.home / "site.toml"
    site.write_text(f"workers = 2\n{site.read_text()}")


@pytest.mark.parametrize("kill", KILLS if ALL else KILLS[::2], ids=_name)
def test_a_killed_run_resumes_to_the_same_content(kill, practice, undisturbed, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    share_steps(case)
    died = case.start_apart(kill)
    all_was_told = kill == {
        "who": "data",
        "at": "step",
        "name": "publish",
    }  # its death changes nothing any more
    expected = -9 if kill["who"] == "control" else 0 if all_was_told else 50
    assert died.returncode == expected, died.stdout + died.stderr
    if kill["name"] in ENDED_BEFORE_LEASE:
        assert list_runs(Home(case.home)) == []
        case.start()
    elif not (case.home / "runs" / case.run_id / "proof" / "manifest.json").is_file():
        assert case.resume().state == "certified"
    assert case.content() == undisturbed
    issued = [entry for entry in case.entries() if entry["type"] == "proof.issued"]
    assert len(issued) == 1, "each folder once, whatever happened between its record and its place"
    case.nothing_left()


@pytest.mark.parametrize("way", ["abandon", "sweep"])
@pytest.mark.parametrize("kill", KILLS[1::3] if ALL else KILLS[1::6], ids=_name)
def test_a_killed_run_is_ended_without_a_trace(kill, way, practice, tmp_path, monkeypatch):
    case = WholeRun(tmp_path / "trial", practice)
    share_steps(case)
    case.start_apart(kill)
    leases = list_runs(Home(case.home))
    ended = [x for x in leases if (case.home / "runs" / x.run_id / "proof" / "manifest.json").is_file()]
    if leases and not ended:
        if way == "abandon":
            engine.abandon(Home(case.home), case.run_id, "trial")
        else:
            monkeypatch.setattr("vault.runs.lease.Lease.seconds_left", lambda self, clock: 0)
            assert sweep_home(Home(case.home)).destroyed == 1
    case.nothing_left()
