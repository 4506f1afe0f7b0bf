"""The control process's end of the pipe to a data process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas import errors
from schemas.errors import KeyUnavailableError, RepriseError
from vault.system.child_process import start_python
from vault.system.liveness import starting

MODULE = "flows.engine.data_process"
_MEMORY = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1"}
"""Arrow's own pool and malloc's arenas keep what was freed: a fifth more memory, for no speed (measured)."""


def start_process(lock: int) -> subprocess.Popen[str]:
    """A data process that waits for its order, and ends when this process ends; it keeps the lock until then."""
    return start_python(MODULE, str(os.getpid()), str(lock), environment=_MEMORY, keep=(lock,))


class DataLink:
    """A running data process: its events, and leave to go on."""

    def __init__(self, order: dict[str, Any]) -> None:
        with starting(Path(order["home"]) / "runs" / order["run"]) as lock:
            self._process = start_process(lock)
        self.pid = self._process.pid
        self._write(json.dumps(order))

    def events(self) -> Iterator[dict[str, Any]]:
        """The events until the end. Raises the error that the data process reported, or that it died."""
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        ended = False
        for line in self._process.stdout:
            event: dict[str, Any] = json.loads(line)
            if event["event"] == "error":
                self._process.wait()
                raise rebuild_error(event)
            ended = ended or event["event"] == "end"
            yield event
        status = self._process.wait()
        if not ended:
            raise KeyUnavailableError("data_process_died", count=abs(status))

    def go(self) -> None:
        """Let it go on."""
        self._write("go")

    def stop(self) -> None:
        """Close its orders: it ends at the next step; after a grace it is killed."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):  # it is dead already
                self._process.stdin.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self.kill()

    def end_now(self) -> None:
        """Kill it, whoever is reading its events; the reader then hears that it died."""
        if self._process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """End it now, and wait for that."""
        if self._process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        self._process.wait()

    def _write(self, line: str) -> None:
        try:
            assert self._process.stdin is not None  # noqa: S101 - for the type checker
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # its death shows in events()


def rebuild_error(event: dict[str, Any]) -> RepriseError:
    """The error of the data process, in ours."""
    kind = getattr(errors, str(event.get("kind")), RepriseError)
    if not (isinstance(kind, type) and issubclass(kind, RepriseError)):
        kind = RepriseError
    facts = {k: v for k, v in dict(event.get("facts", {})).items() if k in errors.FACTS and k != "code"}
    code = str(event["code"])
    if code == "internal":
        detail = dict(event.get("facts", {}))
        return RepriseError("internal", case=str(detail.get("case")), step=str(detail.get("code")))
    return kind(code, **facts)
