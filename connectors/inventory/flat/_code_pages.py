# ruff: noqa: PLR0911 - one return for each row of the table, a sign or two each
"""Detect an 8-bit code page for the counter from the neighbours of each sign (rules in docs/formats/code_pages.md).

The neighbours of a sign are examined one by one; only a quotation mark looks further, for its partner on the line.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

_PAGES = ("cp1252", "cp850", "iso8859_15", "cp858", "cp437")
_VOTERS = 4096
_CLEAR = 2
_FAR = 200
_NEAR = 4
_LETTERS = [chr(n) for n in range(0x100) if chr(n).isalpha() and chr(n) not in "ªºµ"] + list("œšžŒŠŽŸ")
_SMALL = frozenset(letter for letter in _LETTERS if letter.islower())
_CAPITALS = frozenset(letter for letter in _LETTERS if letter.isupper())
_DIGITS = frozenset("0123456789")
_CONSONANTS = frozenset("bcdfghjklmnpqrstvwxyz")
_UNITS = frozenset(
    ["g", "l", "L", "m", "M", "mol", "U", "UI", "IU", "u", "kat", "s", "S", "V", "W", "Sv", "Eq", "Gy"]
)

# Ratings of a small letter: within a word, at its beginning, at its end, among capitals, alone.
_SMALL_RATINGS = {
    "é": (3, 3, 3, 2, 2), "ê": (3, 3, 1, 1, 0), "ë": (3, 0, 3, 1, 0), "è": (3, 0, 1, 2, 0), "â": (3, 3, 1, 0, 0),
    "ä": (3, 2, 1, 1, 0), "ç": (3, 0, 0, 1, 0), "î": (3, 0, 0, 1, 0), "ï": (3, 0, 1, 1, 0), "ô": (3, 0, 1, 1, 0),
    "ö": (3, 3, 1, 1, 0), "ü": (3, 3, 1, 1, 0), "à": (0, 0, 1, 0, 2), "ù": (1, 0, 0, 0, 0), "û": (0, 0, 0, 1, 0),
    "æ": (2, 1, 0, 0, 0), "œ": (2, 2, 0, 1, 0), "á": (2, 1, 1, 0, 0), "í": (2, 1, 1, 0, 0), "ó": (2, 1, 1, 0, 0),
    "ú": (2, 1, 1, 0, 0), "ø": (2, 1, 1, 0, 1), "å": (2, 1, 1, 0, 0), "ñ": (2, 0, 0, 0, 0), "ã": (2, 0, 0, 0, 0),
    "š": (2, 1, 2, 0, 0), "ž": (2, 1, 2, 0, 0), "ò": (1, 0, 1, 0, 0), "ì": (1, 0, 1, 0, 0), "ý": (1, 0, 1, 0, 0),
    "õ": (1, 0, 1, 0, 0), "ÿ": (1, 0, 1, 0, 0),
}  # fmt: skip
# Ratings of a capital: among capitals, at the beginning of a word, alone.
_CAPITAL_RATINGS = {
    "À": (0, 1, 2), "Ô": (2, 0, 0), "È": (4, 0, 0), "Ä": (3, 0, 0), "Î": (3, 0, 0), "É": (3, 3, 1), "Ê": (3, 3, 0),
    "Ë": (3, 0, 0), "Ö": (3, 3, 0), "Ü": (3, 3, 0), "Ç": (3, 3, 0), "Ï": (3, 0, 0), "Â": (3, 3, 0), "Á": (2, 2, 0),
    "Ñ": (2, 2, 0), "Ø": (2, 2, 0), "Å": (2, 2, 0), "Š": (2, 2, 0), "Ž": (2, 2, 0), "Ó": (1, 2, 0), "Ã": (1, 2, 0),
    "Í": (1, 1, 0), "Ò": (1, 1, 0), "Ì": (1, 1, 0), "Õ": (1, 1, 0), "Ý": (1, 1, 0), "Ú": (1, 1, 0), "Æ": (1, 1, 0),
    "Ÿ": (1, 0, 0),
}  # fmt: skip
# Where an Ô (the underscore) stands rather than an È; a hyphen: not a letter.
_WITH_O = tuple(
    "H_P RH_N -H_T CH_M C_T C_LO TR_L TR_N NR_L NR_N DR_L PL_M PT_M NT_M ÉR_M HR_M AR_M CL_T P_T- P_TS- T_T- T_TS- "  # noqa: SIM905 - a table
    "GE_L -P_L -M_L -R_L -T_L -D_M -N_TR -V_TR".split()
)
_SIGNS_ALONE = {
    **dict.fromkeys("®™©†αΓπΣσΦΘΩδφε·", 1), **dict.fromkeys("±≥≤≈§÷½¼¾€", 2), "×": 3, "•": 3, "µ": 1,
}  # fmt: skip


class _Place(NamedTuple):
    """A sign with its neighbours; the empty string at the ends of the text."""

    text: str
    at: int
    before: str
    left: str
    sign: str
    right: str
    after: str

    @property
    def inner(self) -> bool:
        return _letter(self.left) and _letter(self.right)

    @property
    def alone(self) -> bool:
        return not _letter(self.left) and not _letter(self.right)

    @property
    def opens(self) -> bool:
        return not _letter(self.left) and _letter(self.right)

    @property
    def closes(self) -> bool:
        return _letter(self.left) and not _letter(self.right)

    @property
    def beside_digit(self) -> bool:
        return self.left in _DIGITS or self.right in _DIGITS


def tell_page(content: bytes) -> tuple[str, bool]:
    """Returns the code page, and whether it is in doubt."""
    places: list[int] = np.flatnonzero(np.frombuffer(content, np.uint8) > 0x7F)[:_VOTERS].tolist()
    begin = content[: places[-1] + _FAR + 8] if places else b""
    texts = [characters(begin, page) for page in _PAGES]
    rated = {text: sum(worth(text, at) for at in places) for text in dict.fromkeys(texts)}
    totals = [rated[text] for text in texts]
    first = totals.index(max(totals))
    signs = [[text[at] for at in places] for text in texts]
    near = (signs[n] != signs[first] and totals[first] - totals[n] < _CLEAR for n in range(len(_PAGES)))
    return _PAGES[first], any(near)


def characters(content: bytes, page: str) -> str:
    """Decode one character a byte; a byte unassigned in the page becomes the character of the same number."""
    text = content.decode(page, "replace")
    if "\ufffd" not in text:
        return text
    return "".join(chr(byte) if sign == "\ufffd" else sign for byte, sign in zip(content, text, strict=True))


def worth(text: str, at: int) -> int:
    """The rating of the sign at a place."""
    if not _letter(text[at]):
        return _worth(text, at)
    begin = max(0, at - _NEAR)  # a letter's rating depends on its neighbourhood, and the same words recur
    return _worth_near(text[begin : at + _NEAR + 1], at - begin)


@lru_cache(1 << 12)
def _worth_near(text: str, at: int) -> int:
    return _worth(text, at)


def _worth(text: str, at: int) -> int:
    near = [text[n] if 0 <= n < len(text) else "" for n in range(at - 2, at + 3)]
    place = _Place(text, at, *near)
    same = [sign == place.sign for sign in near]
    if "\u2500" <= place.sign <= "\u259f":
        return 3 if same[1] or same[3] else int(place.alone)
    if (same[0] and same[1]) or (same[1] and same[3]) or (same[3] and same[4]):
        return 0
    if place.sign in _SMALL:
        return _small(place)
    return _capital(place) if place.sign in _CAPITALS else _other(place)


def _letter(sign: str) -> bool:
    return sign in _SMALL or sign in _CAPITALS


def _small(place: _Place) -> int:
    special = _special_small(place)
    if special is not None:
        return special
    ratings = _SMALL_RATINGS.get(place.sign, (0, 0, 0, 0, 0))
    if place.right in _CAPITALS:
        return ratings[3]
    if place.right in _SMALL:
        return ratings[0 if _letter(place.left) else 1]
    if not _letter(place.left):
        return ratings[4]
    shouted = place.left in _CAPITALS and place.before in _CAPITALS
    if shouted and place.sign == "à":
        return 1
    return ratings[3 if shouted else 2]


def _special_small(place: _Place) -> int | None:
    """Ratings that depend on which letters are beside it; None if the table's rating holds."""
    _, _, before, left, sign, right, _ = place
    begins, ends = not _letter(left), not _letter(right)
    if sign == "à" and (_is_la(place) or _leads(place)):
        return 3
    if sign == "ù" and ends and left in {"o", "O"} and not _letter(before):
        return 3
    if sign == "û":
        return _small_u(place)
    if sign == "ß":
        return 3 if left in set("aeiouyäöü") and right not in _CAPITALS else (
            2 if left in set("AEIOUÄÖÜ") and right not in _SMALL else 0
        )  # fmt: skip
    if sign == "á" and left in set("aeiouyäöü") and right in _SMALL:
        return 1
    if begins:
        beginnings = {"ç": ("aeo", 3), "î": ("l", 3), "ô": ("t", 2), "æ": ("q", 2), "œ": ("dsuin", 3)}
        letters, rating = beginnings.get(sign, ("", 0))
        return rating if right and right in letters else None
    return 1 if sign == "æ" and left == "t" and ends else None


