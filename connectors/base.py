"""The protocols of sources and targets, and the values they exchange.

A connector returns findings; it does not log, holds no key, and raises only `schemas.errors`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol

from schemas.disposition import Disposition, Reason
from schemas.document_sidecars import ENDINGS as SIDECAR_ENDINGS
from schemas.errors import SourceError
from schemas.mapping_files import SHIPPED_ONLY, Mappings
from schemas.sensitive import Sensitive

if TYPE_CHECKING:
    import pyarrow as pa  # the process that holds no data needs only the limits

Opener = Callable[[], BinaryIO]
"""Returns a new stream from the start at each call."""
NAMELESS = Sensitive("")


@dataclass(frozen=True)
class SiteRules:
    """What the site states about exports: how the paths of documents are made up, and how tables are read."""

    document_paths: tuple[str, ...] = ()  # docs/formats/documents.md
    mappings: Mappings = SHIPPED_ONLY  # docs/formats/delimited.md


NO_RULES = SiteRules()


class Export:
    """The files of one export by their paths, and what the site states about them."""

    def __init__(self, rules: SiteRules = NO_RULES) -> None:
        self.rules = rules
        self.held: dict[tuple[str, int], Any] = {}
        """What reader and counter, each under a name of its own, made of the table with an ordinal."""
        self._files: dict[str, SourceFile | None] = {}
        self._by_stem: dict[str, list[SourceFile]] = {}

    def __repr__(self) -> str:
        """Shows no path."""
        return f"Export({len(self._files)} files)"

    def add(self, file: SourceFile) -> None:
        """Take a file into the export."""
        path = _folded(file.name.reveal())
        self._files[path] = None if path in self._files else file
        if not path.endswith(SIDECAR_ENDINGS):
            self._by_stem.setdefault(path_stem(path), []).append(file)

    def at(self, path: str) -> SourceFile | None:
        """The file with this path, without regard to case and Unicode form; None if there is none, or more than one."""
        return self._files.get(_folded(path))

    def with_stem(self, stem: str) -> tuple[SourceFile, ...]:
        """The files, other than `.json` and `.xml`, whose path is this one and an ending."""
        return tuple(self._by_stem.get(_folded(stem), ()))


def path_stem(path: str) -> str:
    """The path without the last point of its file's name and what follows it."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + (name.rpartition(".")[0] or name)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


@dataclass(frozen=True)
class SourceFile:
    """One file of an export. `open()` returns its bytes from the start; its name is only ever stored sealed."""

    ordinal: int  # from 1, in the order of the archive or of the sorted folder
    size: int  # bytes
    open: Opener = field(repr=False, compare=False)
    name: Sensitive[str] = field(default=NAMELESS, repr=False, compare=False)  # its path inside the export
    export: Export = field(default_factory=Export, repr=False, compare=False)  # that it is a file of

    def beginning(self, size: int) -> bytes | None:
        """Return up to `size` bytes from the start; None if the file cannot be read."""
        try:
            with closing(self.open()) as stream:
                return stream.read(size)
        except (SourceError, OSError):
            return None


class Listed(NamedTuple):
    """A file before it has its place in the export: `opener(ordinal)` makes its `SourceFile.open`."""

    opener: Callable[[int], Opener]
    size: int  # bytes
    name: Sensitive[str]


MOST_ATTRIBUTES = 1000
"""Limit per element. The format knows six; each costs a hundred times its size in memory while its element is read."""
LONGEST_TAG = 4 << 10
"""Bytes of a tag that is read without a parser, which would count attributes: a shorter tag cannot hold too many."""
DEEPEST = 64
"""A site may lower `max_depth` but not raise it: delivered charts can be read back only to about this depth."""


@dataclass(frozen=True)
class Limits:
    """Bounds on the work that a source may cause. Sizes in bytes."""

    max_file_bytes: int = 64 << 30
    max_files: int = 200_000
    max_depth: int = DEEPEST
    max_unit_bytes: int = 16 << 20  # an element without its attachments; above: quarantined
    max_attachment_bytes: int = 512 << 20  # decoded; above: quarantined
    max_zip_ratio: int = 200
    max_zip_bytes: int = 256 << 30


