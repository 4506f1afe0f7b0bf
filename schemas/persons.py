"""What records state about a person, in a form in which two records can be compared.

One name is written in many ways: `Lefèbvre`, `LEFEBVRE`; `De Smet`, `De  Smet`, `Desmet`; `D'Hondt`, `D’Hondt`, `Dhondt`;
`Jean-Pierre`, `Jean Pierre`. Folding makes them equal. It never makes names equal that differ in a letter: `Jan` is not
`Jan Pieter`, because twins may have such names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

DATE_PARTS = 3
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_BETWEEN = re.compile(r"[\s\-\u00ad\u2010-\u2015\u2212\u200b]+")
_DATE = re.compile(r"\s*([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?\s*(?:[TZ+].*)?\Z", re.ASCII | re.DOTALL)
_SEXES = {"male": "male", "m": "male", "female": "female", "f": "female", "v": "female"}
_NO_SEX = frozenset({"unknown", "undefined", "changed"})


class Person(NamedTuple):
    """What a record states about its person, folded; values that it does not state are empty."""

    family: str = ""
    first: str = ""
    birth: tuple[str, ...] = ()  # year, month, day: as many as are stated
    sex: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether name, first name, day of birth and sex are all stated."""
        return bool(self.family and self.first and self.sex) and len(self.birth) == DATE_PARTS


@lru_cache(maxsize=1 << 16)
def fold_name(name: str) -> str:
    """A name without case, accents, blanks, hyphens and apostrophes; empty if no letter is left.

    Particles (`de`, `van der`, `d'`) are joined to the name, with or without a blank between.
    """
    spelt = unicodedata.normalize("NFKD", name.casefold()).casefold().translate(_LETTERS)
    return "".join(sign for sign in spelt if unicodedata.category(sign) in _KEPT)


_KEPT = frozenset({"Ll", "Lu", "Lt", "Lo", "Nd", "Nl", "No"})  # not Lm: ʼ is an apostrophe


def fold_words(names: Iterable[str]) -> tuple[str, ...]:
    """The words of one or several names, each folded."""
    words = (fold_name(word) for name in names for word in _BETWEEN.split(name))
    return tuple(word for word in words if word)


def fold_birth(text: str | None) -> tuple[str, ...]:
    """The year, month and day stated by an ISO date (or its beginning, or a moment); zeros state nothing.

    Any other text is kept whole as one part, which equals only itself.
    """
    if not text or not text.strip():
        return ()
    found = _DATE.match(text)
    if found is None:
        return ("?" + fold_name(text),)
    parts: list[str] = []
    for part in found.groups():
        if part is None or not int(part):
            break
        parts.append(part)
    return tuple(parts)


def is_date(birth: tuple[str, ...]) -> bool:
    """Whether it is a date rather than another text."""
    return not birth or not birth[0].startswith("?")


def fold_sex(text: str | None) -> str:
    """`male` or `female`; empty for a code that states neither; any other code unchanged."""
    code = (text or "").strip().casefold()
    return "" if code in _NO_SEX else _SEXES.get(code, code)


def fold_person(
    family: str | None, first: Sequence[str] | None, birth: str | None, sex: str | None
) -> Person:
    """Fold all four values."""
    return Person(
        fold_name(family or ""),
        "".join(fold_name(name or "") for name in first or ()),
        fold_birth(birth),
        fold_sex(sex),
    )


def agree(one: Person, other: Person) -> bool:
    """Whether all values that both state are compatible. A missing value contradicts nothing."""
    return (
        _same(one.family, other.family)
        and _same(one.first, other.first)
        and _same(one.sex, other.sex)
        and begins(one.birth, other.birth)
    )


def all_agree(people: Sequence[Person]) -> bool:
    """Whether all agree with each other, in time linear in their number."""
    longest = max((person.birth for person in people), key=len, default=())
    return (
        len({person.family for person in people} - {""}) <= 1
        and len({person.first for person in people} - {""}) <= 1
        and len({person.sex for person in people} - {""}) <= 1
        and all(begins(person.birth, longest) for person in people)
    )


def merged(people: Sequence[Person]) -> Person:
    """Everything stated by people who agree."""
    return Person(
        next((person.family for person in people if person.family), ""),
        next((person.first for person in people if person.first), ""),
        max((person.birth for person in people), key=len, default=()),
        next((person.sex for person in people if person.sex), ""),
    )


def begins(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether the shorter is the beginning of the longer: dates are compared by the parts that both state."""
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def _same(one: str, other: str) -> bool:
    return not one or not other or one == other
