"""Completeness: what the entries of a log must tell of every run. A gap is a fault, never a warning."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

AFTERWARDS = ("custody.", "import.", "proof.")
"""Kinds of entries that may follow the end of a run: of the copies that outlive it, of what became of the package, and of
each proof folder that was issued.
"""


_SETTLED = frozenset({"use.spent", "use.given_back"})


@dataclass
class _Run:
    """What is known of one run while the log is read from its beginning."""

    types: list[str] = field(default_factory=list)
    deadline_s: int | None = None
    delivered: bool = False


def story_faults(entries: list[bytes], now: datetime) -> list[str]:
    """Runs are numbered without a gap; each was authorised before, started once, and ended once or has time left."""
    runs: dict[str, _Run] = {}
    faults: list[str] = []
    started = 0
    for entry in entries:
        body = _body(entry)
        run_id = body.get("runId")
        if not isinstance(run_id, str):
            continue
        run = runs.setdefault(run_id, _Run())
        kind, numbers = str(body.get("type")), body.get("n")
        numbers = numbers if isinstance(numbers, dict) else {}
        if kind == "run.started":
            started += 1
            faults += _start_faults(run, numbers, started)
            deadline = numbers.get("deadline_s")
            run.deadline_s = deadline if isinstance(deadline, int) else 0
        elif kind.startswith(("run.", "destruction.")) and "run.started" not in run.types:
            faults.append("run_without_start")
        if "destruction.completed" in run.types and not kind.startswith(AFTERWARDS):
            faults.append(
                "destroyed_twice" if kind == "destruction.completed" else "run_goes_on_after_its_end"
            )
        if kind in _SETTLED:
            faults += _use_faults(run, kind)
        run.delivered = run.delivered or (kind, body.get("code")) == ("run.delivered", "migration")
        run.types.append(kind)
    return faults + _end_faults(runs, now)


def _body(entry: bytes) -> dict[str, Any]:
    try:
        body = json.loads(entry)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _start_faults(run: _Run, numbers: dict[str, Any], expected: int) -> list[str]:
    faults = []
    if numbers.get("run_number") != expected:
        faults.append("run_number_gap")
    if "run.started" in run.types:
        faults.append("started_twice")
    if "authorisation.checked" not in run.types:
        faults.append("run_without_authorisation")
    return faults


def _use_faults(run: _Run, kind: str) -> list[str]:
    """A use is settled once, and one that delivered is not given back."""
    faults = ["use_settled_twice"] if _SETTLED & set(run.types) else []
    if kind == "use.given_back" and run.delivered:
        faults.append("use_given_back_after_delivery")
    return faults + (["use_without_run"] if "run.started" not in run.types else [])


def _end_faults(runs: dict[str, _Run], now: datetime) -> list[str]:
    faults = []
    for run in runs.values():
        if run.deadline_s is None or "destruction.completed" in run.types:
            continue
        if now.timestamp() > run.deadline_s:
            faults.append("run_overdue")
    return faults
