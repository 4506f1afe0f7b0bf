"""Reference ranges as laboratories write them: two numbers, or one with a comparison in words or signs."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = r"[+-]?\d+(?:[.,]\d+)?"
_BOTH = re.compile(
    rf"({_NUMBER})\s*(?:-|–|\bà|\btot\b|\bto\b|\bbis\b|\s:\s|\s\s|\t)\s*({_NUMBER})\Z", re.IGNORECASE
)
_HIGHEST = re.compile(
    rf"(?:<=?|=<|≤|moins de|inférieure? à|jusqu['’]à|minder dan|lager dan|kleiner dan|hoogstens|tot|weniger als|unter|bis"
    rf"|höchstens|max(?:imum|\.)?)\s*({_NUMBER})\Z",
    re.IGNORECASE,
)
_LOWEST = re.compile(
    rf"(?:>=?|=>|≥|plus de|supérieure? à|au moins|meer dan|hoger dan|groter dan|minstens|mehr als|über|mindestens"
    rf"|min(?:imum|\.)?)\s*({_NUMBER})\Z",
    re.IGNORECASE,
)
_BRACKETS = {"(": ")", "[": "]"}


def read_range(raw: str, unit: str) -> tuple[str | None, str | None]:
    """The lowest and the highest normal value, as decimals; (None, None) for anything else.

    `0-15` is 0 to 15, `-2.0 - 2.0` begins below zero. The unit may be repeated at the end.
    """
    text = raw.strip()
    if text and _BRACKETS.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    if unit.strip() and text.casefold().endswith(unit.strip().casefold()):
        text = text[: -len(unit.strip())].rstrip()
    both, highest, lowest = _BOTH.match(text), _HIGHEST.match(text), _LOWEST.match(text)
    if both:
        low, high = _decimal(both[1]), _decimal(both[2])
        return (low, high) if Decimal(low) <= Decimal(high) else (None, None)
    return (_decimal(lowest[1]) if lowest else None, _decimal(highest[1]) if highest else None)


def _decimal(number: str) -> str:
    return number.replace(",", ".")
