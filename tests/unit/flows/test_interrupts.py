"""An interrupt ends a process within five seconds with 130 and one line, wherever its main thread is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import typer
from typer.testing import CliRunner

from flows import interrupts
from flows.commands.shared import guarded

IN_SQLITE = """
import sqlite3
held = interrupts.described_by(lambda: "A run waits.")
held.__enter__()
sqlite3.connect(":memory:").execute("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c").fetchall()
"""
IN_A_WRONG_HANDLER = """
import time
while True:
    try:
        time.sleep(60)
    except BaseException:
        pass
"""
IN_AN_IMPORT = """
import pathlib, sys, tempfile, time
folder = tempfile.mkdtemp()
pathlib.Path(folder, "slow_import.py").write_text(
    "import time\\ntry:\\n    time.sleep(0.9)\\nexcept BaseException:\\n    print('raised within', flush=True)\\n    raise\\n"
)
sys.path.insert(0, folder)
import slow_import
time.sleep(60)
"""
AT_EXIT = """
import atexit, logging, threading, time
thread = threading.Thread(target=time.sleep, args=(60,))
atexit.register(logging.error, "a dump")
thread.start()
thread.join()
"""


def interrupted(program: str, number: int) -> tuple[int, str, float]:
    start = "import sys\nfrom flows import interrupts, __main__ as start\ninterrupts.GRACE_SECONDS = 1.0\n"
    program = f"interrupts.work_begins()\n{program}"
    run = f"import types\napp = types.ModuleType('flows.cli')\napp.run = lambda words: exec({program!r})\n"
    hook = "sys.modules['flows.cli'] = app\n"
    begin = "print('ready', flush=True)\nstart.begin()\n"
    process = subprocess.Popen(
        [sys.executable, "-c", start + run + hook + begin],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.5)
    process.send_signal(number)
    began = time.monotonic()
    printed, told = process.communicate(timeout=30)
    assert printed == ""
    return process.returncode, told, time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "number", "found"),
    [
        (IN_SQLITE, signal.SIGINT, " A run waits."),
        (IN_A_WRONG_HANDLER, signal.SIGTERM, ""),
        (IN_AN_IMPORT, signal.SIGINT, ""),
        (AT_EXIT, signal.SIGINT, ""),
    ],
    ids=["in_c_code", "swallowed", "in_an_import", "at_exit"],
)
def test_it_ends_whatever_the_main_thread_does(program, number, found):
    code, told, seconds = interrupted(program, number)
    assert (code, told) == (130, f"reprise: Interrupted.{found}\n")
    assert seconds < interrupts.GRACE_SECONDS < 5


def outcome(raised: BaseException) -> tuple[int, dict[str, object]]:
    app = typer.Typer()

    @app.command()
    @guarded
    def command(as_json: bool = True) -> None:
        raise raised

    done = CliRunner().invoke(app, [])
    return done.exit_code, json.loads(done.stdout.splitlines()[-1])


def test_what_a_library_makes_of_an_interrupt_is_no_defect(monkeypatch):
    monkeypatch.setattr(interrupts, "pressed", lambda: True)
    code, told = outcome(ValueError("a library's words for KeyboardInterrupt"))
    assert (code, told["error"]) == (130, "interrupted")


def test_a_question_that_ctrl_c_answers(monkeypatch):
    asked = typer.Abort()
    asked.__context__ = KeyboardInterrupt()
    assert outcome(asked)[0] == 130


def test_what_became_of_the_work_is_in_the_line():
    code, told = outcome(interrupts.Interrupted("No run was begun."))
    assert (code, told["message"]) == (130, "Interrupted. No run was begun.")


def test_a_command_that_has_ended_keeps_its_exit_code():
    """The interpreter takes a while to go, and a signal then would end it by the signal."""
    program = (
        "import atexit, os, signal, sys\nfrom flows import interrupts\n"
        "class Last:\n    def __del__(self, kill=os.kill, pid=os.getpid(), number=signal.SIGINT): kill(pid, number)\n"
        "interrupts.install()\ninterrupts.last = Last()\nsys.exit(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (7, "")


def test_an_ignored_interrupt_stays_ignored():
    """As `nohup` and a shell's `&` leave it."""
    program = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nfrom flows import interrupts\ninterrupts.install()\n"
    check = "assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN\n"
    done = subprocess.run([sys.executable, "-c", program + check], check=False, env=os.environ.copy())
    assert done.returncode == 0


PENDING = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
os.kill(os.getpid(), signal.SIGINT)
os.execv(sys.executable, [sys.executable, "-I", "-m", "flows", "runs"])
"""
BLOCKED = """
from vault.system.isolation import isolate
isolate("-c", "import signal; print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))")
"""


def test_one_that_comes_while_the_interpreter_starts_waits_for_its_line():
    begun = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True, check=True)
    assert begun.stdout.strip() == "[<Signals.SIGINT: 2>, <Signals.SIGTERM: 15>]"
    done = subprocess.run([sys.executable, "-c", PENDING], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "reprise: Interrupted. Nothing was begun.\n")
