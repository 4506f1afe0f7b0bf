"""Run one order, or resume one run, in a separate process without Prefect.

`python -m flows.worker.order_process` reads a JSON request from stdin and is the control process of the run. It prints one JSON
object: run and state, or the error's codes and its fixed words; never an error's text.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from flows.engine import run as engine
from flows.session.coded_errors import CodedFailure, parts_of
from flows.session.observer import NoObserver
from schemas.errors import BusyError
from schemas.outcome import Cause
from vault.home_folder import Home
from vault.runs.lease import Lease, find_lease, owner_alive
from vault.system.child_process import start_python

_MODULE, _FLOW_RUN = "flows.worker.order_process", "flows.worker.flow_run"
_MEMORY = ("REPRISE_STATE", "XDG_STATE_HOME")  # where this host's records of homes are
_END_SECONDS = 30


class OrderProcess:
    """A child process that runs one order or resumes one run."""

    def __init__(self, home: Home, **asked: str) -> None:
        self._child = start_python(
            _MODULE, environment={name: os.environ[name] for name in _MEMORY if name in os.environ}
        )
        self._said = ""
        assert self._child.stdin is not None  # noqa: S101 - for the type checker
        self._child.stdin.write(json.dumps({"home": str(home.path), **asked}) + "\n")
        self._child.stdin.close()
        self._reader = threading.Thread(target=self._wait, daemon=True)
        self._reader.start()

    def _wait(self) -> None:
        """Read the child's output and wait for its end: without the wait, an ended child still counts as running."""
        assert self._child.stdout is not None  # noqa: S101 - for the type checker
        self._said = self._child.stdout.read()
        self._child.wait()

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._child.poll() is not None

    def raise_failure(self) -> None:
        """Raise CodedFailure if the process ended with an error. Does nothing while it runs."""
        if not self.ended:
            return
        self._reader.join(_END_SECONDS)
        said = json.loads(self._said or "{}")
        if "error" in said:
            raise CodedFailure(*said["error"])


def start_order_process(home: Home, order: str) -> OrderProcess:
    """Start a process that runs an order, or resumes its run."""
    return OrderProcess(home, order=order)


def start_resume_process(home: Home, run: str, operator: str) -> OrderProcess:
    """Start a process that resumes a run."""
    return OrderProcess(home, run=run, operator=operator)


def running_process_kind(home: Home, run: str) -> str:
    """Returns which process runs a run: `local`, `prefect`, `other` (a terminal, or another host) or `nobody`."""
    lease = find_lease(home, run)
    if not owner_alive(lease):
        return "nobody"
    words = _command_of(lease)
    return "local" if _MODULE in words else "prefect" if _FLOW_RUN in words else "other"


def cancel(home: Home, run: str, operator: str) -> None:
    """Kill the process of a local run if it still exists, destroy the staging, and certify the run as cancelled.

    Raises BusyError (doctor_busy) if a process of another kind runs it, and what `engine.abandon` raises.
    """
    lease = find_lease(home, run)
    kind = running_process_kind(home, run)
    if kind == "local":
        os.kill(lease.owner_pid, signal.SIGKILL)
        until = time.monotonic() + _END_SECONDS
        while owner_alive(lease) and time.monotonic() < until:
            time.sleep(0.05)
    elif kind != "nobody":
        raise BusyError("doctor_busy", run=lease.run_id)
    engine.abandon(home, lease.run_id, operator, Cause.CANCELLED)


def _command_of(lease: Lease) -> list[str]:
    try:
        words = Path(f"/proc/{lease.owner_pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
    return [word.decode("utf-8", "replace") for word in words]


def main() -> None:
    """Run the request from stdin and print the result."""
    os.umask(0o077)
    said = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # discard output of libraries
    asked = json.loads(sys.stdin.readline())
    home = Home(Path(asked["home"]))
    try:
        if "order" in asked:
            result = engine.start_order(home, asked["order"], NoObserver())
        else:
            result = engine.resume(home, asked["run"], asked["operator"], NoObserver())
        told: dict[str, Any] = {"run": result.run, "state": result.state}
    except Exception as error:  # noqa: BLE001 - whatever it is, only its code leaves this process
        told = {"error": parts_of(error)}
    os.write(said, json.dumps(told).encode())


if __name__ == "__main__":
    main()
