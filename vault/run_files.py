"""Small durable facts about a run beside its lease: codes, counts, indexes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from schemas.errors import IntegrityError
from vault.files import write_durably


def write_run_file(home: Path, run_id: str, name: str, content: dict[str, Any]) -> None:
    """Write one fact durably."""
    write_durably(home / "runs" / run_id / name, json.dumps(content, sort_keys=True).encode())


def read_run_file(home: Path, run_id: str, name: str) -> dict[str, Any] | None:
    """Read one fact, or None. Raises IntegrityError (run_record_unreadable) for a damaged one."""
    path = home / "runs" / run_id / name
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_bytes()))
    except (ValueError, TypeError, RecursionError):
        damaged = IntegrityError("run_record_unreadable", run=run_id)
    raise damaged
