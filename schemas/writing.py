"""How each language writes numbers, sizes, dates and marks: the same way on every page, whatever host draws it.

Local time is Belgian, by the rule of directive 2000/84/EC and not by the host's zone data: a page that somebody signed or filed
must come out the same anywhere, in any year.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

from schemas.texts import text

NARROW, FIXED = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"
_THOUSANDS = {"en": ",", "fr": NARROW, "nl": ".", "de": "."}
_POINT = {"en": ".", "fr": ",", "nl": ",", "de": ","}
_PERCENT = {"en": "%", "fr": f"{NARROW}%", "nl": "%", "de": f"{FIXED}%"}
_UNITS = {"fr": ("octets", "ko", "Mo", "Go", "To")}
_OTHER_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_MOMENTS = {
    "fr": "{day} à {h} h {m:02}",
    "nl": "{day} om {h}.{m:02} uur",
    "de": "{day}, {h:02}:{m:02} Uhr",
    "en": "{day}, {h:02}:{m:02}",
}
_SECONDS = {"fr": f"{FIXED}min{FIXED}{{s:02}}", "nl": ".{s:02}", "de": ":{s:02}", "en": ":{s:02}"}
_WINTER, _SUMMER = timezone(timedelta(hours=1)), timezone(timedelta(hours=2))


def typeset(language: str, told: str) -> str:
    """Returns a text with typographic apostrophes and, in French, its narrow no-break spaces before `;`, `:`, `!`, `?`."""
    told = re.sub(r"(?<=\w)'", "\N{RIGHT SINGLE QUOTATION MARK}", told)
    if language != "fr":
        return told
    return re.sub(r" ([;:!?»%])", rf"{NARROW}\1", told.replace("« ", f"«{NARROW}"))


def number(language: str, count: int) -> str:
    """Returns a whole number with its thousands."""
    return f"{count:,}".replace(",", _THOUSANDS[language])


def size(language: str, count: int) -> str:
    """Returns a number of bytes in the largest unit of which there is one, with one decimal."""
    units = _UNITS.get(language, _OTHER_UNITS)
    if count < 1000:
        return f"{count}{FIXED}{units[0]}"
    value, unit = float(count), 0
    while round(value, 1) >= 1000 and unit < len(units) - 1:
        value, unit = value / 1000, unit + 1
    digits = f"{value:.1f}".removesuffix(".0").replace(".", _POINT[language])
    return f"{digits}{FIXED}{units[unit]}"


def permille(language: str, count: int) -> str:
    """Returns so many in a thousand as a percentage."""
    return f"{f'{count / 10:.1f}'.removesuffix('.0').replace('.', _POINT[language])}{_PERCENT[language]}"


def inami(digits: str) -> str:
    """Returns an INAMI/RIZIV number as it stands on a prescription: 1-12345-67-890."""
    parts = (digits[:1], digits[1:6], digits[6:8], digits[8:])
    return "-".join(part for part in parts if part)


def day(language: str, at: date) -> str:
    """Returns a day with the name of its month."""
    month = text(language, f"point.month.{at.month}")
    first = "1er" if language == "fr" and at.day == 1 else str(at.day)
    return f"{first}{'.' if language == 'de' else ''}{FIXED}{month} {at.year}"


def moment(language: str, at: datetime) -> str:
    """Returns a moment in Belgian time; with seconds only if there are any, with the offset only in the hour that comes twice."""
    local = belgian(at)
    told = _MOMENTS[language]
    if local.second:
        told = told.replace("{m:02}", "{m:02}" + _SECONDS[language])
    told = (
        told.replace(" h ", f"{FIXED}h{FIXED}").replace(" uur", f"{FIXED}uur").replace(" Uhr", f"{FIXED}Uhr")
    )
    said = told.format(day=day(language, local), h=local.hour, m=local.minute, s=local.second)
    twice = any(belgian(at + shift).replace(tzinfo=None) == local.replace(tzinfo=None) for shift in _HOUR)
    return f"{said} (UTC+{local.utcoffset() // timedelta(hours=1)})" if twice else said  # type: ignore[operator]


_HOUR = (timedelta(hours=1), timedelta(hours=-1))


def belgian(at: datetime) -> datetime:
    """Returns a moment in Belgian time: summer time from 01:00 UTC on the last Sunday of March to that of October."""
    utc = at.astimezone(UTC)
    begins, ends = (_last_sunday(utc.year, month) for month in (3, 10))
    return utc.astimezone(_SUMMER if begins <= utc < ends else _WINTER)


def day_begins(at: date) -> datetime:
    """Returns when a day begins in Belgium, in UTC."""
    midnight = datetime(at.year, at.month, at.day, tzinfo=UTC)
    return midnight - (belgian(midnight - timedelta(hours=2)).utcoffset() or timedelta())


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)  # both months have 31 days
    return last - timedelta(days=(last.weekday() + 1) % 7)
