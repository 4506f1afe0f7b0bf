"""Small durable facts about a run beside its lease: codes, counts, indexes."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

from schemas.errors import IntegrityError
from vault.home_folder import Home
from vault.system.files import write_durably


class RunFile(StrEnum):
    """The files that may lie beside a lease, in the order in which a run can get them."""

    FAILURE = "red.json"  # it stopped: the error code
    CAUSE = "cause.json"  # it was given up: the reason
    RESTORED = "restored.json"  # a backup contained it while it was running: it can only be ended
    INTENT = "intent.json"  # its destruction began: what is destroyed, and why
    TAKEBACK = "takeback.json"  # what became of its parts at the destination
    USE = "use.json"  # what became of the use it claimed: spent or given back, and why
    INCOMPLETE = "incomplete.json"  # what the check after its destruction found
    REPORT = "told.json"  # the content of its proof, except heads and stamps
    HEADS = "heads.json"  # the heads of the log in its proof folders


def write_run_file(home: Home, run_id: str, name: RunFile, content: dict[str, Any]) -> None:
    """Write one fact durably."""
    write_durably(home.run(run_id) / name, json.dumps(content, sort_keys=True).encode())


def has_run_file(home: Home, run_id: str, name: RunFile) -> bool:
    """Whether the fact is on record."""
    return (home.run(run_id) / name).is_file()


def drop_run_file(home: Home, run_id: str, name: RunFile) -> None:
    """Remove a fact that no longer applies."""
    (home.run(run_id) / name).unlink(missing_ok=True)


def read_run_file(home: Home, run_id: str, name: RunFile) -> dict[str, Any] | None:
    """Read one fact, or None. Raises IntegrityError (run_record_unreadable) for a damaged one."""
    path = home.run(run_id) / name
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_bytes()))
    except (ValueError, TypeError, RecursionError):
        damaged = IntegrityError("run_record_unreadable", run=run_id)
    raise damaged


def is_ended(home: Home, run_id: str) -> bool:
    """Whether the run has its certificate."""
    return (home.proof(run_id) / "manifest.json").is_file()
