"""Templates, and dates and numbers as people in Belgium write them."""

from __future__ import annotations

import base64
import re
from datetime import MAXYEAR, date, datetime, time, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from jinja2 import Environment, PackageLoader, StrictUndefined

from schemas.texts import text
from vault.system.clock import format_utc, parse_utc

ZONE = ZoneInfo("Europe/Brussels")
LOCALES = {"fr": "fr_BE", "nl": "nl_BE", "de": "de_BE", "en": "en_GB"}
_DAY = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}")
ASSETS = Path(__file__).with_name("assets")
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@cache
def environment() -> Environment:
    """Returns the templates. Everything set into a page is escaped; a value that is missing is an error."""
    return Environment(
        loader=PackageLoader("dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def assets() -> dict[str, tuple[bytes, str]]:
    """Returns the files that the application serves, by name, with their types: read once, so that no name can lead elsewhere."""
    return {
        path.name: (path.read_bytes(), TYPES[path.suffix])
        for path in ASSETS.iterdir()
        if path.suffix in TYPES
    }


@cache
def asset_path(name: str) -> str:
    """Returns the address of an asset, which changes with its content."""
    digest = sha256(assets()[name][0]).digest()
    return f"/assets/{name}?v={base64.urlsafe_b64encode(digest)[:12].decode()}"


def moment(language: str, at: str) -> str:
    """Returns a moment in Belgian time: day, month, year, hour and minute."""
    local = parse_utc(at).astimezone(ZONE)
    return str(format_datetime(local, "d MMM y HH:mm", locale=LOCALES[language]))


def day(language: str, at: str) -> str:
    """Returns the day of a moment in Belgian time."""
    return str(format_date(parse_utc(at).astimezone(ZONE), "d MMM y", locale=LOCALES[language]))


def local_day(at: str) -> str:
    """Returns the Belgian day of a moment, as forms and filters write it: 2026-11-30."""
    return parse_utc(at).astimezone(ZONE).strftime("%Y-%m-%d")


def number(language: str, value: float) -> str:
    """Returns a number with the separators of the language."""
    return str(format_decimal(value, locale=Locale.parse(LOCALES[language])))


def span(language: str, seconds: int) -> str:
    """Returns a length of time in its two largest units."""
    minutes = abs(seconds) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days and not hours:
        return text(language, "dashboard.span.whole_days", days=days)
    if days:
        return text(language, "dashboard.span.days", days=days, hours=hours)
    if hours and not rest:
        return text(language, "dashboard.span.whole_hours", hours=hours)
    if hours:
        return text(language, "dashboard.span.hours", hours=hours, minutes=rest)
    if rest:
        return text(language, "dashboard.span.minutes", minutes=rest)
    return text(language, "dashboard.span.seconds", seconds=abs(seconds))


def size(language: str, value: float) -> str:
    """Returns a number of bytes in the largest unit of which there is at least one, with at most one decimal."""
    unit, shown = "b", float(value)
    for larger in ("kb", "mb", "gb", "tb"):
        if shown < 1000:
            break
        unit, shown = larger, shown / 1000
    written = format_decimal(shown, format="#,##0.#" if unit != "b" else "#,##0", locale=LOCALES[language])
    return text(language, f"dashboard.size.{unit}", size=written)


def day_and_month(language: str, at: str) -> str:
    """Returns the day of a moment in Belgian time without its year: for the axis of a chart."""
    return str(format_date(parse_utc(at).astimezone(ZONE), "d MMM", locale=LOCALES[language]))


def end_of_day(day: str) -> datetime | None:
    """Returns the last second of a Belgian day that a form wrote (2026-11-30), or None for anything else."""
    found = as_day(day)
    return None if found is None else datetime.combine(found, time(23, 59, 59), ZONE)


def start_of_day(day: str, later: int = 0) -> str:
    """Returns the moment (UTC, as records write it) at which a Belgian day begins, or one some days later; nothing for no day."""
    found = as_day(day)
    if found is None or found.year == MAXYEAR:
        return ""
    return format_utc(datetime.combine(found + timedelta(days=later), time(), ZONE))


def as_day(typed: str) -> date | None:
    """Returns a day that somebody wrote in ASCII digits (2026-11-30), or None for anything else.

    No year below 1000: `format_utc` writes one with fewer digits.
    """
    try:
        return date.fromisoformat(typed) if _DAY.fullmatch(typed) else None
    except ValueError:  # no such day, like 2026-02-30
        return None


def today() -> str:
    """Returns the Belgian day of this moment."""
    return datetime.now(ZONE).strftime("%Y-%m-%d")
