"""Long series: `make evidence` runs them whole; the suite takes a sample of each (docs/evidence.md)."""

from __future__ import annotations

import os

WHOLE = bool(os.environ.get("REPRISE_WHOLE_SERIES"))


def sample(whole: int, few: int) -> int:
    """How many of a series this run takes."""
    return whole if WHOLE else few
