"""Count HealthOne files line by line: each line of a message is a unit, except END and blank lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from io import BufferedIOBase
from typing import cast

from connectors.base import Batch, Limits, SourceFile, Tiling
from connectors.inventory.facts.batches import ROWS, patient_batch, unit_batches
from connectors.inventory.facts.normal_form import derived_form, fact_digest
from connectors.inventory.facts.tiles import Span, check_tiling
from connectors.inventory.facts.units import CountedRow
from connectors.inventory.healthone.lines import MessageLine, day, messages, national_number
from schemas.disposition import RecordKind
from schemas.errors import LimitExceededError, UnreadableSourceError

_MAX_BYTES = 256 << 20
_MAX_MESSAGE_BYTES = 64 << 20
_PIECE = 1 << 16


class HealthOneCounter:
    """The `Counter` of HealthOne files, one message at a time; a file above 256 MiB is refused."""

    name = "healthone"

    def count(
        self, file: SourceFile, first_patient: int, fact_key: bytes, limits: Limits
    ) -> Iterator[Batch | Tiling]:
        """Yield batches of `counted_unit` and `counted_patient`, then one Tiling; each message counts as a patient."""
        bound = min(_MAX_BYTES, limits.max_file_bytes)
        if file.size > bound:
            raise LimitExceededError("file_too_large", file=file.ordinal, limit=bound)
        counting = _Counting(file, first_patient, fact_key)
        with file.open() as stream:
            for lines in messages(_pieces(cast("BufferedIOBase", stream))):
                counting.message(lines)
                yield from counting.full_batches()
        yield from counting.batches()
        yield counting.tiling()


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
        self._begun = False

    def message(self, lines: list[MessageLine]) -> None:
        """Assign the bytes of every line to a unit or to the structure."""
        if sum(line.size for line in lines) > _MAX_MESSAGE_BYTES:
            raise LimitExceededError("message_too_large", file=self._file.ordinal, limit=_MAX_MESSAGE_BYTES)
        start, units, structural = self._position, list[Span](), list[Span]()
        patient = self._patient + self._met
        unit = f"{self._file.ordinal}/{lines[0].message}"
        results = any(line.descriptor == "L1" for line in lines)
        kind = RecordKind.LAB_RESULTS if results else RecordKind.SPECIALIST_REPORTS
        for line in lines:
            span = (self._position, self._position + line.size)
            self._position = span[1]
            (structural if line.kind is None else units).append(span)
            if line.kind is not None:
                self._line(line, f"{unit}.{line.line}", patient, kind, span)
        check_tiling(units, structural, [], self._position, start=start, file=self._file.ordinal)
        self._structural += sum(end - begin for begin, end in structural)
        seen = day(lines)
        self._patients.append((patient, unit, national_number(lines), seen))
        if seen:
            self._years.add(int(seen[:4]))
        self._met += 1
        self._begun = self._begun or any(line.descriptor in ("A1", "A2") for line in lines)

    def _line(self, line: MessageLine, unit: str, patient: int, kind: RecordKind, span: Span) -> None:
        if line.kind is not None:
            self._units[line.kind.value] += 1
            digest = fact_digest(self._key, derived_form(line.text))
            row = CountedRow(unit, patient, line.kind, kind, None, digest, [span], False, False)
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
        if not self._begun:
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
