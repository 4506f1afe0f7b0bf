"""What a document's path says of it, read letter by letter (docs/formats/documents.md). The reader has its own code for it."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.inventory.facts.national_number import parse_inss
from schemas.document_kinds import PRECEDENCE, DocumentKind

_DIGITS = "0123456789"
_SIGNS = "._ -"
_NUMBER_GROUPS = (2, 2, 2, 3, 2)
_DAYS = (((4,), (1, 2), (1, 2)), ((1, 2), (1, 2), (4,)))
_PACKED = ((4, 2, 2), (2, 2, 4))
Place = tuple[int, int]


@dataclass(frozen=True, repr=False)
class Stated:
    """National number, day (yyyy-mm-dd or empty), title (or empty), kind (or empty)."""

    number: str
    day: str
    title: str
    kind: str


def read_path(path: str) -> Stated | None:
    """What a path states; None if it names no valid national number, or several."""
    path = unicodedata.normalize("NFC", "".join(filter(is_printed, path)))
    numbers = {number for place in _runs(path) if (number := _number(path, place))}
    if len(numbers) != 1:
        return None
    name = stem_of(path[path.rfind("/") + 1 :])
    name = _blanked(name, [place for place in _runs(name) if _number(name, place)])
    days = list(_days(name))
    stated = {day for day, _ in days}
    day = stated.pop() if len(stated) == 1 else ""
    title = tidy(_blanked(name, [place for _, place in days]) if day else name)
    kind = kind_told(title)
    return Stated(numbers.pop(), day, title, "" if kind == DocumentKind.UNCLASSIFIED else kind)


def day_in(text: str) -> str:
    """The day that a text is, and nothing beside it but a time of ISO 8601; empty if it is none, or may be two."""
    if len(text) > 10 and text[10] == "T" and text[4] == text[7] == "-" and text[:4].isdecimal():
        text = text[:10]
    text = text.replace("/", ".")
    found = {day for day, place in _days(text) if place == (0, len(text))}
    return found.pop() if len(found) == 1 else ""


def number_form_ends(text: str, at: int) -> Iterator[int]:
    """Where the groups of a national number that begin here end."""
    end = _groups_end(text, at)
    if end:
        yield end


def is_printed(sign: str) -> bool:
    """Whether a sign counts: no control character, nor a byte that is no UTF-8."""
    return sign >= " " and sign != "\x7f" and not "\ud800" <= sign <= "\udfff" and sign not in "\ufffe\uffff"


def stem_of(name: str) -> str:
    """The name without an ending: a point and up to five ASCII letters and digits, among them a letter."""
    stem, point, ending = name.rpartition(".")
    short = ending.isascii() and ending.isalnum() and len(ending) <= 5 and not ending.isdigit()
    return stem if point and short else name


def _runs(text: str) -> Iterator[Place]:
    """The places that have the form of a national number."""
    for begin in _begins(text):
        end = _take(text, begin)
        if end:
            yield begin, end


def _begins(text: str) -> Iterator[int]:
    return (at for at, sign in enumerate(text) if sign in _DIGITS and (not at or text[at - 1] not in _DIGITS))


def _take(text: str, begin: int) -> int:
    """The end of the groups of a number that no digit follows; 0 if they are not there."""
    at = _groups_end(text, begin)
    return 0 if text[at : at + 1] and text[at] in _DIGITS else at


def _groups_end(text: str, begin: int) -> int:
    """The end of the groups of a number with at most one sign between them; 0 if they are not there."""
    at = begin
    for place, size in enumerate(_NUMBER_GROUPS):
        if place and text[at : at + 1] and text[at] in _SIGNS:
            at += 1
        if not _all_digits(text[at : at + size], size):
            return 0
        at += size
    return at


def _all_digits(text: str, size: int) -> bool:
    return len(text) == size and all(sign in _DIGITS for sign in text)


def _number(text: str, place: Place) -> str | None:
    return parse_inss("".join(sign for sign in text[slice(*place)] if sign in _DIGITS))


def _blanked(text: str, places: list[Place]) -> str:
    """The text with a blank instead of each place, and of each other place where the same is written, longer ones first."""
    for written in sorted({text[slice(*place)] for place in places}, key=len, reverse=True):
        text = text.replace(written, " ")
    return text


def _days(text: str) -> Iterator[tuple[str, Place]]:
    """Each real day from 1900 to 2099 that is written in the text, and where."""
    for begin in _begins(text):
        end = begin
        while text[end : end + 1] and text[end] in _DIGITS:
            end += 1
        if end - begin == 8:
            for sizes in _PACKED:
                parts = [text[begin + sum(sizes[:n]) : begin + sum(sizes[: n + 1])] for n in range(3)]
                yield from _day(parts, (begin, end))
        else:
            yield from _parted(text, begin, end)


def _parted(text: str, begin: int, end: int) -> Iterator[tuple[str, Place]]:
    """A day whose parts are separated by the same sign twice."""
    sign = text[end : end + 1]
    if not sign or sign not in _SIGNS:
        return
    parts, at = [text[begin:end]], end
    while len(parts) < 3:
        if text[at : at + 1] != sign:
            return
        begin_part = at = at + 1
        while text[at : at + 1] and text[at] in _DIGITS:
            at += 1
        parts.append(text[begin_part:at])
    if any(tuple(map(len, parts)) in _sizes(form) for form in _DAYS):
        yield from _day(parts, (begin, at))


def _sizes(form: Sequence[Sequence[int]]) -> set[tuple[int, ...]]:
    return {(a, b, c) for a in form[0] for b in form[1] for c in form[2]}


def _day(parts: list[str], place: Place) -> Iterator[tuple[str, Place]]:
    year, month, day = parts if len(parts[0]) == 4 else parts[::-1]
    if len(year) != 4 or year[:2] not in ("19", "20"):
        return
    try:
        found = dt.date(int(year), int(month), int(day))
    except ValueError:
        return
    yield found.isoformat(), place


def tidy(text: str) -> str:
    """The text with underscores, and two and more of the signs in a row, as one blank; empty without a letter."""
    made, gap = "", ""
    for sign in [*text, ""]:
        if sign and sign in "-_. ":
            gap += sign
            continue
        made += (" " if len(gap) > 1 or gap == "_" else gap) + sign
        gap = ""
    made = made.strip(" -_.")
    return made if any(sign.isalpha() for sign in made) else ""


def kind_told(title: str) -> DocumentKind:
    """The kind that the words of a title tell."""
    folded = unicodedata.normalize("NFKD", title.casefold())
    letters = (sign if sign.isalnum() else " " for sign in folded if not unicodedata.combining(sign))
    words = "".join(letters).split()
    for kind, beginnings in PRECEDENCE:
        if any(_begins_with(words, each) for each in beginnings):
            return kind
    return DocumentKind.UNCLASSIFIED


def _begins_with(words: list[str], phrase: str) -> bool:
    """Whether the phrase's words stand in a row, the last of which may go on unless a point ends the phrase.

    A star before a single word allows anything before it, within the word.
    """
    if phrase.startswith("*"):
        return any(phrase[1:] in word for word in words)
    asked = phrase.rstrip(".").split()
    for at in range(len(words) - len(asked) + 1):
        *firsts, last = words[at : at + len(asked)]
        if firsts == asked[:-1] and (
            last == asked[-1] or (not phrase.endswith(".") and last.startswith(asked[-1]))
        ):
            return True
    return False
