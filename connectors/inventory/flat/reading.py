"""What one flat message says, as the counter reads it: pieces for the books, results as items, head, patient, readable text."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.inventory.facts.markers import is_mark
from connectors.inventory.facts.normal_form import Node, value_of, without_controls
from connectors.inventory.facts.persons import Stated
from connectors.inventory.flat.expected import Stated as Result
from schemas.disposition import RecordKind, UnitKind

BLANK = " \t\x0b\x0c\x1a\ufeff"
NOBODY = Stated()
_WORD = re.compile(r"[^\s,]+")


def in_order(digits: str, fraction: str, zone: str) -> str:
    """A moment (yyyymmddhhmmss) that texts can be ordered by: in UTC where a zone (+hhmm) is stated; empty if it is none."""
    if zone:
        month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(4, 14, 2))
        minutes = int(zone[1:3]) * 60 + int(zone[3:5])
        try:
            utc = dt.datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=dt.UTC)
            utc += dt.timedelta(minutes=-minutes if zone[0] == "+" else minutes)
        except (ValueError, OverflowError):
            return ""
        digits = f"{utc.year:04}{utc:%m%d%H%M%S}"
    fraction = fraction.rstrip("0")
    return f"{digits}.{fraction}" if fraction else digits


class Piece(NamedTuple):
    """Lines that are one unit (`kind`), or structure (None): the ordinal of the first, the text, the bytes."""

    line: int
    kind: UnitKind | None
    text: str
    size: int
    ordinals: int = 1  # how many it takes, for what is in it


@dataclass(frozen=True)
class Head:
    """What the head of a message states, in the forms in which a chart may repeat it.

    `days`: the dates as digits in the orders in which such formats write them; `fields`: other values.
    `moment` orders the versions of one report, and is compared as text: day (yyyy-mm-dd) and time (hhmm), each empty if not
    known. HL7 and FHIR give the moment of sending (`in_order`) and an empty text: the order is right only while the sender
    states a zone always or never, and to the minute.
    """

    fields: frozenset[str] = frozenset()
    days: frozenset[str] = frozenset()
    is_complete: bool | None = None
    sender: str = ""
    number: str = ""  # health insurance number of the sender
    inss: str | None = None
    sex: str = ""
    reference: str = ""
    moment: tuple[str, str] = ("", "")


@dataclass
class ReadMessage:
    """One message of one patient. `borrowed`: how many of its first bytes lie in an earlier message of its document."""

    format: str
    number: int
    pieces: list[Piece]
    results: list[Result]
    readable: str
    is_lab: bool
    day: str | None  # yyyy-mm-dd, by which the message was last seen
    head: Head
    stated: Stated = NOBODY
    borrowed: int = 0
    titles: int = 0
    remarks: int = 0
    kind: str = ""  # of the transaction, if it is neither `labresult` nor `note`
    documents: list[tuple[str, int]] = field(default_factory=list)  # in it: SHA-256 in hexadecimal, and bytes
    is_refused: bool = False  # it cannot be read, and is handed over as it came
    restates: bool = False  # a later version may repeat only a part, and replaces no more than that

    @property
    def transaction(self) -> str:
        """The kind of its transaction."""
        return self.kind or ("labresult" if self.is_lab else "note")

    @property
    def record_kind(self) -> RecordKind:
        """The kind of record that it is."""
        if self.is_lab:
            return RecordKind.LAB_RESULTS
        is_notice = self.kind in ("admission", "discharge", "dischargereport")
        return RecordKind.HOSPITAL_NOTICES if is_notice else RecordKind.SPECIALIST_REPORTS

    def replaces(self, other: ReadMessage) -> bool:
        """Whether it is a complete later version of the same report, which takes the place of the other's items."""
        if self.head.is_complete is not True or not self.head.reference or self.report != other.report:
            return False
        if self.head.moment < other.head.moment:
            return False
        if self.head.moment == other.head.moment and other.head.is_complete is not False:
            return False
        named = {(result.code, result.label) for result in self.results}
        return not self.restates or all((result.code, result.label) in named for result in other.results)

    @property
    def units(self) -> list[Piece]:
        """The pieces that are units."""
        return [piece for piece in self.pieces if piece.kind is not None]

    @property
    def report(self) -> tuple[str, str, str]:
        """What the versions of one report have in common; without a reference, nothing has."""
        return (self.format, self.head.sender, self.head.reference) if self.head.reference else ("", "", "")

    def bears_field(self, node: Node) -> bool:
        """Whether the message states this field of the patient."""
        if node.name == "id":
            return node.value() == self.head.inss
        if node.name == "sex":
            return [code.value() for code in node.children] == [self.head.sex] != [""]
        if node.name == "birthdate":
            return all(self._bears_day(date.value()) for date in node.children)
        if node.name == "address":
            words = {word for part in self._fields for word in _WORD.findall(part)}
            texts = [child.value() for child in node.children if child.name == "text"]
            return all(word in words for text in texts for word in _WORD.findall(text))
        return node.value() in self._fields

    def bears_head(self, node: Node) -> bool:
        """Whether the message states the transaction's date, time and reference, unless they are fillers."""
        filled = {name for c in node.children if is_mark(c, "REPRISE-FILLED") for name in c.value().split()}
        return all(bears for name, bears in self._head(node) if name not in filled)

    @property
    def _fields(self) -> frozenset[str]:
        return frozenset(value_of(without_controls(field)) for field in self.head.fields)

    def _head(self, node: Node) -> Iterator[tuple[str, bool]]:
        for child in node.children:
            if child.name == "date":
                yield "date", self._bears_day(child.value())
            elif child.name == "time":
                yield "time", child.value().replace(":", "")[:4] in self._fields
            elif child.name == "iscomplete":
                said = self.head.is_complete
                yield "iscomplete", said is not None and child.value() == str(said).lower()
            elif child.name == "author":
                yield "author", [self._has_sender(party) for party in child.children] == [True]
            elif child.get("SL") == f"{self.format.upper()}-REFERENCE":
                yield "id", child.value() in self._fields

    def _has_sender(self, party: Node) -> bool:
        """Whether a party is the sender, in the role that such messages state."""
        role = "orglaboratory" if self.is_lab else "sender"
        name = value_of(without_controls(self.head.sender))
        said = {"id": self.head.number, "cd": role, "name": name}
        return name != "" and all(said.get(part.name) == part.value() for part in party.children)

    def _bears_day(self, date: str) -> bool:
        year, month, day = date[:4], date[5:7], date[8:10]
        forms = {day + month + year, day + month + year[2:], year + month + day, year[2:] + month + day}
        forms.add(f"/{month}{day}{year}")  # the American order, which one format uses for one date
        return bool(forms & self.head.days)


@dataclass
class Text:
    """The readable text while it is read: its lines, and how many of them are titles and remarks."""

    lines: list[str] = field(default_factory=list)
    titles: int = 0
    remarks: int = 0

    def add(self, line: str, kind: str = "") -> None:
        """Add a line; `kind`: `title`, `remark` or any other."""
        self.lines.append(line.rstrip())
        self.titles += kind == "title"
        self.remarks += kind == "remark"

    def whole(self, otherwise: Iterable[str]) -> str:
        """The text, without blank lines at its ends; the message as it is if nothing is left."""
        return "\n".join(self.lines).strip("\n") or "".join(otherwise)
