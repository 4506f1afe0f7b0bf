"""Moments of HL7 v2: `yyyymmddhhmmss` with any number of parts, a fraction and a zone; one hospital writes `dd/mm/yyyy`."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from connectors.sources.flat.dates import day_first, order_digits

_MOMENT = re.compile(
    r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:[0-9]{2}(?:\.[0-9]+)?)?)?)?)?)?(?:[+-][0-9]{4})?"
)

_SENT = re.compile(r"([0-9]{12})(?:([0-9]{2})(?:\.([0-9]+))?)?([+-][0-9]{4})?")
_YEARS = range(1800, 2200)


class Moment(NamedTuple):
    """A day, and hours and minutes if they are stated; `shown`: as a text; empty where nothing can be read."""

    day: str | None = None
    time: str | None = None  # hh:mm:00
    shown: str = ""


def read_moment(raw: str) -> Moment:
    """The moment that a text states; no day where only a year or a month is stated."""
    raw = raw.strip()
    slashed = day_first(raw)
    if slashed:
        return Moment(slashed, None, slashed)
    found = _MOMENT.fullmatch(raw)
    if found is None or int(found[1]) not in _YEARS:
        return Moment()
    year, month, day, hour, minute = found.groups()
    try:
        real = date(int(year), int(month or 1), int(day or 1)).isoformat()
    except ValueError:
        return Moment()
    if day is None:
        return Moment(shown=real[: 7 if month else 4])
    if minute is None or int(hour) > 23 or int(minute) > 59:
        return Moment(real, None, real)
    return Moment(real, f"{hour}:{minute}:00", f"{real} {hour}:{minute}")


def sent_order(raw: str) -> str:
    """The moment of sending as digits that sort by time (`order_digits`); as it came if it is not stated to the minute."""
    found = _SENT.fullmatch(raw)
    if found is None:
        return raw
    minute, second, fraction, zone = (part or "" for part in found.groups())
    return order_digits(minute + (second or "00"), fraction, zone) or raw
