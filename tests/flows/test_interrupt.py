"""At a terminal: a bar that moves, and Ctrl-C that leaves a run to resume or sweep."""

from __future__ import annotations

import re
import signal

import pytest
from support.terminal import at_a_terminal, last_line
from support.whole_run import WholeRun

from flows.retention._sweep import sweep_home
from trial.practice.write import write_practice
from vault.home_folder import Home
from vault.runs.lease import list_runs

pytestmark = pytest.mark.slow


@pytest.fixture
def case(tmp_path):
    write_practice(tmp_path / "export", patients=40)
    return WholeRun(tmp_path / "trial", tmp_path / "export")


def test_the_bar_moves(case):
    code, screen, _ = at_a_terminal(case)
    assert code == 0, screen[-500:]
    assert screen.startswith("reprise: checking the authorisation")
    assert not (case.home / "prefect").exists()  # no server of its own
    shown = [int(n) for n in re.findall(r"(\d+) %", screen)]
    assert len(set(shown)) > 10
    assert shown == sorted(shown)
    for words in ("counting what came", "sealing into staging", "writing sealed parts", "delivered"):
        assert words in screen


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("counting what came", signal.SIGINT),
        ("sealing into staging", signal.SIGTERM),
        ("writing sealed parts", signal.SIGINT),
    ],
)
def test_an_interrupt_leaves_a_run_to_resume(case, moment, number):
    line = last_line(at_a_terminal(case, interrupt_at=moment, number=number))
    assert f"reprise resume {case.run_id}" in line
    assert not case.content()
    assert case.resume().state == "certified"
    case.nothing_left()


@pytest.mark.parametrize("wait", [0.0, 1.2])
def test_an_interrupt_says_whether_a_run_waits(case, wait):
    """While the libraries load, and about when the run is leased."""
    line = last_line(at_a_terminal(case, interrupt_at="checking the authorisation", wait=wait))
    assert ("reprise resume" in line) == bool(list_runs(Home(case.home)))
    assert wait or "Nothing was begun." in line


def test_ctrl_c_leaves_a_run_to_the_sweep(case, monkeypatch):
    last_line(at_a_terminal(case, interrupt_at="sealing into staging"))
    (lease,) = list_runs(Home(case.home))
    assert sweep_home(Home(case.home)).resumable == 1
    monkeypatch.setattr("vault.runs.lease.Lease.seconds_left", lambda self, clock: 0)
    assert sweep_home(Home(case.home)).destroyed == 1
    assert not case.content()
    case.nothing_left()
    assert lease.run_id == list_runs(Home(case.home))[0].run_id
