"""The site's patterns of paths for the counter, which counts the ways in which a path fits one (docs/formats/documents.md)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from connectors.inventory.documents.beside import Said, bare
from connectors.inventory.documents.paths import kind_told, number_form_ends, stem_of, tidy
from connectors.inventory.facts.national_number import parse_inss
from schemas.document_kinds import DocumentKind
from schemas.document_sidecars import SEXES

_LONGEST = 255
_FREE = ("family", "first", "title", "*")
Piece = tuple[bool, str]
"""Whether it is a field, and its name or the signs that stand in the path."""


def said_by_path(path: str, pattern: str) -> Said | None:
    """What a path says by a pattern, if it fits it in exactly one way and each value is valid."""
    asked, there = pattern.split("/"), path.split("/")
    if len(there) < len(asked) or max(map(len, there)) > _LONGEST:
        return None
    there = there[len(there) - len(asked) :]
    there[-1] = stem_of(there[-1])
    values: dict[str, str] = {}
    for text, part in zip(there, asked, strict=True):
        ways = _ways(text, list(_pieces(part)))
        if len(ways) != 1:
            return None
        values.update(ways[0])
    return _valid(values)


def _pieces(part: str) -> Iterator[Piece]:
    while part:
        literal, brace, rest = part.partition("{")
        if literal:
            yield False, literal
        if not brace:
            return
        name, _, part = rest.partition("}")
        yield True, name


def _ways(text: str, pieces: list[Piece]) -> list[dict[str, str]]:
    """The first two ways in which the pieces make up the text."""
    found: list[dict[str, str]] = []
    reachable = _reachable(text, pieces)
    waiting: list[tuple[int, int, tuple[tuple[str, str], ...]]] = [(0, 0, ())] if 0 in reachable[0] else []
    while waiting and len(found) < 2:
        at, number, taken = waiting.pop()
        if number == len(pieces):
            found.append(dict(taken))
            continue
        is_field, name = pieces[number]
        for end in _ends(text, at, is_field, name):
            if end in reachable[number + 1]:
                held = (*taken, (name, text[at:end])) if is_field else taken
                waiting.append((end, number + 1, held))
    return found


def _reachable(text: str, pieces: list[Piece]) -> list[set[int]]:
    """For each piece, the places from which it and those after it can make up the rest of the text."""
    good = [set[int]() for _ in pieces] + [{len(text)}]
    for number in range(len(pieces) - 1, -1, -1):
        is_field, name = pieces[number]
        ends = good[number + 1]
        last = max(ends, default=0)
        for at in range(last + 1):
            if is_field and name in _FREE:
                ends_well = at < last
            else:
                ends_well = any(end in ends for end in _ends(text, at, is_field, name))
            if ends_well:
                good[number].add(at)
    return good


def _ends(text: str, at: int, is_field: bool, name: str) -> Iterator[int]:
    """Where a piece that begins here may end."""
    if not is_field:
        if text.startswith(name, at):
            yield at + len(name)
    elif name in _FREE:
        yield from range(at + 1, len(text) + 1)
    elif name == "number":
        yield from number_form_ends(text, at)
    elif name == "sex":
        for end in range(at, len(text)):
            if text[end] in "0123456789._ -":
                return
            yield end + 1
    else:
        form = name[name.index(":") + 1 :]
        said = text[at : at + len(form)]
        if len(said) == len(form) and all(
            sign in "0123456789" if asked in "ymd" else sign == asked
            for sign, asked in zip(said, form, strict=True)
        ):
            yield at + len(form)


def _valid(values: dict[str, str]) -> Said | None:
    names = {name: tidy(values[name]) for name in ("family", "first") if name in values}
    days: dict[str, str] = {}
    for key, value in values.items():
        name, colon, form = key.partition(":")
        if colon:
            days[name] = _day(value, form)
    number = values.get("number", "")
    if number:
        number = parse_inss("".join(s for s in number if "0" <= s <= "9")) or "?"
    sex = SEXES.get(bare(values["sex"]), "?") if "sex" in values else ""
    if "?" in (number, sex) or "" in names.values() or "" in days.values():
        return None
    title = tidy(values.get("title", ""))
    kind = kind_told(title)
    return Said(
        number,
        names.get("family", ""),
        names.get("first", ""),
        days.get("birth", ""),
        sex,
        days.get("date", ""),
        title,
        "" if kind == DocumentKind.UNCLASSIFIED else kind,
    )


def _day(value: str, form: str) -> str:
    year, month, day = (
        "".join(sign for sign, asked in zip(value, form, strict=True) if asked == unit) for unit in "ymd"
    )
    try:
        return dt.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return ""
