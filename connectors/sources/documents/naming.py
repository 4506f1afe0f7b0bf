"""What the path of a document states: whose it is, its date, its title, its kind (docs/formats/documents.md)."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import NamedTuple

from schemas.document_kinds import PRECEDENCE, DocumentKind
from schemas.identifiers import clean_inss

_NUMBER = re.compile(r"(?<!\d)(?=(\d\d[._ -]?\d\d[._ -]?\d\d[._ -]?\d{3}[._ -]?\d\d)(?!\d))", re.ASCII)
_YEAR_FIRST = re.compile(
    r"(?<!\d)(?=(((?:19|20)\d\d)(?:([._ -])(\d\d?)\3(\d\d?)|(\d\d)(\d\d)))(?!\d))", re.ASCII
)
_DAY_FIRST = re.compile(
    r"(?<!\d)(?=((?:(\d\d?)([._ -])(\d\d?)\3|(\d\d)(\d\d))((?:19|20)\d\d))(?!\d))", re.ASCII
)
_ENDING = re.compile(r"\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,5}\Z")
UNPRINTED = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_TIME = re.compile(r"(?<=\A[0-9]{4}-[0-9]{2}-[0-9]{2})T.*", re.ASCII | re.DOTALL)
_MARKS = " -_."
_GAPS = re.compile(r"[-_. ]{2,}|_")


class Naming(NamedTuple):
    """What a path states. `date`: yyyy-mm-dd; None and empty: not stated."""

    inss: str
    date: str | None
    title: str
    kind: DocumentKind

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


def naming_of(path: str) -> Naming | None:
    """What the path inside the export states; None unless it names exactly one valid national number."""
    path = unicodedata.normalize("NFC", UNPRINTED.sub("", path))
    numbers = {
        found for each in _NUMBER.finditer(path) if (found := clean_inss(each[1].translate({ord("_"): "-"})))
    }
    if len(numbers) != 1:
        return None
    (inss,) = numbers
    rest = _without_number(path, inss)
    days = _dates(rest)
    day = None
    if len(days) == 1:
        ((day, ways),) = days.items()
        for written in sorted(ways, key=len, reverse=True):  # 1-2-2020 is also in 01-2-2020
            rest = rest.replace(written, " ")
    title = tidied(rest)
    return Naming(inss, day, title, kind_of(title))


def tidied(text: str) -> str:
    """The text with an underscore, and two and more signs in a row, as one blank; empty if it has no letter."""
    text = _GAPS.sub(" ", text).strip(_MARKS)
    return text if any(map(str.isalpha, text)) else ""


def without_ending(name: str) -> str:
    """A file's name without a point and up to five letters and digits, among them a letter."""
    return _ENDING.sub("", name)


def written_day(text: str) -> str:
    """The day that a text states, yyyy-mm-dd; empty if it states none, or may state two."""
    text = _TIME.sub("", text).replace("/", ".")
    days = [day for day, ways in _dates(text).items() if text in ways]
    return days[0] if len(days) == 1 else ""


def written_as(text: str, form: str) -> str:
    """The day that a text states in a form such as `dd-mm-yyyy`; empty if there is no such day."""
    parts = [text[form.index(unit) :][: len(unit)] for unit in ("yyyy", "mm", "dd")]
    try:
        return date(*map(int, parts)).isoformat()
    except ValueError:
        return ""


def _without_number(path: str, inss: str) -> str:
    """The file's name without its ending and the number."""
    name = without_ending(path.rpartition("/")[2])
    for written in [each[1] for each in _NUMBER.finditer(name)]:
        if clean_inss(written.replace("_", "-")) == inss:
            name = name.replace(written, " ")
    return name


def _dates(name: str) -> dict[str, list[str]]:
    """Each day that the name states, with the ways in which it is written there."""
    found: dict[str, list[str]] = {}
    for each in _YEAR_FIRST.finditer(name):
        _note(found, each[1], each[2], each[4] or each[6], each[5] or each[7])
    for each in _DAY_FIRST.finditer(name):
        _note(found, each[1], each[7], each[4] or each[6], each[2] or each[5])
    return found


def _note(found: dict[str, list[str]], written: str, year: str, month: str, day: str) -> None:
    try:
        stated = date(int(year), int(month), int(day))
    except ValueError:
        return
    found.setdefault(stated.isoformat(), []).append(written)


def kind_of(title: str) -> DocumentKind:
    """The kind that the words of a title tell."""
    bare = "".join(
        sign for sign in unicodedata.normalize("NFKD", title.casefold()) if not unicodedata.combining(sign)
    )
    words = " ".join(["", *re.findall(r"[^\W_]+", bare), ""])
    for kind, beginnings in PRECEDENCE:
        if any(_sought(each) in words for each in beginnings):
            return kind
    return DocumentKind.UNCLASSIFIED


def _sought(phrase: str) -> str:
    """A phrase as it stands between the blanks of a title's words."""
    begin = "" if phrase.startswith("*") else " "
    return begin + phrase.lstrip("*").replace(".", " ")
