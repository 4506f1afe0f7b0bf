"""The fields of an HL7 v2 message for the counter, cut by the signs of its header, without escapes (docs/formats/hl7.md)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.inventory.flat.decoding import in_page
from connectors.inventory.flat.reading import in_order

AROUND = " \t\x0b\x0c\x1a\x1c\ufeff"
_ENVELOPE = ("FHS", "BHS", "BTS", "FTS")
_PARTS_OF_8859 = ("1", "2", "3", "4", "9", "10", "13", "14", "15", "16")
_MOST_SIGNS = 20
_DIGITS = frozenset("0123456789")


@dataclass(frozen=True)
class Signs:
    """What a header declares: separators of fields, components, repetitions, the escape, separator of parts; and a page."""

    field: str
    component: str
    repetition: str
    escape: str
    part: str
    page: str = ""


def signs_of(header: str) -> Signs | None:
    """The signs of an MSH line; None if it has none, too many, the same twice, or letters, digits or blanks for signs."""
    if len(header) < 4:
        return None
    first, *rest = header[3:].split(header[3])[1:] or [""]
    declared = header[3] + first
    if not rest or not first or len(first) > 5 or len({*declared}) < len(declared):
        return None
    for sign in declared:
        if sign.isalnum() or sign.isspace() or sign == "_":
            return None
    component, repetition, escape, part = list(first[:4] + "^~\\&"[len(first) :])
    if len({header[3], component, repetition, escape, part}) < 5:
        return None
    charset = rest[15].split(repetition)[0].strip().upper() if len(rest) > 15 else ""
    standard, _, number = charset.partition("/")
    page = f"iso8859_{number}" if standard == "8859" and number in _PARTS_OF_8859 else ""
    return Signs(header[3], component, repetition, escape, part, page)


@dataclass
class Row:
    """One segment: the ordinal of its first line, and its text, with the lines that continue it."""

    line: int
    text: str
    signs: Signs

    @property
    def name(self) -> str:
        """The name of the segment."""
        return self.text[:3]

    def raw(self, number: int) -> str:
        """A field as it came; in MSH the separator itself is the first."""
        fields = self.text.split(self.signs.field)
        at = number - 1 if self.name == "MSH" else number
        return fields[at] if 0 <= at < len(fields) else ""

    def each(self, number: int) -> list[list[str]]:
        """The repetitions of a field as their components."""
        repetitions = self.raw(number).split(self.signs.repetition)
        return [[self.plain(part) for part in one.split(self.signs.component)] for one in repetitions]

    def texts(self, number: int) -> list[str]:
        """The repetitions of a field as texts."""
        return [self.plain(one) for one in self.raw(number).split(self.signs.repetition)]

    def get(self, number: int, component: int = 1) -> str:
        """The first part of a component of the first repetition."""
        parts = self.raw(number).split(self.signs.repetition)[0].split(self.signs.component)
        return (
            self.plain(parts[component - 1].split(self.signs.part)[0]).strip()
            if component <= len(parts)
            else ""
        )

    def plain(self, raw: str) -> str:
        """A text without escape sequences."""
        return "" if raw == '""' else _without_escapes(raw, self.signs)


def rows_of(lines: Sequence[str]) -> list[Row]:
    """The segments of a message; none if its header is missing or damaged."""
    rows: list[Row] = []
    inner: dict[int, list[str]] = {}  # lines within the fields of a row, by the ordinal of the row's first
    signs: Signs | None = None
    for number, line in enumerate(lines, start=1):
        text = line.strip(AROUND)
        if signs is None:
            if text[:3] == "MSH":
                signs = signs_of(text)
                if signs is None:
                    return []
                rows.append(Row(number, text, signs))
        elif text and text[:3] not in (*_ENVELOPE, "MSH"):
            if opens(text, signs):
                rows.append(Row(number, text, signs))
            else:
                inner.setdefault(rows[-1].line, [rows[-1].text]).append(text)
    for row in rows:
        row.text = "\n".join(inner.get(row.line, [row.text]))
    return rows


def opens(text: str, signs: Signs | None) -> bool:
    """Whether a line opens a segment."""
    name = text[:3]
    named = (
        len(name) == 3 and name.isascii() and name.isalnum() and name.upper() == name and name[0].isalpha()
    )
    behind = text[3:4]
    if signs is None:
        return named and not (behind.isascii() and behind.isalnum()) and behind != "_"
    return named and behind in ("", signs.field)


def _without_escapes(raw: str, signs: Signs) -> str:
    stretches = raw.split(signs.escape)
    text, at = [stretches[0]], 1
    while at < len(stretches):
        meaning = _stands_for(stretches[at], signs) if at + 1 < len(stretches) else None
        if meaning is None:
            text += [signs.escape, stretches[at]]
            at += 1
        else:
            text += [meaning, stretches[at + 1]]
            at += 2
    return "".join(text)


def _stands_for(code: str, signs: Signs) -> str | None:
    """What a sequence stands for; None if that is not known."""
    single = {
        "F": signs.field,
        "S": signs.component,
        "T": signs.part,
        "R": signs.repetition,
        "E": signs.escape,
        "P": "#",
    }
    if code in single:
        return single[code]
    if code in ("H", "N", ".fi", ".nf"):
        return ""
    if code in (".br", ".ce"):
        return "\n"
    word, behind = code[:3], code[3:]
    if word in (".in", ".ti"):
        number = behind[1:] if behind[:1] in ("+", "-") else behind
        return "" if _is_digits(number) else None
    if word in (".sp", ".sk"):
        behind = behind[1:] if behind[:1] == " " else behind
        behind = behind[1:] if behind[:1] == "+" else behind
        sign = "\n" if word == ".sp" else " "
        is_short = len(behind) <= 3 and _is_digits(behind) and int(behind or 1) <= _MOST_SIGNS
        return sign * int(behind or 1) if is_short else None
    return _from_hexadecimal(code[1:], signs) if code[:1] == "X" else None


def _is_digits(text: str) -> bool:
    return all(sign in _DIGITS for sign in text)


def _from_hexadecimal(digits: str, signs: Signs) -> str | None:
    if not digits or len(digits) % 2 or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
        return None
    content = bytes(int(digits[at : at + 2], 16) for at in range(0, len(digits), 2))
    try:
        text = content.decode()
    except UnicodeDecodeError:
        if not signs.page:
            return None
        text = in_page(content, signs.page)
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True)
class When:
    """A moment: the day as yyyy-mm-dd and the time as hhmm, each empty if not stated; and how it is shown."""

    day: str = ""
    time: str = ""
    shown: str = ""


def when(raw: str) -> When:
    """Read a moment: digits from the year to the second, a fraction, a zone; or day/month/year."""
    text = raw.strip()
    if "/" in text:
        return _slashed(text)
    digits = _without_fraction(_without_zone(text))
    if (
        not _is_digits(digits)
        or len(digits) not in (4, 6, 8, 10, 12, 14)
        or not 1800 <= int(digits[:4]) < 2200
    ):
        return When()
    try:
        day = dt.date(int(digits[:4]), int(digits[4:6] or 1), int(digits[6:8] or 1)).isoformat()
    except ValueError:
        return When()
    if len(digits) < 8:
        return When(shown=day[: len(digits) + len(digits) // 6])
    if len(digits) < 12 or digits[8:10] > "23" or digits[10:12] > "59":
        return When(day, "", day)
    return When(day, digits[8:12], f"{day} {digits[8:10]}:{digits[10:12]}")


def _without_zone(text: str) -> str:
    """The text before a zone of four digits; unchanged if something else follows the sign."""
    for zone in ("+", "-"):
        head, sign, tail = text.partition(zone)
        if sign:
            return head if len(tail) == 4 and _is_digits(tail) else text
    return text


def _without_fraction(text: str) -> str:
    """The text before the fraction of a second; unchanged if it has none, or stands behind no second."""
    digits, _, fraction = text.partition(".")
    return digits if len(digits) == 14 and fraction and _is_digits(fraction) else text


def _slashed(text: str) -> When:
    parts = text.split("/")
    if len(parts) != 3 or not all(part and part.isdecimal() and part.isascii() for part in parts):
        return When()
    if len(parts[0]) > 2 or len(parts[1]) > 2 or len(parts[2]) not in (2, 4):
        return When()
    year = int(parts[2]) + (2000 if len(parts[2]) == 2 else 0)
    try:
        day = dt.date(year, int(parts[1]), int(parts[0])).isoformat()
    except ValueError:
        return When()
    return When(day, "", day)


def sent(raw: str) -> str:
    """The moment of sending in the form that orders versions; as it is if it does not reach the minute."""
    sign = next((mark for mark in "+-" if mark in raw), "")
    moment, _, zone = raw.partition(sign) if sign else (raw, "", "0000")
    digits, dot, fraction = moment.partition(".")
    sound = len(zone) == 4 and _is_digits(digits + fraction + zone)
    if not sound or len(digits) not in (12, 14) or (dot and not (fraction and len(digits) == 14)):
        return raw
    return in_order(digits.ljust(14, "0"), fraction, sign + zone if sign else "") or raw
