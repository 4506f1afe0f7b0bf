"""Dates of flat messages: `ddmmyyyy` or `ddmmyy`, with placeholders that mean unknown."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

UNKNOWN = frozenset({"", "00000000", "01010001", "01011900", "%%"})


def flat_date(raw: str, not_after: str | None) -> str | None:
    """Returns an ISO date, None if there is no valid one.

    A two-digit year becomes the latest year that is not after `not_after` (the message's date; today if there is none).
    """
    if raw in UNKNOWN or not re.fullmatch(r"\d{8}|\d{6}", raw, re.ASCII):
        return None
    day, month, year = int(raw[:2]), int(raw[2:4]), int(raw[4:])
    if len(raw) == 8:
        return _iso(year, month, day)
    latest = not_after or datetime.now(UTC).date().isoformat()
    recent = _iso(2000 + year, month, day)
    return recent if recent and recent <= latest else _iso(1900 + year, month, day)


def flat_time(raw: str) -> str | None:
    """Returns `hh:mm:00` for `hhmm`, None for anything else."""
    if not re.fullmatch(r"([01]\d|2[0-3])[0-5]\d", raw, re.ASCII):
        return None
    return f"{raw[:2]}:{raw[2:]}:00"


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
