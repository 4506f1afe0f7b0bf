"""Dates of flat messages, in the orders that their formats use, with placeholders that mean unknown."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})\Z", re.ASCII)
_YEARS = range(1800, 2200)
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


def day_first(raw: str) -> str | None:
    """Returns an ISO date for `dd/mm/yyyy` or `d/m/yy` (20yy), None for anything else."""
    found = _SLASHED.match(raw.strip())
    if found is None:
        return None
    year = int(found[3])
    return _iso(year + 2000 if len(found[3]) == 2 else year, int(found[2]), int(found[1]))


def month_first(raw: str) -> str | None:
    """Returns an ISO date for the American order `mm/dd/yyyy`, None for anything else."""
    found = _SLASHED.match(raw.strip())
    return None if found is None or len(found[3]) == 2 else _iso(int(found[3]), int(found[1]), int(found[2]))


def year_first(raw: str, not_after: str | None) -> str | None:
    """Returns an ISO date for `yyyymmdd`, or for `ddmmyyyy` or `yymmdd`, which some senders write instead.

    A year is one from 1800 to 2199. For `yymmdd`, `not_after` is the date of the message; today if there is none.
    """
    raw = raw.strip()
    if re.fullmatch(r"\d{8}", raw, re.ASCII):
        year, month, day = int(raw[:4]), int(raw[4:6]), int(raw[6:])
        turned = int(raw[4:])
        if year in _YEARS:
            return _iso(year, month, day)
        return _iso(turned, int(raw[2:4]), int(raw[:2])) if turned in _YEARS else None
    if re.fullmatch(r"\d{6}", raw, re.ASCII) and raw != "000000":
        return flat_date(raw[4:] + raw[2:4] + raw[:2], not_after)
    return None


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


def order_digits(digits: str, fraction: str, zone: str) -> str | None:
    """A moment (`yyyymmddhhmmss`) as digits that sort by time: of UTC if a zone (`+hhmm`) is stated; None if it is none."""
    if zone:
        ahead = timedelta(hours=int(zone[:3]), minutes=int(zone[0] + zone[3:]))
        try:
            utc = datetime.strptime(digits, "%Y%m%d%H%M%S") - ahead
        except (ValueError, OverflowError):
            return None
        digits = re.sub("[^0-9]", "", utc.isoformat())
    return f"{digits}.{fraction}".rstrip("0").removesuffix(".") if fraction else digits
