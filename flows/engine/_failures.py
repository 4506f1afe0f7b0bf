"""What may leave a data process of an error: its class, code and facts.

Of a foreign error only its place in Reprise's code leaves, never its text.
"""

from __future__ import annotations

import traceback
from pathlib import Path

from flows.engine import _events as events
from schemas.errors import RepriseError
from vault.system.files import FULL


class WorkerFailedError(Exception):
    """A worker ended with this failure, which is passed on as it came."""

    def __init__(self, failure: events.Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


def reduce_error(error: BaseException) -> events.Failure:
    """Reduce an error to what may leave the process."""
    if isinstance(error, WorkerFailedError):
        return error.failure
    if isinstance(error, RepriseError):
        return events.Failure(type(error).__name__, error.code, error.exit_code, error.facts)
    if isinstance(error, OSError) and error.errno in FULL:
        return events.Failure("StorageFullError", "disk_full", 41, {"code": _place(error)})
    facts: dict[str, int | str] = {"case": type(error).__name__, "code": _place(error)}
    return events.Failure("RepriseError", "internal", 1, facts)


def _place(error: BaseException) -> str:
    """Return where in Reprise's code a foreign error arose: module and line, nothing of its text."""
    frames = traceback.extract_tb(error.__traceback__)
    root = str(Path(__file__).resolve().parents[2])
    ours = [f for f in frames if f.filename.startswith(root) and "/.venv/" not in f.filename]
    frame = ours[-1] if ours else frames[-1]
    return f"{Path(frame.filename).stem}:{frame.lineno}"
