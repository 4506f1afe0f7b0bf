"""Progress of a run in per cent, from its step and the progress within the step."""

from __future__ import annotations

# Shares of a run's work by step, measured on the trial practice; they only drive progress bars.
_SHARES = (
    ("authorise", 1),
    ("lease", 1),
    ("inventory", 22),
    ("extract", 30),
    ("check", 4),
    ("match", 1),
    ("transform", 1),
    ("plan", 1),
    ("deliver", 30),
    ("reconcile", 4),
    ("publish", 1),
    ("destroy", 3),
    ("certify", 1),
)


def progress_percent(step: str, done: int, total: int) -> float:
    """Return the progress of the whole run in per cent, given `done` of `total` within a step (0 of 0: just begun)."""
    before = 0
    for name, share in _SHARES:
        if name == step:
            within = done / total if total else 0.0
            return round(before + share * min(within, 1.0), 1)
        before += share
    return 0.0
