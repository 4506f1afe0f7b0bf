"""Small durable facts about a run beside its lease: codes, counts, indexes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vault.files import write_durably


def write_run_file(home: Path, run_id: str, name: str, content: dict[str, Any]) -> None:
    """Write one fact durably."""
    write_durably(home / "runs" / run_id / name, json.dumps(content, sort_keys=True).encode())


def read_run_file(home: Path, run_id: str, name: str) -> dict[str, Any] | None:
    """Read one fact, or None."""
    path = home / "runs" / run_id / name
    return dict(json.loads(path.read_bytes())) if path.is_file() else None
