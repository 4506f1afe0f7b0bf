"""At a terminal: a bar that moves, and Ctrl-C that leaves a run to resume or sweep."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from whole_run import WholeRun

from flows.practice.write import write_practice
from flows.retention import sweep_home
from vault.lease import list_runs

pytestmark = pytest.mark.slow


@pytest.fixture
def case(tmp_path):
    write_practice(tmp_path / "export", patients=80)
    return WholeRun(tmp_path / "trial", tmp_path / "export")


def at_a_terminal(case: WholeRun, *, interrupt_at: str | None = None) -> tuple[int, str]:
    """Run `reprise migrate` in a pseudo-terminal; press Ctrl-C once the words show. Gives exit code and screen."""
    control, terminal = pty.openpty()
    command = [
        str(Path(sys.executable).with_name("reprise")), "migrate", case.made["source"], "--direct",
        "--authorisation", case.made["authorisation"], "--to", case.made["destination"],
    ]  # fmt: skip
    settings = {
        **os.environ,
        "REPRISE_HOME": str(case.home),
        "REPRISE_OPERATOR": "trial",
        "TERM": "xterm",
        "COLUMNS": "100",
    }
    process = subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, env=settings, start_new_session=True
    )
    os.close(terminal)
    screen, pressed = "", False
    while True:
        try:
            piece = os.read(control, 4096).decode(errors="replace")
        except OSError:
            break
        if not piece:
            break
        screen += piece
        if interrupt_at and not pressed and interrupt_at in screen:
            pressed = True
            time.sleep(0.3)
            os.killpg(process.pid, signal.SIGINT)
    os.close(control)
    return process.wait(timeout=60), screen


def test_the_bar_moves(case):
    code, screen = at_a_terminal(case)
    assert code == 0, screen[-500:]
    shown = [int(n) for n in re.findall(r"(\d+) %", screen)]
    assert len(set(shown)) > 10
    assert shown == sorted(shown)
    for words in ("counting what came", "sealing into staging", "writing sealed parts", "certified"):
        assert words in screen


@pytest.mark.parametrize("moment", ["counting what came", "sealing into staging", "writing sealed parts"])
def test_ctrl_c_leaves_a_run_to_resume(case, moment):
    code, screen = at_a_terminal(case, interrupt_at=moment)
    assert code == 130, screen[-500:]
    assert "reprise resume" in screen
    assert "Traceback" not in screen
    assert not case.content()
    assert case.resume().state == "certified"
    case.nothing_left()


def test_ctrl_c_leaves_a_run_to_the_sweep(case, monkeypatch):
    assert at_a_terminal(case, interrupt_at="sealing into staging")[0] == 130
    (lease,) = list_runs(case.home)
    assert sweep_home(case.home).resumable == 1
    monkeypatch.setattr("vault.lease.Lease.seconds_left", lambda self, clock: 0)
    assert sweep_home(case.home).destroyed == 1
    assert not case.content()
    case.nothing_left()
    assert lease.run_id == list_runs(case.home)[0].run_id
