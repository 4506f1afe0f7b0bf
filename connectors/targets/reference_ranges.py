"""Reference ranges as laboratories write them: two numbers, or one with a comparison in words or signs."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = r"[+-]?\d+(?:[.,]\d+)?"
_BETWEEN = r"-|–|\.{2,3}|…|(?<=\s)à|(?<=\s)(?:tot|to|bis)(?!\w)"
_APART = r"(?<=\s):(?=\s)|(?<=\s\s)|(?<=\t)"
_BOTH = re.compile(rf"({_NUMBER})\s*(?:{_BETWEEN}|{_APART})\s*({_NUMBER})\Z", re.IGNORECASE)
_FROM_TO = re.compile(rf"(?:de|van|von|from) \s*(?={_NUMBER})", re.IGNORECASE)
_BETWEEN_AND = re.compile(rf"(?:entre|tussen|zwischen|between) \s*(?={_NUMBER})", re.IGNORECASE)
_AND = re.compile(
    rf"({_NUMBER})\s*(?:{_BETWEEN}|(?<=\s)(?:et|en|und|and)(?!\w)|{_APART})\s*({_NUMBER})\Z", re.IGNORECASE
)
_HIGHEST = re.compile(
    rf"(?:<=?|=<|≤|< ou =|<ou=|moins de|inf[ée]rieure? [àa]|inf\.? à|jusqu['’]à|jusque|minder dan|lager dan|kleiner dan"
    rf"|hoogstens|tot|weniger als|unter|bis|höchstens|max(?:imum|\.)?)\s*({_NUMBER})\Z",
    re.IGNORECASE,
)
_LOWEST = re.compile(
    rf"(?:>=?|=>|≥|> ou =|>ou=|plus de|sup[ée]rieure? [àa]|sup\.? à|au moins|à partir de|meer dan|hoger dan|groter dan"
    rf"|minstens|vanaf|mehr als|über|mindestens|ab|min(?:imum|\.)?)\s*({_NUMBER})\Z",
    re.IGNORECASE,
)
_BRACKETS = {"(": ")", "[": "]"}


def read_range(raw: str, unit: str) -> tuple[str | None, str | None]:
    """The lowest and the highest normal value, as decimals; (None, None) for anything else.

    `0-15` is 0 to 15, `-2.0 - 2.0` begins below zero. The unit may be repeated at the end.
    """
    text = raw.strip()
    if len(text) > 1 and _BRACKETS.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    if unit.strip() and text.casefold().endswith(unit.strip().casefold()):
        text = text[: -len(unit.strip())].rstrip()
    both = _two_numbers(text)
    if both is not None:
        low, high = _decimal(both[0]), _decimal(both[1])
        return (low, high) if Decimal(low) <= Decimal(high) else (None, None)
    highest, lowest = _HIGHEST.match(text), _LOWEST.match(text)
    return (_decimal(lowest[1]) if lowest else None, _decimal(highest[1]) if highest else None)


def _two_numbers(text: str) -> tuple[str, str] | None:
    between = _BETWEEN_AND.match(text)
    begun = _FROM_TO.match(text)
    found = _AND.match(text, between.end()) if between else _BOTH.match(text, begun.end() if begun else 0)
    return (found[1], found[2]) if found else None


def _decimal(number: str) -> str:
    return number.replace(",", ".")
