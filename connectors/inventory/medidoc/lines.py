"""MediDoc requests for the counter: each `#A` with the header of its document (docs/formats/flat.md, "MediDoc")."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence

from connectors.inventory.facts.national_number import parse_inss
from connectors.inventory.facts.persons import Stated as Person
from connectors.inventory.facts.persons import checked, letters
from connectors.inventory.flat.decoding import raw_lines, signs, texts_of
from connectors.inventory.flat.expected import Stated, take_flag
from connectors.inventory.flat.reading import BLANK, Head, Piece, ReadMessage, Text
from schemas.disposition import UnitKind
from schemas.medidoc_units import medidoc_units

NAME = "medidoc"
_LABORATORY = re.compile(r"[A-Za-z]\d\d[0-9A-Za-z]")
_NIHDI = re.compile(r"(?:^|\D)(\d[./ -]?\d{5}[./ -]?\d{2}[./ -]?\d{3})(?=\D|$)")
_EMPTY_DATES = ("", "%%", "00000000", "000000", "01010001", "01011900", "19000101", "00010101")
_SEXES = {"X": "F", "Y": "M", "F": "F", "V": "F", "M": "M"}
_NAMES = {"F": "female", "M": "male"}
_COMPLETE = {"P": False, "S": False, "C": True, "L": True}


def _is_request(line: str) -> bool:
    return line[:2] == "#A" and line[2:3] != "/"


def _is_footer(line: str) -> bool:
    return line[:2] == "#/" and re.fullmatch(r"\s*\d*\s*", line[2:]) is not None


def _result_type(line: str) -> str:
    """The type of the result that a line opens; empty for any other line."""
    letter, rest = line[2:3], line[3:]
    opens = line[:2] == "#R" and letter.isascii() and letter.isalpha() and not rest.strip()
    return letter.lower() if opens else ""


def divide(lines: Iterable[bytes]) -> Iterator[tuple[list[bytes], int]]:
    """Yield the lines of each request, the header of its document first, and how many of their bytes are borrowed.

    The first request of a document owns the header. What follows the last footer belongs to the request before it.
    """
    header: list[bytes] = []
    request: list[bytes] = []
    is_after_footer, borrowed, owned = False, 0, False
    for line in lines:
        text = signs(line).rstrip("\r\n")
        if _is_request(text):
            if request:
                yield request, borrowed
            if is_after_footer or not request:
                owned = False
            request, borrowed = [*header, line], sum(map(len, header)) if owned else 0
            is_after_footer, owned = False, True
        elif is_after_footer or not request:
            header.append(line)
        else:
            request.append(line)
            if _is_footer(text):
                is_after_footer, header = True, []
    if is_after_footer or not request:
        request += header
    if request:
        yield request, borrowed


def begins(lines: Iterable[bytes]) -> bool:
    """Whether a request begins in these lines."""
    return any(_is_request(signs(line)) for line in lines)


def read(number: int, content: bytes, borrowed: int = 0) -> ReadMessage:
    """Read one request with its header; `borrowed`: how many bytes of the header lie in an earlier one."""
    raw = list(raw_lines([content]))
    wholes = texts_of(raw)
    lines = [line.rstrip("\r\n") for line in wholes]
    opened = next((n for n, line in enumerate(lines) if _is_request(line)), len(lines))
    below = next((n for n in range(opened, len(lines)) if _closes_head(lines[n])), len(lines))
    header = _nine(lines[:opened])
    reading = _Body(lines, [len(line) for line in raw], below)
    is_lab = reading.is_lab or _LABORATORY.fullmatch(header[0]) is not None
    request = _request(lines[opened:below])
    head, stated, day = _said(header, request, is_lab=is_lab)
    text = Text()
    for line, kind in reading.told:
        text.add(line, "remark" if kind == "letter" and is_lab else kind)
    return ReadMessage(
        format=NAME,
        number=number,
        pieces=reading.pieces,
        results=reading.results,
        readable=text.whole(wholes),
        is_lab=is_lab,
        day=day,
        head=head,
        stated=stated,
        borrowed=borrowed,
        titles=text.titles,
        remarks=text.remarks,
    )


def _closes_head(line: str) -> bool:
    return bool(_result_type(line)) or line.startswith("#A/") or _is_footer(line)


def _nine(lines: Sequence[str]) -> list[str]:
    kept = [line.strip(BLANK) for line in lines]
    while len(kept) > 9 and not kept[0]:
        kept = kept[1:]
    return (kept + [""] * 9)[:9]


class _Body:
    """The lines of a request one after the other: pieces, results, and what they read like."""

    def __init__(self, lines: Sequence[str], sizes: Sequence[int], below: int) -> None:
        self.pieces: list[Piece] = []
        self.results: list[Stated] = []
        self.told: list[tuple[str, str]] = []
        self.is_lab = False
        at = 0
        while at < len(lines):
            kind = _result_type(lines[at]) if at >= below else ""
            size = self._block(lines, at, kind) if kind else self._line(lines[at], at, below)
            unit = self._unit
            self.pieces.append(
                Piece(at + 1, unit, "\n".join(lines[at : at + size]), sum(sizes[at : at + size]))
            )
            at += size

    def _line(self, line: str, at: int, below: int) -> int:
        is_structure = not line.strip(BLANK) or _is_footer(line) or line.startswith("#A/")
        self._unit = None if is_structure else UnitKind.MESSAGE_HEADER if at < below else UnitKind.COMMENT
        if at >= below and not is_structure:
            self.told.append((line, "letter"))
        return 1

    def _block(self, lines: Sequence[str], at: int, kind: str) -> int:
        end = at + 1
        while end < len(lines) and not (lines[end].startswith("#R/") or _closes_head(lines[end])):
            end += 1
        within = list(lines[at + 1 : end])
        before = len(self.results)
        self._result(at + 1, kind, within)
        self._unit = UnitKind.RESULT if len(self.results) > before else UnitKind.COMMENT
        closed = end < len(lines) and lines[end].startswith("#R/")
        return end - at + closed

    def _result(self, line: int, kind: str, within: list[str]) -> None:
        first = within[0].rstrip() if within else ""
        label = (first.removeprefix("!")).strip()
        rest = [_without_point(each.rstrip()) for each in within[1:]]
        is_code = not first.startswith("!") and _is_code(label)
        self.is_lab = self.is_lab or kind != "b"
        if kind in "adhms":
            self._measured(line, label, rest)
        elif kind == "b" and is_code:
            self.is_lab = True
            self._text(line, label, rest)
        else:
            if label:
                self.told.append((label, "title"))
            rest = _trimmed(rest) if kind == "c" else rest
            self.told += [(each, "remark" if kind == "c" else "letter") for each in rest]

    def _text(self, line: int, code: str, rest: list[str]) -> None:
        said = _trimmed(rest)
        if not said:
            self.told.append((code, "title"))
            return
        self.results.append(Stated(line, "MEDIDOC", code, code, "\n".join(said)))
        self.told.append((f"{code}  {said[0]}", "result"))
        self.told += [(each, "remark") for each in said[1:]]

    def _measured(self, line: int, label: str, rest: list[str]) -> None:
        if not rest:
            if label:
                self.told.append((label, "title"))
            return
        ends = next((n for n, each in enumerate(rest[:3]) if each[:1] == "\\"), min(3, len(rest)))
        value, code, flag = ([each.strip() for each in rest[:ends]] + ["", "", ""])[:3]
        behind = rest[ends:]
        at = next((n for n, each in enumerate(behind) if each[:1] == "\\"), len(behind))
        limits = "".join(behind[at : at + 1])[1:].strip()
        notes = _trimmed(behind[:at] + behind[at + 1 :])
        value, state = _measure(value)
        value, flag = take_flag(value, flag)
        code = "" if code[:2] == "%%" else code
        unit = medidoc_units().get(code, "")
        result = Stated(line, "MEDIDOC", label, label, value, unit, code, limits, flag, state)
        result.notes += notes
        self.results.append(result)
        shown = unit or (f"[MediDoc {code}]" if code else "")
        parts = [label, value, shown, f"({limits})" if limits else "", flag]
        self.told.append(("  ".join(part for part in parts if part), "result"))
        self.told += [(note, "remark") for note in notes]


def _is_code(label: str) -> bool:
    marks = label.replace(".", "").replace("_", "")
    plain = marks.isascii() and marks.isalnum() and any("0" <= sign <= "9" for sign in marks)
    return plain and 8 <= len(label) <= 10 and label[0] not in "._"


def _without_point(line: str) -> str:
    """A comment line without the point that protects its indentation."""
    return " " + line[1:] if line[:1] == "." and line[1:2].isspace() else line


def _trimmed(lines: Sequence[str]) -> list[str]:
    told = [n for n, line in enumerate(lines) if line.strip()]
    return list(lines[told[0] : told[-1] + 1]) if told else []


def _measure(line: str) -> tuple[str, str]:
    number = line.lstrip("=<>")
    relation = line[: len(line) - len(number)]
    number = number.strip()
    if number[:2] == "%%":
        states = {"%%": "pending", "%%%%": "cancelled"}
        return ("", states[number]) if number in states else (number[2:].strip(), "")
    known = {"": "", "=": "", "<": "<", ">": ">", "<=": "<=", "=<": "<=", ">=": ">=", "=>": ">="}
    return (known[relation] + number, "") if relation in known else (line, "")


def _request(lines: Sequence[str]) -> dict[str, str]:
    """The lines of a request by their meaning; in a variant the address stands before the birth date."""
    own = lines[0][2:].strip(BLANK) if lines else ""
    found = [line.rstrip(BLANK) for line in lines[1:10]] + [""] * 9
    if all(sign.isdecimal() or sign.isspace() or sign == "%" for sign in found[1]):
        names = ("name", "birth", "sex", "day", "reference", "protocol", "street", "postcode", "town")
        said = dict(zip(names, found, strict=False)) | {"number": own}
    else:
        names = ("name", "street", "home", "number", "birth", "sex", "day", "reference", "protocol")
        said = dict(zip(names, found, strict=False))
        said["postcode"], _, said["town"] = said["home"].strip().partition(" ")
        said["number"] = said["number"].strip() or own
    return {name: text if name == "name" else text.strip() for name, text in said.items()}


def _both_names(line: str) -> tuple[str, str]:
    if len(line) > 24 and " " in (line[23], line[24]):
        return line[:24].strip(), line[24:].strip()
    family, *first = re.split(r"\s{2,}", line.strip())
    if not first:
        return family, ""
    apart = line.strip()
    cut = len(apart) - len(first[-1])
    return apart[:cut].strip(), first[-1]


def _said(header: Sequence[str], request: dict[str, str], *, is_lab: bool) -> tuple[Head, Person, str | None]:
    family, first = _both_names(request["name"])
    created = _iso(header[6][:8], None)
    day = (None if request["day"] in _EMPTY_DATES else _iso(request["day"], created)) or created
    birth = None if request["birth"] in _EMPTY_DATES else _iso(request["birth"], day)
    sex = _SEXES.get(request["sex"].upper(), "")
    numbers = (_NIHDI.search(header[at]) for at in (0, 4, 5))
    number = next((re.sub(r"\D", "", found[1]) for found in numbers if found), "")
    sender = " ".join(part for part in reversed(_both_names(header[1])) if part)
    street = " ".join(request["street"].split())
    fields = {family, first, request["reference"], street, request["postcode"], request["town"]}
    days = {request["day"], request["birth"], header[6][:8]}
    head = Head(
        fields=frozenset(fields),
        days=frozenset(each.strip() for each in days),
        is_complete=_COMPLETE.get(request["protocol"].upper()) if is_lab else None,
        sender=sender,
        number=number,
        inss=parse_inss(request["number"]),
        sex=_NAMES.get(sex, ""),
        reference=request["reference"],
        moment=(day or "", ""),
    )
    year, month, born = (birth or "--").split("-")
    person = Person(
        letters(family), letters(first), born, month, year, sex, frozenset(checked([request["number"]]))
    )
    return head, person, day


def _iso(raw: str, not_after: str | None) -> str | None:
    """A date `yyyymmdd`, or `ddmmyyyy` or `yymmdd`, as yyyy-mm-dd; a year of two digits is the latest that is possible."""
    raw = raw.strip()
    if not raw.isascii() or not raw.isdigit():
        return None
    if len(raw) == 8 and 1800 <= int(raw[:4]) < 2200:
        return _valid(int(raw[:4]), raw[4:6], raw[6:])
    if len(raw) == 8 and 1800 <= int(raw[4:]) < 2200:
        return _valid(int(raw[4:]), raw[2:4], raw[:2])
    if len(raw) != 6 or raw == "000000":
        return None
    latest = not_after or dt.datetime.now(dt.UTC).date().isoformat()
    later = _valid(2000 + int(raw[:2]), raw[2:4], raw[4:])
    return later if later and later <= latest else _valid(1900 + int(raw[:2]), raw[2:4], raw[4:])


def _valid(year: int, month: str, day: str) -> str | None:
    try:
        return dt.date(year, int(month), int(day)).isoformat()
    except ValueError:
        return None
