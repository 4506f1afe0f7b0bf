"""Several forms of one value that count as one (docs/formats/facts.md, "Forms"), listed independently for the counter."""

from __future__ import annotations

_TRUTHS = frozenset({"iscomplete", "isvalidated", "isrelevant", "boolean"})
_DATES = frozenset({"date", "deliverydate", "expirationdate"})
FORMED = frozenset({"time", "yearmonth", "decimal"}) | _DATES | _TRUTHS
"""Names of the elements that are compared by the meaning of their value."""


def settled(name: str, text: str) -> str:
    """Returns the canonical form of a value; the stripped text itself if it has none of the known forms."""
    value = text.strip(" \t\r\n")
    if name == "time":
        return _clock(value)
    if name in _DATES:
        day, _, clock = value.partition("T")
        return day if len(day) == 10 and _clock(clock.partition(".")[0]) == "00:00:00" else value
    if name == "yearmonth":
        return f"{value[:4]}-{value[4:]}" if len(value) == 6 and _digits(value) else value
    if name == "decimal":
        whole, comma, rest = value.partition(",")
        return f"{whole}.{rest}" if comma and _digits(whole.lstrip("+-")) and _digits(rest) else value
    return value.lower() if name in _TRUTHS and value.lower() in ("true", "false") else value


def _clock(value: str) -> str:
    parts = value.split(":")
    if len(parts) not in (2, 3) or not all(map(_digits, parts)):
        return value
    if len(parts[0]) > 2 or any(len(part) != 2 for part in parts[1:]):
        return value
    return ":".join([parts[0].zfill(2), *parts[1:], "00"][:3])


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
