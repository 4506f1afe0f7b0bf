"""Processes forked from one that has loaded everything, and strace laid on them: a run costs its own work alone.

A cold run spends two thirds of its time in loading modules, twice. `FORKS` is Python's fork server with the engine
loaded; a data process is forked from its control process instead of being started anew. Both then make the same calls,
in the same order, as cold ones do once they are loaded.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from support.forked_python import Forked

import flows.engine._ipc
from flows.engine import data_process

HERE = Path(__file__).resolve().parent
PATHS = (HERE, HERE.parent, HERE.parents[1])
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["carrying", "warm", "support.whole_run", "pandas"]
)  # pyarrow asks for pandas at its first array
ATTACHED_WITHIN_SECONDS = 60


def load_forks() -> None:
    """Start the fork server; it learns where our modules are from the environment alone."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(str(path) for path in PATHS)
    try:
        first = FORKS.Process(target=os.getpid)
        first.start()
        first.join()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


class ForkedDataProcess(Forked):
    """What `subprocess.Popen` gives for a data process, forked from here."""

    def __init__(self, lock: int) -> None:
        order_read, order_write = os.pipe()
        event_read, event_write = os.pipe()
        parent = str(os.getpid())
        pid = os.fork()
        if pid == 0:
            _become_data_process(parent, order_read, event_write, lock)
        os.close(order_read)
        os.close(event_write)
        super().__init__(pid, order_write, event_read)


def _become_data_process(parent: str, orders: int, events: int, lock: int) -> NoReturn:
    """As after an exec: orders and events on the first two descriptors, the lock, no other descriptor, a session of its own."""
    status = 1
    try:
        os.setsid()
        os.dup2(orders, 0)
        os.dup2(events, 1)
        os.dup2(lock, 3)
        os.closerange(4, 1024)
        sys.stdin, sys.stdout = os.fdopen(0, encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
        sys.argv = ["data_process", parent, "3"]
        status = data_process.main()
    finally:
        os._exit(status)


def fork_data_processes() -> None:
    """From now on, in this process."""
    flows.engine._ipc.start_process = ForkedDataProcess  # type: ignore[assignment]


def _traced(work: Callable[..., int], arguments: tuple[Any, ...]) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)  # until strace is there
    fork_data_processes()
    sys.exit(work(*arguments))


def run_traced(strace: tuple[str, ...], work: Callable[..., int], *arguments: Any) -> int:
    """Run `work` in a fork under strace; gives its exit code, or the negative number of the signal that ended it."""
    process = FORKS.Process(target=_traced, args=(work, arguments))
    process.start()
    assert process.pid is not None
    _wait_for(process.pid, "State:", lambda value: value.startswith("T"))
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", *strace, "-p", str(process.pid)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _wait_for(process.pid, "TracerPid:", lambda value: value == str(tracer.pid))
    os.kill(process.pid, signal.SIGCONT)
    process.join(300)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError("the run hangs")
    tracer.wait(60)  # the data process may end a moment later
    return process.exitcode


def _wait_for(pid: int, field: str, met: Callable[[str], bool]) -> None:
    until = time.monotonic() + ATTACHED_WITHIN_SECONDS
    while time.monotonic() < until:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field) and met(line.removeprefix(field).strip()):
                return
        time.sleep(0.001)
    raise AssertionError(f"{field} of the run did not change")


def _answered(answer: Any, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    fork_data_processes()
    try:
        work(*arguments)
        answer.send(None)
    except Exception as error:  # noqa: BLE001 - told to who asked
        answer.send(f"{type(error).__name__} {str(error)[:200]}")


def run_apart(work: Callable[..., None], *arguments: Any) -> str | None:
    """Run `work` in a fork; gives what it raised, or None."""
    ours, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_answered, args=(theirs, work, arguments))
    process.start()
    theirs.close()
    try:
        return ours.recv() if ours.poll(300) else "it hangs"
    except EOFError:
        return "it died"
    finally:
        process.kill()
        process.join()
