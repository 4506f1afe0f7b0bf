"""The protocols of sources and targets, and the values they exchange.

A connector returns findings; it does not log, holds no key, and raises only `schemas.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from schemas.disposition import Disposition, Reason
from schemas.sensitive import Sensitive

if TYPE_CHECKING:
    import pyarrow as pa  # the process that holds no data needs only the limits

Opener = Callable[[], BinaryIO]
"""Gives a new seekable stream from the start, as often as it is asked."""
NAMELESS = Sensitive("")


@dataclass(frozen=True)
class SourceFile:
    """One file of an export. `open()` gives its bytes from the start; its name is kept under seal alone."""

    ordinal: int  # from 1, in the order of the archive or of the sorted folder
    size: int  # bytes
    open: Opener = field(repr=False, compare=False)
    name: Sensitive[str] = field(default=NAMELESS, repr=False, compare=False)  # its path inside the export


MOST_ATTRIBUTES = 1000
"""Of one element. The format knows six; each costs a hundred times its size in memory while its element is read."""
LONGEST_TAG = 4 << 10
"""Bytes of a tag that is read by other means than a parser, which counts attributes: a shorter one cannot hold so many."""
DEEPEST = 64
"""A site may lower `max_depth`, not raise it: what the target delivers is read back to about this depth alone."""


@dataclass(frozen=True)
class Limits:
    """Bounds on what a source may make us do. Sizes in bytes."""

    max_file_bytes: int = 64 << 30
    max_files: int = 200_000
    max_depth: int = DEEPEST
    max_unit_bytes: int = 16 << 20  # an element without its attachments; above: quarantined
    max_attachment_bytes: int = 512 << 20  # decoded; above: quarantined
    max_zip_ratio: int = 200
    max_zip_bytes: int = 256 << 30


class Match(NamedTuple):
    """How sure a connector is that a file is of its format."""

    format: str
    certain: bool


@dataclass(frozen=True)
class MessageHeader:
    """Who exported a message: read before anything of it is staged. Identifiers are as they came."""

    unit: str  # path of the header
    system: str | None  # name of the sending application
    system_version: str | None
    standard: str | None  # CD-STANDARD or format version
    message: str | None  # CD-MESSAGE
    sender_nihii: Sensitive[tuple[str, ...]]
    sender_inss: Sensitive[tuple[str, ...]]
    exported: str | None


class Unheaded(NamedTuple):
    """A message that must have a header and has none, with the path of its element: whose it is, nobody says."""

    unit: str


class Nested(NamedTuple):
    """The header of a message inside a record, where no message has a place. It must not contradict the instruction."""

    header: MessageHeader


class Batch(NamedTuple):
    """Rows of one canonical table (`schemas.tables.TABLES`)."""

    table: str
    rows: pa.RecordBatch


@dataclass(frozen=True)
class Reject:
    """A unit that cannot be read: a value, not an exception.

    Its verbatim bytes follow as `Batch`es of `document_chunk` under the same unit path, or are `raw` when small.
    """

    unit: str
    file: int
    patient: int
    kind: str
    reason: Reason
    raw: Sensitive[bytes]


class Verdict(NamedTuple):
    """Why a unit and all below it is not to be staged."""

    disposition: Disposition
    reason: Reason


Admission = Callable[[str], Verdict | None]
"""Asked with the unit path of each folder and transaction: None admits it; else nothing of it is staged."""


class SourceConnector(Protocol):
    """Reads one family of exports."""

    name: str

    def probe(self, file: SourceFile) -> Match | None:
        """Say whether the file is of this format. Cheap; never raises on foreign bytes."""

    def headers(self, file: SourceFile, limits: Limits) -> Iterator[MessageHeader | Unheaded | Nested]:
        """Every header of every message of the file, in the order in which they end; nothing else is kept.

        Raises `SourceError`s where the file as a whole cannot be read.
        """

    def read(
        self, file: SourceFile, first_patient: int, admit: Admission, limits: Limits
    ) -> Iterator[Batch | Reject]:
        """Give the file's content as canonical rows, in source order, in bounded memory.

        Patients are numbered from `first_patient` on. Batches of one table never mix; a batch holds at most
        some thousands of rows or 4 MiB. Raises `SourceError`s only where the file as a whole cannot be read.
        """


class Counter(Protocol):
    """Counts one family of exports without the help of its reader (it may not import it)."""

    name: str

    def count(
        self, file: SourceFile, first_patient: int, fact_key: bytes, limits: Limits
    ) -> Iterator[Batch | MessageHeader | Unheaded | Tiling]:
        """Give batches of `counted_unit` and `counted_patient` (`schemas.books`), then one Tiling.

        Between them, every header of every message as this side reads it: system, numbers and path.
        """


@dataclass(frozen=True)
class Tiling:
    """The account of one file's bytes: units + structural + ignored = size, no gap, no overlap."""

    file: int
    size: int
    unit_bytes: int
    structural_bytes: int
    ignored_bytes: dict[str, int]  # by rule name, e.g. {"message-header": 812, "comment": 0}
    units: dict[str, int]  # by UnitKind
    patients: int
    repaired: dict[str, int]  # by rule name: control characters removed, bytes read as windows-1252
    years: frozenset[int] = frozenset()  # in which its records lie, where they state a real day
    walked: dict[str, int] = field(default_factory=dict)  # folders not counted by arithmetic: why -> how many


class ChartRows(Protocol):
    """The staged rows of one patient, by table; a table read twice gives the same rows."""

    def rows(self, table: str) -> Iterator[pa.RecordBatch]:
        """Batches of the rows of this patient in the table (not `document_chunk`), in source order."""

    def content(self, unit: str) -> Iterator[bytes]:
        """The bytes of one of this patient's documents, piece by piece."""
