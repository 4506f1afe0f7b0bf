"""What a cell states under its rule."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from schemas.identifiers import clean_inss
from schemas.mapping import (
    AsIs,
    CodeRule,
    DateRule,
    NationalNumberRule,
    NumberRule,
    Rule,
    TableRule,
    pattern_parts,
)

_FORMS = {
    "yyyy": r"(?P<year>[0-9]{4})", "mm": r"(?P<month>[0-9]{2})", "dd": r"(?P<day>[0-9]{2})", "m": r"(?P<month>[0-9]{1,2})",
    "d": r"(?P<day>[0-9]{1,2})", "hh": r"(?P<hour>[01][0-9]|2[0-3])", "mi": r"(?P<minute>[0-5][0-9])",
    "ss": r"(?P<second>[0-5][0-9])",
}  # fmt: skip
_NUMBERS = {"point": re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?"), "comma": re.compile(r"[+-]?[0-9]+(?:,[0-9]+)?")}


class Moment(NamedTuple):
    """A day (or a year, or a year and a month), and the time where one is stated."""

    day: str
    time: str = ""

    @property
    def name(self) -> str:
        """The element that holds such a day."""
        return {4: "year", 7: "yearmonth"}.get(len(self.day), "date")

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


Value = str | Moment


def value_of(cell: str, rule: Rule) -> Value | None:
    """The value of a cell that is not empty; None if it does not fit the rule."""
    match rule:
        case AsIs():
            return cell
        case DateRule(pattern):
            return moment_of(cell, pattern)
        case NumberRule(decimal):
            return cell.replace(",", ".") if _NUMBERS[decimal].fullmatch(cell) else None
        case TableRule(values):
            return values.get(cell)
        case CodeRule(_, table):
            return cell if table is None else table.get(cell)
        case NationalNumberRule():
            return clean_inss(cell)


def moment_of(cell: str, pattern: str) -> Moment | None:
    """The moment that a cell states by a pattern; None if it states none. A Z behind the time stays: it is UTC."""
    found = _form(pattern).fullmatch(cell)
    if found is None:
        return None
    said = found.groupdict()
    try:
        real = date(int(said["year"]), int(said.get("month", 1)), int(said.get("day", 1)))
    except ValueError:
        return None
    day = real.isoformat()[: 4 + 3 * ("month" in said) + 3 * ("day" in said)]
    if "hour" not in said:
        return Moment(day)
    zone = "Z" if pattern.endswith("Z") else ""
    return Moment(day, f"{said['hour']}:{said['minute']}:{said.get('second', '00')}{zone}")


@lru_cache(1 << 10)
def _form(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_FORMS.get(part) or re.escape(part) for part in pattern_parts(pattern)))
