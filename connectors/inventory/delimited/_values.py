"""What a cell states under its rule, read sign by sign. The reader has its own code for it."""

from __future__ import annotations

import datetime as dt

from connectors.inventory.facts.national_number import parse_inss
from schemas.mapping import CodeRule, DateRule, NationalNumberRule, NumberRule, Rule, TableRule, pattern_parts

_DIGITS = frozenset("0123456789")
_WIDTHS = {
    "yyyy": (4, 4),
    "mm": (2, 2),
    "dd": (2, 2),
    "m": (1, 2),
    "d": (1, 2),
    "hh": (2, 2),
    "mi": (2, 2),
    "ss": (2, 2),
}
_BELOW = {"hh": 24, "mi": 60, "ss": 60}


def stated(cell: str, rule: Rule) -> tuple[str, str] | None:
    """Value and time of a cell that is not empty; None if it breaks the rule. The time is empty except for a moment."""
    if isinstance(rule, DateRule):
        return _moment(cell, pattern_parts(rule.pattern))
    said: str | None = cell
    if isinstance(rule, NumberRule):
        said = number(cell, "." if rule.decimal == "point" else ",")
    elif isinstance(rule, TableRule):
        said = rule.values.get(cell)
    elif isinstance(rule, CodeRule):
        said = cell if rule.table is None else rule.table.get(cell)
    elif isinstance(rule, NationalNumberRule):
        said = parse_inss(cell)
    return None if said is None else (said, "")


def number(cell: str, mark: str) -> str | None:
    """A number with a point, if the cell is one with this decimal sign; else None."""
    whole, found, behind = cell.partition(mark)
    digits = whole[1:] if whole[:1] in ("+", "-") else whole
    if not _only_digits(digits) or (found and not _only_digits(behind)):
        return None
    return f"{whole}.{behind}" if found else whole


def _only_digits(text: str) -> bool:
    return bool(text) and _DIGITS.issuperset(text)


def _moment(cell: str, parts: tuple[str, ...]) -> tuple[str, str] | None:
    """Day (or year, or year and month) and time by the parts of a pattern."""
    found: dict[str, str] = {}
    at = 0
    for part in parts:
        least, most = _WIDTHS.get(part, (0, 0))
        if not most:
            if cell[at : at + 1] != part:
                return None
            at += 1
            continue
        end = at
        while end < at + most and cell[end : end + 1] and cell[end] in _DIGITS:
            end += 1
        if end - at < least:
            return None
        found[part] = cell[at:end]
        at = end
    if at != len(cell) or any(int(found[name]) >= most for name, most in _BELOW.items() if name in found):
        return None
    month, day = found.get("mm", found.get("m", "")), found.get("dd", found.get("d", ""))
    return _real(found["yyyy"], month, day, _time(found, parts))


def _time(found: dict[str, str], parts: tuple[str, ...]) -> str:
    if "hh" not in found:
        return ""
    zone = "Z" if parts[-1] == "Z" else ""
    return f"{found['hh']}:{found['mi']}:{found.get('ss', '00')}{zone}"


def _real(year: str, month: str, day: str, time: str) -> tuple[str, str] | None:
    try:
        dt.date(int(year), int(month or "1"), int(day or "1"))
    except ValueError:
        return None
    return "-".join([year, *(each.zfill(2) for each in (month, day) if each)]), time