def _small_u(place: _Place) -> int | None:
    if _letter(place.left) and place.right in _CONSONANTS:
        return 3
    if not place.closes:
        return None
    if place.left in {"d", "D"} and not _letter(place.before):
        return 3
    return 1 if place.left in {"r", "m"} else None


def _capital(place: _Place) -> int:
    _, _, before, left, sign, right, _ = place
    begins, ends = not _letter(left), not _letter(right)
    consonants = {letter.upper() for letter in _CONSONANTS}
    if sign == "À" and _is_la(place):
        return 3
    if sign in "ÙÛ" and ends and left == ("O" if sign == "Ù" else "D") and not _letter(before):
        return 3
    if sign == "Û" and left in _CAPITALS and right in consonants:
        return 3
    if sign == "Ô" and any(_stands(place, word) for word in _WITH_O):
        return 6
    if sign == "Œ":
        among = left in consonants and right not in _SMALL
        return 3 if among or (begins and right != "" and right in "dsuinctDSUINCT") else 0
    if begins and not ends:
        beginnings = {"Ô": ("tT", 2), "Î": ("lL", 3)}
        letters, rating = beginnings.get(sign, ("", 0))
        if right in letters or (sign == "Ä" and right not in "AEIOaeio"):
            return rating or 3
    ratings = _CAPITAL_RATINGS.get(sign, (0, 0, 0))
    if left in _CAPITALS and right not in _SMALL:
        return ratings[0]
    return 0 if not begins else ratings[2 if ends else 1]


