r"""MEDAR files as values: laboratory reports of numbered records, and letters of keyword lines.

A record is a line number (four digits), the report's key (ten signs), a descriptor (`S1`, `R1`, ...) and fields between
backslashes; another key, or another `S1`, begins another report. A letter begins with `/FROM`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from connectors.sources.flat.dates import day_first, month_first
from connectors.sources.flat.lines import cut_lines, split_text
from connectors.sources.flat.message import Doubt, Identity, Message, Part, Piece, Result, Sender
from connectors.sources.flat.text import Decoded, decode_flat
from connectors.sources.flat.values import is_pending
from connectors.sources.sniffing import LINE_BYTES, plain
from schemas.disposition import UnitKind
from schemas.identifiers import clean_inss, plain_digits
from schemas.persons import Person, fold_birth, fold_name

NAME = "medar"
_RECORD = re.compile(r"(\d{4})(.{10})([A-Z]\d)(.*)", re.DOTALL)
_LOOSE_RECORD = re.compile(r"\s*(\d{4})(\d+)\s+([A-Z]\d)(.*)", re.DOTALL)
_END = re.compile(r"\s*(?:END\.?|9999.{0,10}\s*(?:END\.?)?)\s*\Z")
_FROM = re.compile(r"/FROM\s*:")
_KEYWORD = re.compile(r"/([A-Z]+)\b[ \t]*:?[ \t]*(.*)", re.DOTALL)
_HEADS = frozenset({"FROM", "TO", "SUBJECT", "INFO"})
_SAYING = frozenset({"TITLE", "DATE", "EXAM", "RESULT", "SPECIF"})
"""Keywords whose text is part of the letter."""
_SILENT = frozenset({"DESCR", "CONCL", "END"})
_FLAGGED = re.compile(r"(HH?|LL?|\*|\+{1,3}|-{1,3})[ \t]\s*(\S.*)", re.DOTALL)
_BLANK = " \t\x0b\x0c\x1a\ufeff"
_SEXES = {"F": "female", "V": "female", "M": "male"}


class Record(NamedTuple):
    """One numbered line; `loose`: in the variant with blanks, where a range has two fields and no flag is sent."""

    line: int
    key: str
    descriptor: str
    fields: tuple[str, ...]
    loose: bool

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


def parse_messages(data: bytes) -> list[Message]:
    """Every report and letter of a file or an attachment."""
    return [parse_message(piece) for piece in group_lines(cut_lines(data))]


def begins_message(line: str) -> bool:
    """Whether a line, in its plain signs, begins a letter or is the first record of a report."""
    record = _record(0, line)
    return _FROM.match(line) is not None or (record is not None and record.descriptor == "S1")


def group_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Group the lines of a file into messages. What stands before the first belongs to the first."""
    current: list[bytes] = []
    key: str | None = None  # of the report that is read; empty for a letter
    for line in lines:
        text = plain(line[:LINE_BYTES])
        record = _record(0, text)
        begins = _FROM.match(text) is not None
        if record is not None:
            begins = record.descriptor == "S1" or (key is not None and record.key != key)
        if begins:
            if current and key is not None:
                yield b"".join(current)
                current = []
            key = "" if record is None else record.key
        current.append(line)
    if current:
        yield b"".join(current)


def parse_message(data: bytes) -> Message:
    """Parse one report or letter. Never fails: an unknown value is empty."""
    decoded = decode_flat(data)
    lines = split_text(decoded.text)
    if any(_FROM.match(line) for line in lines):
        return _letter(data, decoded, lines)
    return _report(data, decoded, lines)


def _record(ordinal: int, line: str) -> Record | None:
    strict, loose = _RECORD.match(line), _LOOSE_RECORD.match(line)
    found = strict or loose
    if found is None:
        return None
    fields = tuple(found[4].rstrip("\r\n\x1a\x0c").split("\\"))
    return Record(ordinal, found[2], found[3], fields, strict is None)


# --- laboratory reports ---


