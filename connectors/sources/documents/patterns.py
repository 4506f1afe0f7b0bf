"""How a site says that the paths of documents are made up, and what a path then states (docs/formats/documents.md).

A pattern becomes two regular expressions, which divide a path from the left once with the longest and once with the shortest
fields. If both divide it in the same way, there is no other way.
"""

from __future__ import annotations

import re
from functools import lru_cache

from connectors.sources.documents.naming import kind_of, tidied, without_ending, written_as
from connectors.sources.documents.sidecars import Stated, plain_letters
from schemas.document_kinds import DocumentKind
from schemas.document_sidecars import SEXES
from schemas.identifiers import clean_inss

LONGEST_PART = 255
"""Signs of a part of a path; a longer one fits no pattern."""
_FIELD = re.compile(r"\{([^{}]*)\}")
_NUMBER = r"\d{2}[._ -]?\d{2}[._ -]?\d{2}[._ -]?\d{3}[._ -]?\d{2}"
_FREE = frozenset({"family", "first", "title", "*"})
_DAYS = frozenset({"birth", "date"})
_UNITS = {"yyyy": 4, "mm": 2, "dd": 2}
_MOST_FREE = 3  # in one part: with more of them, a hostile name costs too much time


class PatternError(Exception):
    """A pattern that is malformed, names nobody, or cannot be read in one way."""


def is_pattern(pattern: str) -> bool:
    """Whether a site may have this pattern."""
    try:
        parse_pattern(pattern)
    except PatternError:
        return False
    return True


@lru_cache
def parse_pattern(pattern: str) -> tuple[tuple[re.Pattern[str], re.Pattern[str], tuple[str, ...]], ...]:
    """The parts of a pattern, the file's name last: both expressions and the names of the fields. Raises PatternError."""
    parts = [_part(part) for part in pattern.split("/")]
    names = [name.partition(":")[0] for _, _, fields in parts for name in fields]
    told = [name for name in names if name != "*"]
    if len(set(told)) != len(told):
        raise PatternError
    if "number" not in told and not {"family", "first", "birth", "sex"} <= set(told):
        raise PatternError
    return tuple(parts)


def _part(part: str) -> tuple[re.Pattern[str], re.Pattern[str], tuple[str, ...]]:
    pieces = _FIELD.split(part)
    literals, fields = pieces[::2], pieces[1::2]
    between = literals[1:-1]
    free = [field in _FREE for field in fields]
    joined = any(
        not literal and (one or other) for literal, one, other in zip(between, free, free[1:], strict=False)
    )
    if not part or joined or sum(free) > _MOST_FREE or any(sign in "".join(literals) for sign in "{}"):
        raise PatternError
    forms = [_form(field) for field in fields]
    both = []
    for lazy in ("", "?"):
        made = re.escape(literals[0])
        for form, literal in zip(forms, literals[1:], strict=True):
            made += f"({form.replace('+', '+' + lazy)}){re.escape(literal)}"
        both.append(re.compile(made, re.ASCII))
    return both[0], both[1], tuple(fields)


def _form(field: str) -> str:
    if field in _FREE:
        return "[^/]+"
    if field == "number":
        return _NUMBER
    if field == "sex":
        return "[^/0-9._ -]+"
    name, _, written = field.partition(":")
    units = re.findall("yyyy|mm|dd", written)
    if name not in _DAYS or sorted(units) != ["dd", "mm", "yyyy"]:
        raise PatternError
    rest = re.sub("yyyy|mm|dd", "", written)
    if any(sign.isalnum() for sign in rest) or "+" in rest:
        raise PatternError
    return "".join(
        rf"\d{{{_UNITS[each]}}}" if each in _UNITS else re.escape(each)
        for each in re.findall("yyyy|mm|dd|.", written)
    )


def stated_by_path(path: str, pattern: str) -> Stated | None:
    """What a path states by a pattern; None if it does not fit, or fits in more than one way, or a value is not valid."""
    parts = parse_pattern(pattern)
    found = path.split("/")
    if len(found) < len(parts) or any(len(part) > LONGEST_PART for part in found):
        return None
    found = [*found[-len(parts) :][:-1], without_ending(found[-1])]
    said: dict[str, str] = {}
    for text, (longest, shortest, fields) in zip(found, parts, strict=True):
        one, other = longest.fullmatch(text), shortest.fullmatch(text)
        if one is None or other is None or one.groups() != other.groups():
            return None
        said.update(zip(fields, one.groups(), strict=True))
    return _typed(said)


def _typed(said: dict[str, str]) -> Stated | None:
    days = {}
    for field, value in said.items():
        name, colon, written = field.partition(":")
        if colon and not (day := written_as(value, written)):
            return None
        elif colon:
            days[name] = day
    number = clean_inss(said["number"].translate({ord("_"): "-"})) if "number" in said else ""
    sex = SEXES.get(plain_letters(said.get("sex", "")), "")
    family, first = tidied(said.get("family", "")), tidied(said.get("first", ""))
    names = [name for key, name in (("family", family), ("first", first)) if key in said]
    if number is None or ("sex" in said and not sex) or not all(names):
        return None
    title = tidied(said.get("title", ""))
    kind = kind_of(title)
    return Stated(
        number, family, first, days.get("birth", ""), sex, days.get("date", ""), title,
        None if kind is DocumentKind.UNCLASSIFIED else kind,
    )  # fmt: skip