def _stands(place: _Place, word: str) -> bool:
    head, _, tail = word.partition("_")
    text, at = place.text, place.at
    left = [text[at - n] if at >= n else "" for n in range(len(head), 0, -1)]
    right = [text[at + n] if at + n < len(text) else "" for n in range(1, len(tail) + 1)]
    signs = zip(head + tail, left + right, strict=True)
    return all(not _letter(sign) if wanted == "-" else sign == wanted for wanted, sign in signs)


def _is_la(place: _Place) -> bool:
    """Whether the sign is the à of là, déjà, voilà, delà: it ends a word with that beginning."""
    if _letter(place.right):
        return False
    word = place.text[max(0, place.at - 3) : place.at]
    single = place.left in {"l", "L"} and not _letter(place.before)
    return single or place.left in {"j", "J"} or word in {"oil", "OIL", "del", "Del", "DEL"}


def _leads(place: _Place) -> bool:
    """Whether it stands alone before a word in small letters or a number."""
    after = place.after
    return not _letter(place.left) and place.right == " " and (after in _DIGITS or "a" <= after <= "z")


def _other(place: _Place) -> int:
    for ratings in (_quotation, _punctuation, _measure):
        found = ratings(place)
        if found is not None:
            return found
    return 0


def _quotation(place: _Place) -> int | None:
    _, _, _, left, sign, right, after = place
    word_left, word_right = (_letter(side) or side in _DIGITS for side in (left, right))
    printed = left != "" and not left.isspace()
    if sign == "“":
        if word_right:
            return 0 if word_left else 3
        return 2 if printed else 1
    if sign == "”":
        return 0 if word_right else 3 if printed else 1
    if sign == "„":
        return _low_mark(place)
    if sign == "‘":
        return 1 if _letter(left) else 3 if word_right else 0
    if sign == "’":
        if _letter(left):
            return 3 if _letter(right) else 2
        if not word_left and right in {"s", "t", "n", "k"} and not _letter(after):
            return 3
        return int(_letter(right) or left in _DIGITS)
    if sign == "«":
        if word_left:
            return 0
        return 3 if word_right or (right.isspace() and _found(place, "»")) else 1
    if sign == "»":
        return 0 if _letter(right) else 3
    return int(_letter(left) != _letter(right)) if sign in "‹›" else int(place.opens) if sign == "‚" else None


