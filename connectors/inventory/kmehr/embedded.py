"""The owner of a laboratory message in a text or attachment, and which of its lines are facts (facts.md, "Derived").

A folder may state its patient anywhere, so its messages wait until it ends. The writer implements the same rules with
independent code.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.inventory.facts.normal_form import KeyedDigest, Node, derived_form, hex_digest
from connectors.inventory.facts.units import CountedRow, Transaction, Unit
from connectors.inventory.healthone.lines import MessageLine, messages
from schemas.disposition import UnitKind

_SPECIAL = (("œ", "oe"), ("æ", "ae"), ("ø", "o"), ("ł", "l"), ("đ", "d"), ("ð", "d"), ("þ", "th"), ("ı", "i"))
_ISO = re.compile(r"\s*(\d{4})(-\d\d)?(-\d\d)?\s*(?:[TZ+][\s\S]*)?\Z", re.ASCII)
_FLAT = re.compile(r"(\d\d)(\d\d)(\d{4}|\d\d)\Z", re.ASCII)
_UNKNOWN_DAYS = ("01010001", "01011900")
_SEXES = {"male": "M", "m": "M", "female": "F", "f": "F", "v": "F"}


class Stated(NamedTuple):
    """What one place states about a patient; an empty field is not stated."""

    family: str = ""
    first: str = ""
    day: str = ""
    month: str = ""
    year: str = ""  # four digits or two
    sex: str = ""
    numbers: frozenset[str] = frozenset()


def in_patient(fields: Sequence[Node]) -> Stated:
    """What a `patient` element states."""
    by_name: dict[str, list[Node]] = {}
    for node in fields:
        by_name.setdefault(node.name, []).append(node)
    family = [_own_text(node) for node in by_name.get("familyname", ())][:1]
    first = "".join(_letters(_own_text(node)) for node in by_name.get("firstname", ()))
    birth = _children(by_name.get("birthdate", ())[:1])
    when = next((birth[name] for name in ("date", "yearmonth", "year") if birth.get(name)), "")
    found = _ISO.match(when)
    year, month, day = (part or "" for part in found.groups()) if found else ("", "", "")
    if not int(year or 0):
        year = month = day = ""
    elif month in ("", "-00"):
        month = day = ""
    elif day == "-00":
        day = ""
    sex = _children(by_name.get("sex", ())[:1]).get("cd", "")
    numbers = [_own_text(n) for n in by_name.get("id", ()) if n.get("S") in ("INSS", "ID-PATIENT")]
    return Stated(
        _letters("".join(family)), first, day[1:], month[1:], year, _SEXES.get(sex.strip().casefold(), ""),
        frozenset(_checked(numbers)),
    )  # fmt: skip


def in_message(lines: Iterable[MessageLine]) -> Stated:
    """What the A2 and A5 lines of a message state."""
    identity: list[str] | None = None
    numbers: list[str] = []
    for line in lines:
        if line.descriptor not in ("A2", "A5"):
            continue
        fields = line.text.split("\\")
        numbers += fields[2:]
        if line.descriptor == "A2" and identity is None:
            identity = fields
    family, first, sex, birth = ([*(identity or [])[2:6], "", "", "", ""])[:4]
    found = None if birth.strip() in _UNKNOWN_DAYS else _FLAT.match(birth.strip())
    day, month, year = found.groups() if found else ("", "", "")
    if found and not (1 <= int(day) <= 31 and 1 <= int(month) <= 12):
        day = month = year = ""
    return Stated(
        _letters(family), _letters(first), day, month, year, _SEXES.get(sex.strip().casefold(), ""),
        frozenset(_checked(numbers)),
    )  # fmt: skip


def contradict(one: Stated, other: Stated) -> bool:
    """Whether the two differ in something that both state."""
    if one.numbers and other.numbers and one.numbers.isdisjoint(other.numbers):
        return True
    pairs = [(one.first, other.first), (one.sex, other.sex)]
    pairs += [(one.month, other.month), (one.day, other.day)]
    if not (_is_full_name(one, other) or _is_full_name(other, one)):
        pairs.append((one.family, other.family))
    years = one.year and other.year and not (one.year.endswith(other.year) or other.year.endswith(one.year))
    return bool(years) or any(a and b and a != b for a, b in pairs)


def _is_full_name(one: Stated, other: Stated) -> bool:
    """Whether the family name of one consists of both names of the other."""
    if one.first or not other.first:
        return False
    return one.family in (other.family + other.first, other.first + other.family)


class EmbeddedMessage(NamedTuple):
    """One message in a text or attachment: its number there, what it states, its result lines as facts."""

    number: int
    stated: Stated
    said: str  # a digest of all its lines
    facts: list[tuple[int, bytes]]


def read_messages(content: bytes, key: bytes) -> list[EmbeddedMessage]:
    """Returns all messages in the bytes that have a result line."""
    found, digest = [], KeyedDigest(key)
    for lines in messages([content]):
        facts = [
            (line.line, digest(derived_form(line.text).encode("utf-8", "surrogatepass")))
            for line in lines
            if line.descriptor == "L1"
        ]
        said = hex_digest("\n".join(line.text for line in lines if line.kind is not None))
        if facts:
            found.append(EmbeddedMessage(lines[0].message, in_message(lines), said, facts))
    return found


class Waiting(NamedTuple):
    """A message and the unit that holds it."""

    unit: str
    around: Transaction
    in_item: bool
    message: EmbeddedMessage


@dataclass
class EmbeddedMessages:
    """The messages of one folder, and the people whom the folder names."""

    people: list[Stated] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)

    def take(self, unit: Unit, around: Transaction | None = None, *, in_item: bool = False) -> None:
        """Take the messages of a counted unit and of all units in it; only those in transactions become items."""
        around = unit.transaction or around
        if around is not None and not unit.void:
            self.waiting += [Waiting(unit.path, around, in_item, message) for message in unit.messages]
        for child in unit.children:
            self.take(child, around, in_item=unit.kind is UnitKind.ITEM)

    def rows(self, patient: int) -> Iterator[CountedRow]:
        """The facts of messages that do not name another person, each message once, without lines that items repeat."""
        seen: set[tuple[str, str | None, str]] = set()
        for unit, around, in_item, message in sorted(self.waiting, key=_order):
            kind, doctor = around.record_kind, around.responsible
            known = (kind, doctor, message.said)
            again = not in_item and known in seen
            if not in_item:
                seen.add(known)
            if again or any(contradict(message.stated, person) for person in self.people):
                continue
            for line, digest in message.facts:
                if digest not in around.stated:  # otherwise an earlier package made an item from it
                    path = f"{unit}#{message.number}.{line}"
                    yield CountedRow(path, patient, UnitKind.RESULT, kind, doctor, digest, [], False, True)


def _order(found: Waiting) -> tuple[list[int], int]:
    return _place(found.unit), found.message.number


def _place(path: str) -> list[int]:
    return [int(part) for part in path.partition("/")[2].split(".")]


def _own_text(node: Node) -> str:
    return "".join(node.texts)


def _children(nodes: Sequence[Node]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in nodes:
        for child in node.children:
            found.setdefault(child.name, _own_text(child))
    return found


def _letters(name: str) -> str:
    """The letters and digits of a name, without case and accents."""
    name = unicodedata.normalize("NFKD", name.casefold()).casefold()
    for sign, plain in _SPECIAL:
        name = name.replace(sign, plain)
    return "".join(c for c in name if unicodedata.category(c)[0] in "LN" and unicodedata.category(c) != "Lm")


def _checked(texts: Iterable[str]) -> Iterator[str]:
    """Those that have eleven digits, of which the last two are valid check digits."""
    for text in texts:
        digits = re.sub(r"[.\-/\s]", "", text)
        if not re.match(r"[0-9]{11}\Z", digits):
            continue
        rest = int(digits[9:])
        if rest in (97 - int(digits[:9]) % 97, 97 - int("2" + digits[:9]) % 97):
            yield digits
