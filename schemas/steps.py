"""The steps of a run, in order, and the cause for which a run of each use ends when all its steps are done."""

from __future__ import annotations

from schemas.outcome import Cause

_WORK = ("inventory", "extract", "check", "match", "transform", "plan", "deliver", "reconcile")
STEPS = {
    "inventory": _WORK[:1],
    "rehearsal": (*_WORK, "rehearse"),
    "migration": (*_WORK, "publish"),
}
"""The steps of each use of an instruction, in order. Destruction and certificate follow in every case."""
DONE = {"migration": Cause.PUBLISHED, "rehearsal": Cause.REHEARSAL, "inventory": Cause.INVENTORY}
"""Why a run of each use ends when all its steps are done."""
JUDGED_BEFORE = "reconcile"
"""The verdict on the contracts must be there before this step ends: before anything goes to a destination."""
