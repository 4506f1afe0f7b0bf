"""Checks that a log contains the entries that every run must have. A gap is a fault, never a warning."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

AFTERWARDS = ("custody.", "import.", "proof.")
"""How the types of entries begin that may follow the end of a run: of copies in custody, the package's import, proof folders."""


_SHOWING_DELIVERY = frozenset(
    {("run.delivered", "migration"), ("destruction.completed", "published")}
    | {("import.confirmed", state) for state in ("opened", "imported", "accepted")}
)
"""Entries (type and code) that record a delivery."""
_SETTLING = frozenset({"use.spent", "use.given_back"})

Uses = tuple[str, str]
"""Commitment of an instruction, and one of its uses."""


@dataclass
class RunSoFar:
    """What the entries up to a point say of one run."""

    started: bool = False
    authorised: bool = False
    ended: bool = False
    settled: bool = False
    given_back: bool = False
    delivered: bool = False
    holds: bool = False  # counted among the runs that hold its use
    deadline_s: int | None = None
    uses: Uses | None = None


@dataclass
class UsesSoFar:
    """How many runs hold a use of one instruction, and the smallest number of uses that any of them stated."""

    allowed: int
    holding: int = 0


class Memory(Protocol):
    """Where the check keeps what it has read: a dictionary, or the index of a large log."""

    def run(self, run_id: str) -> RunSoFar:
        """Returns what is known of a run, to be changed in place."""
        ...

    def uses(self, of: Uses, allowed: int) -> UsesSoFar:
        """Returns the same for a use of an instruction; the first run to name it states how often it is allowed."""
        ...

    @property
    def any_uses(self) -> bool:
        """Whether any run stated its instruction."""
        ...


@dataclass
class _InMemory:
    runs: dict[str, RunSoFar] = field(default_factory=dict)
    held: dict[Uses, UsesSoFar] = field(default_factory=dict)

    def run(self, run_id: str) -> RunSoFar:
        return self.runs.setdefault(run_id, RunSoFar())

    def uses(self, of: Uses, allowed: int) -> UsesSoFar:
        return self.held.setdefault(of, UsesSoFar(allowed))

    @property
    def any_uses(self) -> bool:
        return bool(self.held)


def sequence_faults(entries: Iterable[bytes], now: datetime) -> list[str]:
    """Check that runs are numbered without a gap, authorised first, started once, and ended once or have time left."""
    memory = _InMemory()
    check = SequenceCheck(memory)
    faults = [fault for entry in entries for fault in check.read(_body(entry))]
    late = sum(
        run.deadline_s is not None and not run.ended and now.timestamp() > run.deadline_s
        for run in memory.runs.values()
    )
    return faults + ["run_overdue"] * late


class SequenceCheck:
    """The check, entry by entry in the order of the log. Whether a run is overdue depends on a moment: the caller finds that."""

    def __init__(self, memory: Memory, started: int = 0) -> None:
        self._memory = memory
        self.started = started  # starts read so far

    def read(self, body: dict[str, Any]) -> list[str]:
        """Return the faults that this entry shows."""
        run_id = body.get("runId")
        if not isinstance(run_id, str):
            return []
        run = self._memory.run(run_id)
        kind, code = str(body.get("type")), str(body.get("code"))
        faults: list[str] = []
        if kind == "run.started":
            faults += self._start(run, body)
        elif kind.startswith(("run.", "destruction.")) and not run.started:
            faults.append("run_without_start")
        if kind == "use.given_back" and run.uses is not None and run.holds:
            self._memory.uses(run.uses, 0).holding -= 1
            run.holds = False
        if run.ended and not kind.startswith(AFTERWARDS):
            faults.append(
                "destroyed_twice" if kind == "destruction.completed" else "run_goes_on_after_its_end"
            )
        if kind in _SETTLING:
            faults += _use_faults(run, kind)
        if kind == "run.delivered" and run.uses is not None and code != run.uses[1]:
            faults.append("entry_malformed")  # delivered under another use than it started with
        if (kind, code) in _SHOWING_DELIVERY:
            if run.given_back and not run.delivered:
                faults.append("use_given_back_after_delivery")
            run.delivered = True
        _note(run, kind)
        return faults

    def _start(self, run: RunSoFar, body: dict[str, Any]) -> list[str]:
        numbers = body.get("n")
        numbers = numbers if isinstance(numbers, dict) else {}
        self.started += 1
        faults = []
        if numbers.get("run_number") != self.started:
            faults.append("run_number_gap")
        if run.started:
            faults.append("started_twice")
        if not run.authorised:
            faults.append("run_without_authorisation")
        if run.deadline_s is None:  # of two starts, the first counts
            deadline = numbers.get("deadline_s")
            run.deadline_s = deadline if isinstance(deadline, int) else 0
        return faults + self._too_many(run, body, numbers.get("allowed"))

    def _too_many(self, run: RunSoFar, body: dict[str, Any], allowed: object) -> list[str]:
        """Check that no more runs hold a use of an instruction than it allows; runs that gave their use back do not count.

        The first release recorded neither a run's instruction nor the number of uses. Once a log states them for one run, it
        must state them for every later run.
        """
        commitments = body.get("c")
        of = commitments.get("uses") if isinstance(commitments, dict) else None
        if not isinstance(of, str) or not isinstance(allowed, int):
            return ["entry_malformed"] if self._memory.any_uses else []
        uses = (of, str(body.get("code")))
        use = self._memory.uses(uses, allowed)
        use.allowed = min(use.allowed, allowed)
        if not (run.holds and run.uses == uses):
            use.holding += 1
        run.uses, run.holds = uses, True
        return ["use_exceeded"] if use.holding > use.allowed else []


def _note(run: RunSoFar, kind: str) -> None:
    run.started |= kind == "run.started"
    run.authorised |= kind == "authorisation.checked"
    run.ended |= kind == "destruction.completed"
    run.settled |= kind in _SETTLING
    run.given_back |= kind == "use.given_back"


def _body(entry: bytes) -> dict[str, Any]:
    try:
        body = json.loads(entry)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _use_faults(run: RunSoFar, kind: str) -> list[str]:
    """Check that a use is settled once, and that a run that delivered does not give its use back."""
    faults = ["use_settled_twice"] if run.settled else []
    if kind == "use.given_back" and run.delivered:
        faults.append("use_given_back_after_delivery")
    return faults + ([] if run.started else ["use_without_run"])
