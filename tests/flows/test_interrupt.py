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
from typing import NamedTuple

import pytest
from whole_run import WholeRun

from flows.practice.write import write_practice
from flows.retention import sweep_home
from vault.lease import list_runs

pytestmark = pytest.mark.slow


@pytest.fixture
def case(tmp_path):
    write_practice(tmp_path / "export", patients=40)
    return WholeRun(tmp_path / "trial", tmp_path / "export")


class Seen(NamedTuple):
    """What a terminal showed, and when."""

    code: int
    screen: str
    first_seconds: float  # until the first line
    end_seconds: float  # from the signal to the end


def at_a_terminal(
    case: WholeRun,
    *,
    interrupt_at: str | None = None,
    number: int = signal.SIGINT,
    wait: float = 0.3,
    environment: dict[str, str] | None = None,
) -> Seen:
    """Run `reprise migrate` in a pseudo-terminal; send the signal once the words show, to the whole group as a terminal does."""
    control, terminal = pty.openpty()
    command = [
        str(Path(sys.executable).with_name("reprise")), "migrate", case.made["source"],
        "--authorisation", case.made["authorisation"], "--to", case.made["destination"],
    ]  # fmt: skip
    settings = {
        **os.environ,
        "REPRISE_HOME": str(case.home),
        "REPRISE_OPERATOR": "trial",
        "TERM": "xterm",
        "COLUMNS": "250",
        **(environment or {}),
    }
    began, first, pressed = time.monotonic(), 0.0, 0.0
    process = subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, env=settings, start_new_session=True
    )
    os.close(terminal)
    screen = ""
    while True:
        try:
            piece = os.read(control, 4096).decode(errors="replace")
        except OSError:
            break
        if not piece:
            break
        first = first or time.monotonic() - began
        screen += piece
        if interrupt_at and not pressed and interrupt_at in screen:
            time.sleep(wait)
            pressed = time.monotonic()
            os.killpg(process.pid, number)
    os.close(control)
    code = process.wait(timeout=60)
    return Seen(code, screen, first, time.monotonic() - pressed)


def test_the_bar_moves(case):
    code, screen, first, _ = at_a_terminal(case)
    assert code == 0, screen[-500:]
    assert first < 1
    assert screen.startswith("reprise: checking the authorisation")
    assert not (case.home / "prefect").exists()  # no server of its own
    shown = [int(n) for n in re.findall(r"(\d+) %", screen)]
    assert len(set(shown)) > 10
    assert shown == sorted(shown)
    for words in ("counting what came", "sealing into staging", "writing sealed parts", "delivered"):
        assert words in screen


LINE = re.compile(r"reprise:\S* Interrupted\.[^\r\n]*")


def last_line(seen: Seen) -> str:
    """The one line about the interrupt. Nothing follows it, and nothing was dumped before."""
    (line,) = LINE.findall(seen.screen)
    assert seen.screen.rstrip().endswith(line)
    assert "Traceback" not in seen.screen
    assert seen.code == 130
    assert seen.end_seconds < 5
    return line


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
    assert ("reprise resume" in line) == bool(list_runs(case.home))
    assert wait or "Nothing was begun." in line


def test_ctrl_c_leaves_a_run_to_the_sweep(case, monkeypatch):
    last_line(at_a_terminal(case, interrupt_at="sealing into staging"))
    (lease,) = list_runs(case.home)
    assert sweep_home(case.home).resumable == 1
    monkeypatch.setattr("vault.lease.Lease.seconds_left", lambda self, clock: 0)
    assert sweep_home(case.home).destroyed == 1
    assert not case.content()
    case.nothing_left()
    assert lease.run_id == list_runs(case.home)[0].run_id
