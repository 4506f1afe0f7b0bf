"""Checks that a log contains the entries that every run must have. A gap is a fault, never a warning."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

AFTERWARDS = ("custody.", "import.", "proof.")
"""How the types of entries begin that may follow the end of a run: of copies in custody, the package's import, proof folders."""


_SHOWING_DELIVERY = frozenset(
    {("run.delivered", "migration"), ("destruction.completed", "published")}
    | {("import.confirmed", state) for state in ("opened", "imported", "accepted")}
)
"""Entries (type and code) that record a delivery."""
_SETTLING = frozenset({"use.spent", "use.given_back"})


@dataclass
class _Run:
    """The facts about one run, while the log is read from its beginning."""

    types: list[str] = field(default_factory=list)
    deadline_s: int | None = None  # seconds since 1970-01-01, UTC
    delivered: bool = False
    uses: tuple[str, str] | None = None  # commitment of the instruction, and the use


@dataclass
class _Held:
    """The runs that hold a use of one instruction, and the smallest number of uses that any of them stated."""

    allowed: int
    runs: set[str] = field(default_factory=set)


def sequence_faults(entries: Iterable[bytes], now: datetime) -> list[str]:
    """Return the faults of runs: each must have the next number, an authorisation, one start, and one end or time left."""
    runs: dict[str, _Run] = {}
    held: dict[tuple[str, str], _Held] = {}
    faults: list[str] = []
    started_runs = 0
    for entry in entries:
        body = _body(entry)
        run_id = body.get("runId")
        if not isinstance(run_id, str):
            continue
        run = runs.setdefault(run_id, _Run())
        kind, code, numbers = str(body.get("type")), str(body.get("code")), body.get("n")
        numbers = numbers if isinstance(numbers, dict) else {}
        if kind == "run.started":
            started_runs += 1
            faults += _start_faults(run, numbers, started_runs)
            deadline = numbers.get("deadline_s")
            run.deadline_s = deadline if isinstance(deadline, int) else 0
            faults += _too_many(run, run_id, body, held)
        elif kind.startswith(("run.", "destruction.")) and "run.started" not in run.types:
            faults.append("run_without_start")
        if kind == "use.given_back" and run.uses is not None:
            held[run.uses].runs.discard(run_id)
        if "destruction.completed" in run.types and not kind.startswith(AFTERWARDS):
            faults.append(
                "destroyed_twice" if kind == "destruction.completed" else "run_goes_on_after_its_end"
            )
        if kind in _SETTLING:
            faults += _use_faults(run, kind)
        if kind == "run.delivered" and run.uses is not None and code != run.uses[1]:
            faults.append("entry_malformed")  # delivered under another use than it started with
        if (kind, code) in _SHOWING_DELIVERY:
            if "use.given_back" in run.types and not run.delivered:
                faults.append("use_given_back_after_delivery")
            run.delivered = True
        run.types.append(kind)
    return faults + _end_faults(runs, now)


def _body(entry: bytes) -> dict[str, Any]:
    try:
        body = json.loads(entry)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _too_many(run: _Run, run_id: str, body: dict[str, Any], held: dict[tuple[str, str], _Held]) -> list[str]:
    """Return a fault if more runs hold a use of an instruction than it allows. A run that gave its use back does not count.

    The first release recorded neither a run's instruction nor the number of uses. Once a log states them for one run, it must
    state them for every later run.
    """
    commitments, numbers = body.get("c"), body.get("n")
    instruction = commitments.get("uses") if isinstance(commitments, dict) else None
    allowed = numbers.get("allowed") if isinstance(numbers, dict) else None
    if not isinstance(instruction, str) or not isinstance(allowed, int):
        return ["entry_malformed"] if held else []
    run.uses = (instruction, str(body.get("code")))
    use = held.setdefault(run.uses, _Held(allowed))
    use.allowed = min(use.allowed, allowed)
    use.runs.add(run_id)
    return ["use_exceeded"] if len(use.runs) > use.allowed else []


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
    """Return the faults of a use that is settled twice, or is given back by a run that delivered, or belongs to no run."""
    faults = ["use_settled_twice"] if _SETTLING & set(run.types) else []
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