def _low_mark(place: _Place) -> int:
    if _letter(place.left) or place.right == "":
        return 0
    if place.right in _CAPITALS or place.right in _DIGITS:
        return 3
    if place.right not in _SMALL:
        return 0
    return 3 if _found(place, "“”", ends=True) else 1


def _found(place: _Place, marks: str, *, ends: bool = False) -> bool:
    """Whether one of the marks is within reach on the line; with `ends`, one that no word follows."""
    text, start = place.text, place.at + 2
    for at in range(start, min(len(text), start + _FAR + 1)):
        following = text[at + 1 : at + 2]
        if text[at] in marks and not (ends and (_letter(following) or following in _DIGITS)):
            return True
        if text[at] in "\r\n":
            return False
    return False


def _punctuation(place: _Place) -> int | None:
    _, _, before, left, sign, right, after = place
    if sign in "–—":
        if place.inner:
            return 3 if left in _SMALL and right in _CAPITALS else 1
        return 3 if place.alone else 2
    if sign == "…":
        if _is_la(place) or _leads(place):
            return 1
        if left != "" and not left.isspace() and not _letter(right):
            return 3
        return 1 if _letter(left) else 2
    if sign == "•" and place.opens:
        return 2
    if sign in "™®" and place.closes:
        return 2
    if sign == "´":
        return int(place.inner)
    if sign == "\u00a0":
        return 2 if not place.inner or (left in _SMALL and right in _CAPITALS) else 0
    if sign == "€" and (place.beside_digit or _apart(left, before) or _apart(right, after)):
        return 3
    if sign == "‰":
        return 3 if left in _DIGITS or _apart(left, before) else 0
    return None


def _apart(blank: str, digit: str) -> bool:
    return blank.isspace() and digit in _DIGITS


def _measure(place: _Place) -> int | None:
    _, _, before, left, sign, right, after = place
    if sign in "°º":
        degrees = not _letter(left) and right in {"C", "F"} and not _letter(after)
        number = left in set("nNrR") and not _letter(before) and not _letter(right)
        return 3 if left in _DIGITS or degrees or number else int(not _letter(right))
    if sign in "²³¹":
        if _letter(right):
            return 0
        return (
            (2 if left in _DIGITS else 0)
            if sign == "¹"
            else 3
            if left in _DIGITS or left in set("mMO")
            else 0
        )
    if sign == "µ" and place.opens:
        return 3 if _run(place) in _UNITS else 0
    if sign in "½¼¾" and left in _DIGITS:
        return 3
    if sign in "½¼¾" and place.opens:
        return 1
    if sign in "±≥≤≈" and not _letter(left) and (right in _DIGITS or _apart(right, after)):
        return 3
    if sign in "£¥":
        return int(place.beside_digit)
    if sign == "×" and left in _DIGITS:
        return 3
    return _SIGNS_ALONE.get(sign, 0) if place.alone else None


def _run(place: _Place) -> str:
    """The letters that follow, at most four."""
    letters = ""
    for sign in place.text[place.at + 1 : place.at + 5]:
        if not _letter(sign):
            break
        letters += sign
    return letters
