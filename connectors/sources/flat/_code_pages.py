"""Choose the 8-bit code page of some bytes: read each byte above 0x7F in every page and rate the sign in its place.

The ratings are the table of docs/formats/code_pages.md. The page with the highest total wins, so a
byte counts for a page only by how much higher its sign rates there than in another.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice

VOTERS = 4096
"""How many bytes above 0x7F are rated: the first ones."""
CLEAR = 2
"""The lead that a page needs over every other page that reads the bytes differently."""
PAGES = ("cp1252", "cp850", "iso8859_15", "cp858", "cp437")  # if two rate alike, the earlier one wins
_HIGH = re.compile(rb"[\x80-\xff]")
_LOOK_FAR = "„«"
"""Signs that look for their partner on the line."""
_NEAR = 4
"""How many signs before and after it any other sign looks at."""
_BOXES = frozenset(map(chr, range(0x2500, 0x25A0)))

# Places: the sign itself (the dot) with its context. %L: a small letter, %U: a capital, %A: either,
# %X: a letter or a digit.
_INNER = "(?<=%A).(?=%L)"
_START = "(?<!%A).(?=%L)"
_END = "(?<=%L).(?!%A)|(?<=%U)(?<!%U%U).(?!%A)"
_WRONG = ".(?=%U)|(?<=%U%U).(?!%A)"  # a small letter among capitals
_CAPITAL = "(?<=%U).(?!%L)"
_FIRST = "(?<!%A).(?=%A)"
_ALONE = "(?<!%A).(?!%A)"
_AFTER = "(?<=%A).(?!%A)"
_LA = "(?:(?<!%A[lL])(?<=[lL])|(?<=[jJ])|(?<=oil)|(?<=OIL)|(?<=[dD]el)|(?<=DEL)).(?!%A)"  # là, déjà, voilà, delà
_TO = "(?<!%A).(?= [a-z0-9])"  # " à gauche", "2 à 3"
_O_HAT = (  # hôpital, Rhône, hôte, chômage, côté, côlon, contrôle, enrôler, drôle, diplôme, symptôme, fantôme, arôme ...
    "(?<=H).(?=P)|(?<=RH).(?=N)|(?<!%AH)(?<=H).(?=T)|(?<=CH).(?=M)|(?<=C).(?=T|LO)|(?<=[TN]R).(?=[LN])|(?<=DR).(?=L)"
    "|(?<=PL).(?=M)|(?<=[PN]T).(?=M)|(?<=[ÉHA]R).(?=M)|(?<=CL).(?=T)|(?<=[PT]).(?=TS?(?!%A))|(?<=GE).(?=L)"
    "|(?<!%A[PMRT])(?<=[PMRT]).(?=L)|(?<!%AD)(?<=D).(?=M)|(?<!%A[NV])(?<=[NV]).(?=TR)"
)

# (signs, rating, place): the first row that names the sign and whose place matches counts; otherwise 0.
_ROWS: tuple[tuple[str, int, str], ...] = (
    # small letters of French, Dutch and German
    ("à", 3, f"{_LA}|{_TO}"),
    ("à", 2, _ALONE),
    ("à", 1, _AFTER),
    ("ù", 3, "(?<!%A[oO])(?<=[oO]).(?!%A)"),
    ("ù", 1, _INNER),
    ("û", 3, "(?<=%A).(?=[b-df-hj-np-tv-z])|(?<!%A[dD])(?<=[dD]).(?!%A)"),
    ("û", 1, f"(?<=[rm]).(?!%A)|{_WRONG}"),
    ("ß", 3, "(?<=[aeiouyäöü]).(?!%U)"),
    ("ß", 2, "(?<=[AEIOUÄÖÜ]).(?!%L)"),
    ("ç", 3, "(?<!%A).(?=[aeo])"),
    ("î", 3, "(?<!%A).(?=l)"),
    ("ô", 2, "(?<!%A).(?=t)"),
    ("æ", 2, f"{_INNER}|(?<!%A).(?=q)"),
    ("æ", 1, f"{_START}|(?<=t).(?!%A)"),
    ("œ", 3, "(?<!%A).(?=[dsuin])"),
    ("œ", 2, f"{_INNER}|{_START}"),
    ("éêëèâäçîïôöü", 3, _INNER),
    ("éêâöü", 3, _START),
    ("ä", 2, _START),
    ("éë", 3, _END),
    ("êèâäöüïô", 1, _END),
    ("é", 2, _ALONE),
    ("éè", 2, _WRONG),
    ("êëäçîïôöüœ", 1, _WRONG),
    # small letters of names and of other languages
    ("á", 1, "(?<=[aeiouyäöü]).(?=%L)"),
    ("áíóúñøåãšž", 2, _INNER),
    ("šž", 2, _END),
    ("áíóúøåšž", 1, f"{_START}|{_END}"),
    ("ø", 1, _ALONE),
    ("òìýõÿ", 1, f"{_INNER}|{_END}"),
    # capitals
    ("À", 3, _LA),
    ("À", 2, _ALONE),
    ("À", 1, _FIRST),
    ("Ù", 3, "(?<!%AO)(?<=O).(?!%A)"),
    ("Û", 3, "(?<=%U).(?=[B-DF-HJ-NP-TV-Z])|(?<!%AD)(?<=D).(?!%A)"),
    ("Ô", 6, _O_HAT),
    ("È", 4, _CAPITAL),
    ("Ô", 2, f"{_CAPITAL}|(?<!%A).(?=[tT])"),
    ("Œ", 3, "(?<=[B-DF-HJ-NP-TV-Z]).(?!%L)|(?<!%A).(?=[dsuinctDSUINCT])"),
    ("Ä", 3, f"{_CAPITAL}|(?<!%A).(?=%A)(?![AEIOaeio])"),
    ("Î", 3, f"{_CAPITAL}|(?<!%A).(?=[lL])"),
    ("ÉÊËÖÜÇÏÂ", 3, _CAPITAL),
    ("ÉÊÖÜÂÇ", 3, _FIRST),
    ("É", 1, _ALONE),
    ("ÁÓÑØÅÃŠŽ", 2, _FIRST),
    ("ÁÑØÅŠŽ", 2, _CAPITAL),
    ("ÍÓÃÒÌÕÝŸÚÆ", 1, _CAPITAL),
    ("ÍÚÆÒÌÕÝ", 1, _FIRST),
    # quotation marks, dashes, dots
    ("“", 3, "(?<!%X).(?=%X)"),
    ("“", 2, r"(?<=\S).(?!%X)"),
    ("”", 3, r"(?<=\S).(?!%X)"),
    ("“”", 1, "(?<!%X).(?!%X)"),
    ("„", 3, "(?<!%A).(?=%U|[0-9])|(?<!%A).(?=%L[^\r\n]{0,200}[“”](?!%X))"),
    ("„", 1, _START),
    ("‘", 3, "(?<!%A).(?=%X)"),
    ("‘", 1, "(?<=%A)."),
    ("’", 3, "(?<=%A).(?=%A)|(?<!%X).(?=[stnk](?!%A))"),
    ("’", 2, _AFTER),
    ("’", 1, "(?<!%A).(?=%A)|(?<=[0-9])."),
    ("‚", 1, _FIRST),
    ("–—", 3, f"{_ALONE}|(?<=%L).(?=%U)"),
    ("–—", 2, f"{_AFTER}|{_FIRST}"),
    ("–—", 1, "."),
    ("…", 1, f"{_LA}|{_TO}"),
    ("…", 3, r"(?<=\S).(?!%A)"),
    ("…", 1, "(?<=%A)."),
    ("…", 2, "."),
    # other signs
    ("€", 3, r"(?<=[0-9]).|.(?=[0-9])|(?<=[0-9]\s).|.(?=\s[0-9])"),
    ("€", 2, _ALONE),
    ("•", 3, _ALONE),
    ("•", 2, _FIRST),
    ("™®", 2, _AFTER),
    ("™®©†αΓπΣσΦΘΩδφε", 1, _ALONE),
    ("‰", 3, r"(?<=[0-9]).|(?<=[0-9]\s)."),
    ("‹›", 1, f"{_AFTER}|{_FIRST}"),
    ("°º", 3, "(?<=[0-9]).|(?<!%A).(?=[CF](?!%A))|(?<!%A[nNrR])(?<=[nNrR]).(?!%A)"),
    ("°º", 1, ".(?!%A)"),
    ("²³", 3, "(?<=[mM0-9O]).(?!%A)"),
    ("¹", 2, "(?<=[0-9]).(?!%A)"),
    ("µ", 3, "(?<!%A).(?=(?:g|l|L|m|M|mol|U|UI|IU|u|kat|s|S|V|W|Sv|Eq|Gy)(?!%A))"),
    ("µ", 1, _ALONE),
    ("½¼¾", 3, "(?<=[0-9])."),
    ("½¼¾", 2, _ALONE),
    ("½¼¾", 1, _FIRST),
    ("«", 3, "(?<!%X).(?=%X|\\s[^\r\n]{0,200}»)"),
    ("«", 1, "(?<!%X).(?!%X)"),
    ("»", 3, ".(?!%A)"),
    ("±≥≤≈", 3, r"(?<!%A).(?=\s?[0-9])"),
    ("±≥≤≈", 2, _ALONE),
    ("§÷", 2, _ALONE),
    ("×", 3, f"(?<=[0-9]).|{_ALONE}"),
    ("·", 1, _ALONE),
    ("£¥", 1, "(?<=[0-9]).|.(?=[0-9])"),
    ("´", 1, "(?<=%A).(?=%A)"),
    ("\u00a0", 2, "(?<!%A).|.(?!%A)|(?<=%L).(?=%U)"),
)


@dataclass(frozen=True)
class Choice:
    """The page of some bytes, and whether another page that reads them differently rates nearly as high."""

    page: str
    doubtful: bool


def choose_page(data: bytes) -> Choice:
    """Choose the code page of bytes that are not UTF-8."""
    places = [found.start() for found in islice(_HIGH.finditer(data), VOTERS)]
    seen = data[: places[-1] + 256] if places else b""  # no place looks further ahead
    texts = {page: read_as(seen, page) for page in PAGES}
    totals = {text: sum(rate(text, at) for at in places) for text in set(texts.values())}  # most pages agree
    rated = {page: totals[text] for page, text in texts.items()}
    best = max(PAGES, key=rated.__getitem__)  # the first if several rate alike
    rivals = (page for page in PAGES if any(texts[page][at] != texts[best][at] for at in places))
    return Choice(best, any(rated[best] - rated[page] < CLEAR for page in rivals))


def read_as(data: bytes, page: str) -> str:
    """Decode one character a byte; a byte that the page does not assign keeps its number."""
    return codecs.charmap_decode(data, "strict", _signs(page))[0]


def rate(text: str, at: int) -> int:
    """The rating of the sign at a place."""
    if text[at] in _LOOK_FAR:
        return _rated(text, at)
    begin = max(0, at - _NEAR)
    return _rated_near(text[begin : at + _NEAR + 1], at - begin)


@lru_cache(4096)
def _rated_near(text: str, at: int) -> int:
    return _rated(text, at)


def _rated(text: str, at: int) -> int:
    sign = text[at]
    before, after = text[max(0, at - 2) : at], text[at + 1 : at + 3]
    if sign in _BOXES:
        return 3 if sign in (before[-1:], after[:1]) else 1 if _alone().match(text, at) else 0
    if sign * 2 in (before, after, before[-1:] + after[:1]):
        return 0  # no word has a letter three times in a row
    return next((rating for rating, place in _places().get(sign, ()) if place.match(text, at)), 0)


@cache
def _signs(page: str) -> str:
    return "".join(bytes((code,)).decode(page, "ignore") or chr(code) for code in range(0x100))


@cache
def _places() -> dict[str, list[tuple[int, re.Pattern[str]]]]:
    places: dict[str, list[tuple[int, re.Pattern[str]]]] = {}
    for signs, rating, place in _ROWS:
        for sign in signs:
            places.setdefault(sign, []).append((rating, _compiled(place)))
    return places


@cache
def _alone() -> re.Pattern[str]:
    return _compiled(_ALONE)


@cache
def _compiled(place: str) -> re.Pattern[str]:
    lower, upper = "a-zß-öø-ÿœšž", "A-ZÀ-ÖØ-ÞŒŠŽŸ"
    for name, signs in (("L", lower), ("U", upper), ("A", lower + upper), ("X", lower + upper + "0-9")):
        place = place.replace(f"%{name}", f"[{signs}]")
    return re.compile(f"(?:{place})", re.DOTALL)