def _report(data: bytes, decoded: Decoded, lines: Sequence[str]) -> Message:
    records = [found for n, line in enumerate(lines, 1) if (found := _record(n, line))]
    first: dict[str, Record] = {}
    for record in records:
        first.setdefault(record.descriptor, record)
    last_name, first_name = _field(first.get("S2"), 0), _field(first.get("S2"), 1)
    home = _field(first.get("S3"), 1)
    postcode, _, town = home.partition(" ")
    birth_raw = _field(first.get("S4"), 0)
    birth = day_first(birth_raw)
    numbers = [field for name in ("S5", "S6") if name in first for field in first[name].fields]
    parts, results = _read([record for record in records if record.descriptor == "R1"])
    sex = _SEXES.get(_field(first.get("S4"), 1).upper())
    name_line = first["S2"].line if "S2" in first else 1
    return Message(
        format=NAME,
        kind="labresult",
        reference=_field(first.get("S1"), 0),
        sender=Sender(),
        identity=Identity(
            last_name, first_name, sex, birth, _number(numbers, birth), _field(first.get("S3"), 0), postcode, town.strip(),
            (name_line, first["S3"].line if "S3" in first else 1),
        ),
        requestor=" ".join(part for part in (_field(first.get("D1"), 1), _field(first.get("D1"), 0)) if part),
        date=day_first(_field(first.get("A1"), 0)),
        time=None,
        status=None,
        pieces=tuple(_report_pieces(lines, {result.line for result in results})),
        parts=tuple(_report_parts(lines, {part.line: part for part in parts})),
        results=tuple(results),
        text=decoded.text,
        data=data,
        codec=decoded.codec,
        doubts=tuple(_doubts(decoded, lines, (name_line, birth_raw))),
        person=Person(fold_name(last_name), fold_name(first_name), fold_birth(birth), sex or ""),
        numbers=frozenset(filter(None, [_number(numbers, birth)])),
    )  # fmt: skip


def _field(record: Record | None, at: int) -> str:
    return record.fields[at].strip(_BLANK) if record is not None and at < len(record.fields) else ""


def _number(fields: Iterable[str], birth: str | None) -> str | None:
    """A valid national number that says the same birth date: other numbers of eleven digits stand in these fields too."""
    valid = (clean_inss(field) for field in fields)
    return next((n for n in valid if n and birth and n[:6] == birth.replace("-", "")[2:]), None)


def _report_pieces(lines: Sequence[str], results: set[int]) -> Iterator[Piece]:
    for ordinal, line in enumerate(lines, 1):
        record = _record(ordinal, line)
        if not line.strip(_BLANK) or _END.match(line):
            kind = None
        elif record is not None and record.descriptor != "R1":
            kind = UnitKind.MESSAGE_HEADER
        else:
            kind = UnitKind.RESULT if ordinal in results else UnitKind.COMMENT
        yield Piece(ordinal, 1, kind, line)


def _report_parts(lines: Sequence[str], of_records: dict[int, Part]) -> Iterator[Part]:
    for ordinal, line in enumerate(lines, 1):
        if ordinal in of_records:
            yield of_records[ordinal]
        elif _record(ordinal, line) is None and line.strip(_BLANK) and not _END.match(line):
            yield Part(ordinal, "letter", line)


def _read(records: Sequence[Record]) -> tuple[list[Part], list[Result]]:
    """A record without code and name is a title; one without code, or without name, a remark on the result before it."""
    parts: list[Part] = []
    results: list[Result] = []
    for record in records:
        fields = [*(field.strip(_BLANK) for field in record.fields[:4]), *record.fields[4:], *[""] * 6]
        code, name, limits, unit, *values = fields
        if record.loose:
            limits = " - ".join(part for part in (limits, unit) if part)
            unit, values = values[0].strip(_BLANK), values[1:]
        raw = "\\".join(values).rstrip("\\ \t")
        value, flag = _flagged(raw)
        if not code or not name:
            kind = "remark" if code or name else "title"
            said = " ".join(part for part in (limits, unit, raw.strip()) if part)
            said = said or (name or code)
            if kind == "remark" and results:
                last = results[-1]
                results[-1] = last._replace(notes=(*last.notes, said))
            parts.append(Part(record.line, kind, said))
            continue
        state = "pending" if is_pending(value) else ""
        result = Result(record.line, code, name, value, unit, limits, flag, state=state)
        results.append(result)
        shown = (name, value, result.unit, f"({result.range})" if result.range else "", flag)
        parts.append(Part(record.line, "result", "  ".join(part for part in shown if part)))
    return parts, results


