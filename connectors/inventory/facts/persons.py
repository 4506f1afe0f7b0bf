"""What one place states about a patient, and whether two places contradict each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_SPECIAL = (("œ", "oe"), ("æ", "ae"), ("ø", "o"), ("ł", "l"), ("đ", "d"), ("ð", "d"), ("þ", "th"), ("ı", "i"))


class Stated(NamedTuple):
    """What one place states about a patient; an empty field is not stated."""

    family: str = ""
    first: str = ""
    day: str = ""
    month: str = ""
    year: str = ""  # four digits or two
    sex: str = ""  # M | F
    numbers: frozenset[str] = frozenset()


def contradict(one: Stated, other: Stated) -> bool:
    """Whether the two differ in something that both state."""
    if one.numbers and other.numbers and one.numbers.isdisjoint(other.numbers):
        return True
    pairs = [(one.first, other.first), (one.sex, other.sex)]
    pairs += [(one.month, other.month), (one.day, other.day)]
    if not (_is_full_name(one, other) or _is_full_name(other, one)):
        pairs.append((one.family, other.family))
    years = one.year and other.year and not (one.year.endswith(other.year) or other.year.endswith(one.year))
    return bool(years) or any(a and b and a != b for a, b in pairs)


def _is_full_name(one: Stated, other: Stated) -> bool:
    """Whether the family name of one consists of both names of the other."""
    if one.first or not other.first:
        return False
    return one.family in (other.family + other.first, other.first + other.family)


def letters(name: str) -> str:
    """The letters and digits of a name, without case and accents."""
    name = unicodedata.normalize("NFKD", name.casefold()).casefold()
    for sign, plain in _SPECIAL:
        name = name.replace(sign, plain)
    return "".join(c for c in name if unicodedata.category(c)[0] in "LN" and unicodedata.category(c) != "Lm")


def checked(texts: Iterable[str]) -> Iterator[str]:
    """Those that have eleven digits, of which the last two are valid check digits."""
    for text in texts:
        digits = re.sub(r"[.\-/\s]", "", text)
        if not re.match(r"[0-9]{11}\Z", digits):
            continue
        rest = int(digits[9:])
        if rest in (97 - int(digits[:9]) % 97, 97 - int("2" + digits[:9]) % 97):
            yield digits
