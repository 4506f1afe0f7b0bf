"""The steps of a run, in order, and the cause with which a run of each use ends after all its steps."""

from __future__ import annotations

from typing import Any

from schemas.outcome import Cause

Counts = dict[str, Any]
"""What one step counted: numbers, numbers by code, and codes; no value of a patient."""

_WORK = ("inventory", "extract", "check", "match", "transform", "plan", "deliver", "reconcile")
STEPS = {
    "inventory": _WORK[:1],
    "rehearsal": (*_WORK, "rehearse"),
    "migration": (*_WORK, "publish"),
}
"""The steps of each use of an instruction, in order. Destruction and certificate follow in every case."""
DONE = {"migration": Cause.PUBLISHED, "rehearsal": Cause.REHEARSAL, "inventory": Cause.INVENTORY}
"""The cause with which a run of each use ends after all its steps."""
JUDGED_BEFORE = "reconcile"
"""The verdict on the contracts must exist before this step ends, that is, before anything goes to a destination."""