class Match(NamedTuple):
    """How sure a connector is that it knows a file's format."""

    format: str
    certain: bool


@dataclass(frozen=True)
class MessageHeader:
    """The exporter of a message, read before any of it is staged. Identifiers are as they came."""

    unit: str  # path of the header
    system: str | None  # name of the sending application
    system_version: str | None
    standard: str | None  # CD-STANDARD or format version
    message: str | None  # CD-MESSAGE
    sender_nihii: Sensitive[tuple[str, ...]]
    sender_inss: Sensitive[tuple[str, ...]]
    exported: str | None


class Unheaded(NamedTuple):
    """A message that must have a header and has none, with the path of its element: its owner is unknown."""

    unit: str


class Nested(NamedTuple):
    """The header of a message inside a record, where a message has no place. It must not contradict the instruction."""

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
    """The reason why a unit and everything below it are not staged."""

    disposition: Disposition
    reason: Reason


Admission = Callable[[str], Verdict | None]
"""Called with the unit path of each folder and transaction. None admits it; otherwise none of it is staged."""


class NoHeaders:
    """The answer of connectors whose files name neither a system nor an exporter."""

    def headers(self, file: SourceFile, limits: Limits) -> Iterator[MessageHeader | Unheaded | Nested]:  # noqa: ARG002 - the protocol asks for both
        """Yield nothing."""
        return iter(())


class SourceConnector(Protocol):
    """Reads one family of exports."""

    name: str

    def probe(self, file: SourceFile) -> Match | None:
        """Match the file if it is of this format. Cheap; never raises on foreign bytes."""

    def headers(self, file: SourceFile, limits: Limits) -> Iterator[MessageHeader | Unheaded | Nested]:
        """Yield every header of every message of the file, in the order in which they end; keep nothing else.

        Raises `SourceError`s where the file as a whole cannot be read.
        """

    def read(
        self,
        file: SourceFile,
        first_patient: int,
        admit: Admission,
        limits: Limits,
        wanted: range | None = None,
    ) -> Iterator[Batch | Reject]:
        """Yield the file's content as canonical rows, in source order, in bounded memory.

        Patients are numbered from `first_patient` on. The content of patients outside `wanted` (None: of none) may be left out.
        A batch holds rows of one table, at most some thousands of them or 4 MiB.
        Raises `SourceError`s only where the file as a whole cannot be read.
        """


class Counter(Protocol):
    """Counts one family of exports independently of its reader, which it may not import."""

    name: str

    def count(
        self, file: SourceFile, first_patient: int, fact_key: bytes, limits: Limits
    ) -> Iterator[Batch | MessageHeader | Unheaded | Tiling]:
        """Yield batches of `counted_unit` and `counted_patient` (`schemas.books`), then one Tiling.

        Between them, yield every header of every message as the counter reads it: system, numbers and path.
        """


@dataclass(frozen=True)
class Tiling:
    """The account of one file's bytes: units + structural + ignored = size, without gap or overlap."""

    file: int
    size: int
    unit_bytes: int
    structural_bytes: int
    ignored_bytes: dict[str, int]  # by rule name, e.g. {"message-header": 812, "comment": 0}
    units: dict[str, int]  # by UnitKind
    patients: int
    repaired: dict[str, int]  # by rule name: control characters removed, bytes read as windows-1252
    years: frozenset[int] = frozenset()  # the years of its records, where they state a real day
    walked: dict[str, int] = field(default_factory=dict)  # folders not counted by arithmetic, by reason


class ChartRows(Protocol):
    """The staged rows of one patient, by table; reading a table twice returns the same rows."""

    def rows(self, table: str) -> Iterator[pa.RecordBatch]:
        """Yield batches of this patient's rows in the table (not `document_chunk`), in source order."""

    def content(self, unit: str) -> Iterator[bytes]:
        """Yield the bytes of one of this patient's documents, piece by piece."""
