"""Count files of flat messages: each line, or block of lines, that states something is a unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from io import BufferedIOBase
from typing import NamedTuple, cast

from connectors.base import Batch, Limits, SourceFile, Tiling
from connectors.inventory.facts.batches import ROWS, patient_batch, unit_batches
from connectors.inventory.facts.normal_form import fact_digest, piece_form
from connectors.inventory.facts.tiles import Span, check_tiling
from connectors.inventory.facts.units import CountedRow
from connectors.inventory.flat.decoding import raw_lines
from connectors.inventory.flat.reading import Head, Piece, ReadMessage
from schemas.disposition import RecordKind, UnitKind
from schemas.errors import LimitExceededError, UnreadableSourceError

_MAX_BYTES = 256 << 20
_MAX_MESSAGE_BYTES = 64 << 20
_READ_BYTES = 16 << 20
"""A longer message is not read: its lines are counted as they are."""
_PIECE = 1 << 16
Divided = Iterator[tuple[list[bytes], int]]


class FlatFormat(NamedTuple):
    """One format: how to divide lines into messages, to read the bytes of one, and to tell that one begins."""

    name: str
    divide: Callable[[Iterable[bytes]], Divided]
    read: Callable[[int, bytes, int], ReadMessage]
    begins: Callable[[Iterable[bytes]], bool]


class FlatCounter:
    """The `Counter` of one flat format, one message at a time; a file above 256 MiB is refused."""

    def __init__(self, form: FlatFormat) -> None:
        self.name = form.name
        self._form = form

    def count(
        self, file: SourceFile, first_patient: int, fact_key: bytes, limits: Limits
    ) -> Iterator[Batch | Tiling]:
        """Yield batches of `counted_unit` and `counted_patient`, then one Tiling; each message counts as a patient."""
        bound = min(_MAX_BYTES, limits.max_file_bytes)
        if file.size > bound:
            raise LimitExceededError("file_too_large", file=file.ordinal, limit=bound)
        counting = _Counting(file, first_patient, fact_key)
        with file.open() as stream:
            divided = self._form.divide(raw_lines(_pieces(cast("BufferedIOBase", stream))))
            for number, (lines, borrowed) in enumerate(divided, start=1):
                size = sum(map(len, lines))
                if size > _MAX_MESSAGE_BYTES:
                    raise LimitExceededError("message_too_large", file=file.ordinal, limit=_MAX_MESSAGE_BYTES)
                counting.begun = counting.begun or self._form.begins(lines)
                is_read = size <= min(_READ_BYTES, limits.max_unit_bytes)
                read = self._form.read if is_read else self._unread
                counting.message(read(number, b"".join(lines), borrowed))
                yield from counting.full_batches()
        yield from counting.batches()
        yield counting.tiling()

    def _unread(self, number: int, content: bytes, borrowed: int) -> ReadMessage:
        """A message too long to be read: each line is a unit, unless it is nothing but its end."""
        pieces = [
            Piece(at, UnitKind.COMMENT if line.strip(b"\r\n") else None, line.decode("latin-1"), len(line))
            for at, line in enumerate(raw_lines([content]), start=1)
        ]
        return ReadMessage(
            self.name,
            number,
            pieces,
            [],
            "",
            False,
            None,
            Head(),
            borrowed=borrowed,
            kind="note",
            is_refused=True,
        )


def _pieces(stream: BufferedIOBase) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece


class _Counting:
    """The count of one file."""

    def __init__(self, file: SourceFile, first_patient: int, key: bytes) -> None:
        self._file = file
        self._patient = first_patient
        self._key = key
        self._rows: list[CountedRow] = []
        self._patients: list[tuple[int, str, str | None, str | None]] = []
        self._units: Counter[str] = Counter()
        self._years: set[int] = set()
        self._position = self._structural = self._met = 0
        self.begun = False

    def message(self, message: ReadMessage) -> None:
        """Assign the bytes of every line to a unit or to the structure."""
        start, units, structural = self._position, list[Span](), list[Span]()
        patient = self._patient + self._met
        path = f"{self._file.ordinal}/{message.number}"
        kind = message.record_kind
        borrowed = message.borrowed
        for piece in message.pieces:
            # Borrowed bytes are counted in an earlier message of the document.
            size = max(0, piece.size - borrowed)
            borrowed = max(0, borrowed - piece.size)
            span = (self._position, self._position + size)
            self._position = span[1]
            if size:
                (structural if piece.kind is None else units).append(span)
            if piece.kind is not None:
                self._unit(piece, f"{path}.{piece.line}", patient, kind, [span] if size else [])
        check_tiling(units, structural, [], self._position, start=start, file=self._file.ordinal)
        self._structural += sum(end - begin for begin, end in structural)
        self._patients.append((patient, path, message.head.inss, message.day))
        if message.day:
            self._years.add(int(message.day[:4]))
        self._met += 1

    def _unit(self, piece: Piece, unit: str, patient: int, kind: RecordKind, spans: list[Span]) -> None:
        if piece.kind is not None:
            self._units[piece.kind.value] += 1
            digest = fact_digest(self._key, piece_form(piece.text))
            row = CountedRow(unit, patient, piece.kind, kind, None, digest, spans, False, False)
            self._rows.append(row)

    def full_batches(self) -> Iterator[Batch]:
        """Yield the batches that are full."""
        if len(self._rows) >= ROWS or len(self._patients) >= ROWS:
            yield from self.batches()

    def batches(self) -> Iterator[Batch]:
        """Yield what was found since the last call."""
        yield from unit_batches(self._file.ordinal, self._rows)
        if self._patients:
            yield patient_batch(self._file.ordinal, self._patients)
        self._rows, self._patients = [], []

    def tiling(self) -> Tiling:
        """The account of the file's bytes. Raises UnreadableSourceError if no message begins in it."""
        if not self.begun:
            raise UnreadableSourceError("not_well_formed", file=self._file.ordinal)
        if self._position != self._file.size:
            raise UnreadableSourceError("size_differs", file=self._file.ordinal)
        return Tiling(
            file=self._file.ordinal,
            size=self._position,
            unit_bytes=self._position - self._structural,
            structural_bytes=self._structural,
            ignored_bytes={},
            units=dict(self._units),
            patients=self._met,
            repaired={},
            years=frozenset(self._years),
        )
