"""A flat message as values, whatever its format. The `repr` of these values shows no content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from schemas.disposition import Reason, UnitKind
from schemas.persons import Person

BLANK = " \t\x0b\x0c\x1a\ufeff"
UNNAMED = Person("", "", (), "")


class Piece(NamedTuple):
    """Some lines of a message that are one unit in the books; `kind` is None for lines that state nothing."""

    ordinal: int  # of its first line, from 1
    size: int  # lines; ordinals
    kind: UnitKind | None
    text: str
    raw: bytes | None = None  # its bytes, where they are not those of the lines

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


class Result(NamedTuple):
    """One result. Its fields are as they came, without white space at their ends.

    `state` is `pending` (a result follows), `cancelled` (none will follow) or empty. `notes` are its comments, line by line.
    """

    line: int
    code: str
    label: str
    value: str = ""
    unit: str = ""
    range: str = ""
    flag: str = ""
    notes: tuple[str, ...] = ()
    unit_code: str = ""  # the sender's code for the unit, if the format codes units
    state: str = ""
    loinc: str = ""  # the LOINC code, where the message gives one

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


class Document(NamedTuple):
    """A document inside a message: the line that holds it, and its bytes."""

    line: int
    data: bytes

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


class Part(NamedTuple):
    """A stretch of the readable text: a result, title, remark on a result or on the message, or a line of a letter."""

    line: int
    kind: str  # result | title | remark | letter | blank
    text: str

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


@dataclass(frozen=True, repr=False)
class Identity:
    """The patient; sex and birth only if known, the national number only if valid. `lines`: where name and address stand."""

    family_name: str = ""
    first_name: str = ""
    sex: str | None = None  # male | female
    birth: str | None = None  # yyyy-mm-dd
    inss: str | None = None
    street: str = ""
    postcode: str = ""
    town: str = ""
    lines: tuple[int, int] = (1, 1)


@dataclass(frozen=True, repr=False)
class Sender:
    """Who sent the message; `number` is a health insurance number of eleven digits, or empty."""

    name: str = ""
    number: str = ""


@dataclass(frozen=True, repr=False)
class Doubt:
    """A warning for readers of the message: the line, the reason (a code), and the text in question."""

    line: int
    reason: str
    excerpt: str


@dataclass(frozen=True, repr=False)
class Message:
    """One message of one patient. Fields are as they came, except that valid dates are ISO."""

    format: str
    kind: str  # labresult | note | report | dischargereport | admission | discharge
    reference: str
    sender: Sender
    identity: Identity
    date: str | None
    time: str | None
    status: str | None  # complete | partial
    pieces: tuple[Piece, ...]
    parts: tuple[Part, ...]
    results: tuple[Result, ...]
    text: str
    data: bytes
    requestor: str = ""
    codec: str = "utf-8"
    doubts: tuple[Doubt, ...] = ()
    person: Person = UNNAMED  # as it is compared with a chart's patient
    numbers: frozenset[str] = frozenset()
    documents: tuple[Document, ...] = ()
    refused: Reason | None = None  # why it cannot be read: it is handed over as it came
    sent: str | None = None  # by which versions of a report are ordered, if not by date and time
    restates: bool = False  # whether a later version may repeat only a part, and replaces no more than that

    @property
    def moment(self) -> tuple[str, str]:
        """The moment by which versions of a report are ordered."""
        return (self.date or "", self.time or "") if self.sent is None else (self.sent, "")

    @property
    def titles(self) -> tuple[Part, ...]:
        """The titles and column heads."""
        return tuple(part for part in self.parts if part.kind == "title")

    @property
    def remarks(self) -> tuple[Part, ...]:
        """The comments on results and on the message."""
        return tuple(part for part in self.parts if part.kind == "remark")

    @property
    def readable(self) -> str:
        """What the message says below its header, without the codes of its lines; all of it if there is nothing below."""
        return "\n".join(part.text.rstrip() for part in self.parts).strip("\n") or self.text

    @property
    def first_line(self) -> int:
        """The line at which the readable text begins; 1 if there is nothing below the header."""
        return self.parts[0].line if self.parts else 1
