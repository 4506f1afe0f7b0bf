r"""MEDAR reports and letters for the counter (docs/formats/flat.md, "MEDAR").

A record of a report is cut by its columns: four digits, ten signs, two signs, and fields between backslashes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from connectors.inventory.facts.national_number import parse_inss
from connectors.inventory.facts.persons import Stated as Person
from connectors.inventory.facts.persons import letters
from connectors.inventory.flat.decoding import raw_lines, signs, texts_of
from connectors.inventory.flat.expected import Stated, follows
from connectors.inventory.flat.reading import BLANK, Head, Piece, ReadMessage, Text
from schemas.disposition import UnitKind

NAME = "medar"
_LOOSE = re.compile(r"\s*\d{4}(\d+)\s+([A-Z]\d)")
_SEXES = {"F": "F", "V": "F", "M": "M"}
_NAMES = {"F": "female", "M": "male"}
_HEADS = ("FROM", "TO", "SUBJECT", "INFO")
_OF_LETTER = ("TITLE", "DATE", "EXAM", "RESULT", "SPECIF", "DESCR", "CONCL", "END")
_FLAGS = ("H", "HH", "L", "LL", "*", "+", "++", "+++", "-", "--", "---")


class _Record(NamedTuple):
    line: int
    key: str
    kind: str
    fields: list[str]
    is_loose: bool


def _record(line: int, text: str) -> _Record | None:
    number, key, kind = text[:4], text[4:14], text[14:16]
    is_strict = (
        number.isdecimal() and len(number) == 4 and len(kind) == 2 and _is_kind(kind) and "\n" not in key
    )
    if is_strict:
        return _Record(line, key, kind, text[16:].rstrip("\r\n\x1a\x0c").split("\\"), is_loose=False)
    loose = _LOOSE.match(text)
    if loose is None:
        return None
    return _Record(
        line, loose[1], loose[2], text[loose.end() :].rstrip("\r\n\x1a\x0c").split("\\"), is_loose=True
    )


def _is_kind(kind: str) -> bool:
    return "A" <= kind[0] <= "Z" and kind[1].isdecimal()


def _is_letter(text: str) -> bool:
    return text.startswith("/FROM") and text[5:].lstrip().startswith(":")


def divide(lines: Iterable[bytes]) -> Iterator[tuple[list[bytes], int]]:
    """Yield the lines of each message; together they are all the bytes. What stands before the first belongs to it."""
    held: list[bytes] = []
    known: str | None = None
    for line in lines:
        text = signs(line)
        record = _record(0, text)
        if record is not None:
            is_new = record.kind == "S1" or (known is not None and known != record.key)
        else:
            is_new = _is_letter(text)
        if is_new:
            if held and known is not None:
                yield held, 0
                held = []
            known = record.key if record is not None else ""
        held.append(line)
    if held:
        yield held, 0


def begins(lines: Iterable[bytes]) -> bool:
    """Whether a message begins in these lines."""
    for line in lines:
        text = signs(line)
        record = _record(0, text)
        if _is_letter(text) or (record is not None and record.kind == "S1"):
            return True
    return False


def read(number: int, content: bytes, borrowed: int = 0) -> ReadMessage:
    """Read one message; `borrowed`: how many of its first bytes lie in an earlier one."""
    raw = list(raw_lines([content]))
    wholes = texts_of(raw)
    lines = [line.rstrip("\r\n") for line in wholes]
    sizes = [len(line) for line in raw]
    read_lines = _read_letter if any(map(_is_letter, lines)) else _read_report
    message = read_lines(number, lines, sizes, wholes)
    message.borrowed = borrowed
    return message


def _is_end(line: str) -> bool:
    said = line.strip()
    if said in ("END", "END."):
        return True
    rest = line.lstrip()
    if not rest.startswith("9999"):
        return False
    behind = rest[4:].rstrip()
    before = (behind[: len(behind) - len(word)] for word in ("END.", "END", "") if behind.endswith(word))
    return any(len(key.rstrip()) <= 10 for key in before)


def _read_report(
    number: int, lines: Sequence[str], sizes: Sequence[int], wholes: Sequence[str]
) -> ReadMessage:
    records = {n: _record(n, line) for n, line in enumerate(lines, start=1)}
    first: dict[str, list[str]] = {}
    for record in records.values():
        if record is not None:
            first.setdefault(record.kind, [field.strip(BLANK) for field in record.fields])
    results: list[Stated] = []
    text = Text()
    pieces = []
    for n, line in enumerate(lines, start=1):
        record, before = records[n], len(results)
        if record is not None and record.kind == "R1":
            _result(record, results, text)
        elif record is None and line.strip(BLANK) and not _is_end(line):
            text.add(line)
        kind: UnitKind | None = UnitKind.RESULT if len(results) > before else UnitKind.COMMENT
        if not line.strip(BLANK) or _is_end(line):
            kind = None
        elif record is not None and record.kind != "R1":
            kind = UnitKind.MESSAGE_HEADER
        pieces.append(Piece(n, kind, line, sizes[n - 1]))

    def field(record: str, at: int) -> str:
        return [*first.get(record, []), *[""] * 8][at]

    names, birth, sex = (
        (field("S2", 0), field("S2", 1)),
        field("S4", 0),
        _SEXES.get(field("S4", 1).upper(), ""),
    )
    home = field("S3", 1).partition(" ")
    inss = _number([*first.get("S5", []), *first.get("S6", [])], birth)
    head = Head(
        fields=frozenset({*names, field("S1", 0), field("S3", 0), home[0], home[2].strip()}),
        days=frozenset({_digits(birth), _digits(field("A1", 0))}),
        inss=inss,
        sex=_NAMES.get(sex, ""),
    )
    return ReadMessage(
        NAME, number, pieces, results, text.whole(wholes), True, _day_first(field("A1", 0)), head,
        _person(names[0], names[1], birth, sex, inss), titles=text.titles, remarks=text.remarks,
    )  # fmt: skip


def _result(record: _Record, results: list[Stated], text: Text) -> None:
    fields = [*(field.strip(BLANK) for field in record.fields[:4]), *record.fields[4:], *[""] * 6]
    code, name, limits, unit = fields[:4]
    said = fields[4:]
    if record.is_loose:
        limits, unit, said = " - ".join(filter(None, (limits, unit))), said[0].strip(BLANK), said[1:]
    raw = "\\".join(said).rstrip("\\ \t")
    if not (code and name):
        note = " ".join(filter(None, (limits, unit, raw.strip()))) or name or code
        if (code or name) and results:
            results[-1].notes.append(note)
        text.add(note, "remark" if code or name else "title")
        return
    flag, _, behind = raw.replace("\t", " ").partition(" ")
    value = raw[len(flag) :].strip() if flag in _FLAGS and behind.strip() else raw.strip()
    flag = flag if flag in _FLAGS and behind.strip() else ""
    state = "pending" if follows(value) else ""
    results.append(Stated(record.line, "MEDAR", code, name, value, unit, "", limits, flag, state))
    text.add("  ".join(filter(None, (name, value, unit, f"({limits})" if limits else "", flag))), "result")


def _keyword(line: str) -> tuple[str, str]:
    """The keyword of a line of a letter and the text behind it; both empty for any other line."""
    found = re.match(r"/([A-Z]+)(?!\w)", line)
    if found is None:
        return "", ""
    behind = line[found.end() :].lstrip(" \t")
    behind = behind[1:].lstrip(" \t") if behind.startswith(":") else behind
    return found[1], behind


def _read_letter(
    number: int, lines: Sequence[str], sizes: Sequence[int], wholes: Sequence[str]
) -> ReadMessage:
    said: dict[str, str] = {}
    text = Text()
    pieces = []
    for n, line in enumerate(lines, start=1):
        word, behind = _keyword(line)
        if word:
            said.setdefault(word, behind.strip(BLANK))
        kind: UnitKind | None = UnitKind.MESSAGE_HEADER if word in _HEADS else UnitKind.COMMENT
        if line.strip(BLANK) in ("", "/END"):
            kind = None
        pieces.append(Piece(n, kind, line, sizes[n - 1]))
        if word not in _HEADS:
            text.add(
                behind if word in _OF_LETTER else line, "title" if word in ("TITLE", "EXAM") else "letter"
            )
    sender = [part.strip() for part in said.get("FROM", "").split("|")] + [""] * 6
    about = [part.strip() for part in said.get("SUBJECT", "").split("|")]
    first, last, street, postcode, town, birth, sex = (about + [""] * 7)[:7]
    created, _, reference = said.get("INFO", "").partition("|")
    american = created.rpartition(" ")[2]
    day = _day_first(said.get("DATE", "")) or _month_first(american)
    digits = re.sub(r"[.\-/\s]", "", sender[5])
    sex = _SEXES.get(sex.upper(), "")
    inss = _number(about[7:], birth)
    head = Head(
        fields=frozenset({first, last, street, postcode, town, reference.strip()}),
        days=frozenset({_digits(birth), _digits(said.get("DATE", "")), "/" + _digits(american)}),
        sender=sender[0],
        number=digits if re.fullmatch(r"[0-9]{11}", digits) else "",
        inss=inss,
        sex=_NAMES.get(sex, ""),
    )
    return ReadMessage(
        NAME, number, pieces, [], text.whole(wholes), False, day, head, _person(last, first, birth, sex, inss),
        titles=text.titles, remarks=text.remarks,
    )  # fmt: skip


def _person(family: str, first: str, birth: str, sex: str, inss: str | None) -> Person:
    year, month, day = (_day_first(birth) or "--").split("-")
    numbers = frozenset({inss} if inss else ())
    return Person(letters(family), letters(first), day, month, year, sex, numbers)


def _number(fields: Sequence[str], birth: str) -> str | None:
    """A valid national number that begins with the birth date."""
    born = (_day_first(birth) or "").replace("-", "")[2:]
    numbers = (parse_inss(field) for field in fields)
    return next((number for number in numbers if number and born and number.startswith(born)), None)


def _digits(date: str) -> str:
    """The digits of a date with slashes, day and month with two digits, the year with four."""
    parts = date.strip().split("/")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return ""
    return parts[0].zfill(2) + parts[1].zfill(2) + (parts[2] if len(parts[2]) == 4 else "20" + parts[2])


def _day_first(date: str) -> str | None:
    found = _slashed(date)
    return None if found is None else _valid(found[2], found[1], found[0])


def _month_first(date: str) -> str | None:
    found = _slashed(date)
    return (
        None
        if found is None or len(date.strip().rpartition("/")[2]) == 2
        else _valid(found[2], found[0], found[1])
    )


def _slashed(date: str) -> tuple[int, int, int] | None:
    parts = date.strip().split("/")
    widths = [len(part) for part in parts]
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    if widths[0] > 2 or widths[1] > 2 or widths[2] not in (2, 4):
        return None
    year = int(parts[2])
    return int(parts[0]), int(parts[1]), year if widths[2] == 4 else 2000 + year


def _valid(year: int, month: int, day: int) -> str | None:
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return None
