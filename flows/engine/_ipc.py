"""The control process's end of the pipe to a data process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from flows.engine._events import End, Event, Failure, StartOrder, parse_event
from schemas import errors
from schemas.errors import KeyUnavailableError, RepriseError
from schemas.record import dump
from vault.system.child_process import start_python
from vault.system.liveness import starting

MODULE = "flows.engine.data_process"
_MEMORY = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Arrow's own pool and malloc's arenas keep freed memory: a fifth more memory, without a gain in speed (measured). No thread of
OpenBLAS may run when workers are forked.
"""


def start_process(lock: int) -> subprocess.Popen[str]:
    """Start a data process, which waits for its order. It ends when this process ends, and keeps the lock until then."""
    return start_python(MODULE, str(os.getpid()), str(lock), environment=_MEMORY, keep=(lock,))


class DataLink:
    """A running data process: its events, and the permission to continue."""

    def __init__(self, order: StartOrder) -> None:
        with starting(Path(order.home) / "runs" / order.run) as lock:
            self._process = start_process(lock)
        self.pid = self._process.pid
        self._write(dump(order).decode())

    def events(self) -> Iterator[Event]:
        """Yield events until the end. Raises the error that the data process reported, or an error if it died."""
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        ended = False
        for line in self._process.stdout:
            event = parse_event(line)
            if isinstance(event, Failure):
                self._process.wait()
                raise rebuild_error(event)
            ended = ended or isinstance(event, End)
            yield event
        status = self._process.wait()
        if not ended:
            raise KeyUnavailableError("data_process_died", count=abs(status))

    def go(self) -> None:
        """Let the data process continue."""
        self._write("go")

    def stop(self) -> None:
        """Close the pipe with its orders: the process ends at the next step, and is killed after a grace period."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):  # the process has already ended
                self._process.stdin.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self.kill()

    def end_now(self) -> None:
        """Kill the process while another thread reads its events; the reader then gets an error."""
        if self._process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """Kill the process and wait until it has ended."""
        if self._process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        self._process.wait()

    def _write(self, line: str) -> None:
        try:
            assert self._process.stdin is not None  # noqa: S101 - for the type checker
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # events() reports that the process died


def rebuild_error(failure: Failure) -> RepriseError:
    """Convert the data process's failure into an error of this process."""
    kind = getattr(errors, failure.kind, RepriseError)
    if not (isinstance(kind, type) and issubclass(kind, RepriseError)):
        kind = RepriseError
    if failure.code == "internal":
        return RepriseError(
            "internal", case=str(failure.facts.get("case")), step=str(failure.facts.get("code"))
        )
    facts = {name: value for name, value in failure.facts.items() if name in errors.FACTS and name != "code"}
    return kind(failure.code, **facts)