def _flagged(raw: str) -> tuple[str, str]:
    """Value and flag: the flag is the first sign of the field, before a blank."""
    found = _FLAGGED.match(raw)
    return (found[2].strip(), found[1]) if found else (raw.strip(), "")


# --- letters ---


def _letter(data: bytes, decoded: Decoded, lines: Sequence[str]) -> Message:
    words: dict[str, tuple[int, str]] = {}
    for ordinal, line in enumerate(lines, 1):
        found = _KEYWORD.match(line)
        if found:
            words.setdefault(found[1], (ordinal, found[2].strip(_BLANK)))
    sender = [part.strip() for part in words.get("FROM", (0, ""))[1].split("|")]
    at, subject = words.get("SUBJECT", (1, ""))
    first, last, street, postcode, town, birth_raw, sex_raw, *extra = [
        *(part.strip() for part in subject.split("|")), *[""] * 7,
    ]  # fmt: skip
    created, _, reference = words.get("INFO", (0, ""))[1].partition("|")
    birth, sex = day_first(birth_raw), _SEXES.get(sex_raw.upper())
    number = plain_digits(sender[5]) if len(sender) > 5 else ""
    inss = _number(extra, birth)
    return Message(
        format=NAME,
        kind="note",
        reference=reference.strip(),
        sender=Sender(sender[0], number if re.fullmatch(r"[0-9]{11}", number) else ""),
        identity=Identity(last, first, sex, birth, inss, street, postcode, town, (at, at)),
        requestor=words.get("TO", (0, ""))[1].split("|")[0].strip(),
        date=day_first(words.get("DATE", (0, ""))[1]) or month_first(created.rpartition(" ")[2]),
        time=None,
        status=None,
        pieces=tuple(_letter_pieces(lines)),
        parts=tuple(_letter_parts(lines)),
        results=(),
        text=decoded.text,
        data=data,
        codec=decoded.codec,
        doubts=tuple(_doubts(decoded, lines, (at, birth_raw))),
        person=Person(fold_name(last), fold_name(first), fold_birth(birth), sex or ""),
        numbers=frozenset(filter(None, [inss])),
    )


def _word(line: str) -> str:
    found = _KEYWORD.match(line)
    return found[1] if found else ""


def _letter_pieces(lines: Sequence[str]) -> Iterator[Piece]:
    for ordinal, line in enumerate(lines, 1):
        if not line.strip(_BLANK) or line.strip(_BLANK) == "/END":
            kind = None
        else:
            kind = UnitKind.MESSAGE_HEADER if _word(line) in _HEADS else UnitKind.COMMENT
        yield Piece(ordinal, 1, kind, line)


def _letter_parts(lines: Sequence[str]) -> Iterator[Part]:
    """The letter line by line; of a keyword line only its text, if its keyword is one of the format's."""
    for ordinal, line in enumerate(lines, 1):
        found = _KEYWORD.match(line)
        word = found[1] if found else ""
        if word in _HEADS:
            continue
        if found and word in _SAYING | _SILENT:
            yield Part(ordinal, "title" if word in ("TITLE", "EXAM") else "letter", found[2])
        else:
            yield Part(ordinal, "letter", line)


def _doubts(decoded: Decoded, lines: Sequence[str], birth: tuple[int, str]) -> Iterator[Doubt]:
    if decoded.doubtful:
        strange = decoded.strange or tuple(n for n, line in enumerate(lines, 1) if not line.isascii())
        yield Doubt(strange[0], "code_page_doubtful", lines[strange[0] - 1])
    for at in decoded.mended[:1]:
        yield Doubt(at, "encoding_repaired", lines[at - 1])
    if birth[1] and day_first(birth[1]) is None:
        yield Doubt(birth[0], "birth_date_unreadable", birth[1])
