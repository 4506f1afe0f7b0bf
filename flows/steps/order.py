"""The steps of a run, in order: known to both of its processes."""

from __future__ import annotations

_WORK = ("inventory", "extract", "check", "match", "transform", "plan", "deliver", "reconcile")
ARROWS = {
    "inventory": _WORK[:1],
    "rehearsal": (*_WORK, "rehearse"),
    "migration": (*_WORK, "publish"),
}
"""What each use of an instruction carries out, in order. Destruction and certificate follow in every case."""
JUDGED_BEFORE = "reconcile"
"""The verdict on the contracts is awaited when this is done: before anything goes to a destination."""
