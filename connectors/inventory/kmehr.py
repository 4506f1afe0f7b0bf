"""Count a KMEHR export: every unit, every byte (docs/formats/facts.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from connectors.base import Batch, Limits, MessageHeader, SourceFile, Tiling, Unheaded
from connectors.inventory.batches import ROWS, patient_batch, unit_batches
from connectors.inventory.bytes_repair import Repairer
from connectors.inventory.documents import DocumentStream
from connectors.inventory.findings import Findings
from connectors.inventory.tiles import Tiles
from connectors.inventory.units import CountedRow
from connectors.inventory.walk import Walk
from schemas.errors import LimitExceededError, UnreadableSourceError

_CHUNK = 1 << 18


class KmehrCounter:
    """The `Counter` of KMEHR files."""

    name = "kmehr"

    def count(
        self, file: SourceFile, first_patient: int, fact_key: bytes, limits: Limits
    ) -> Iterator[Batch | MessageHeader | Unheaded | Tiling]:
        """Batches of `counted_unit` and `counted_patient`, each header and unheaded message, then one Tiling.

        Raises UnreadableSourceError (`not_well_formed`), UnsafeSourceError (a DOCTYPE), LimitExceededError
        (`too_deep`, `token_too_large`), and UnexplainedUnitError should a byte have no owner, or two.
        """
        if file.size > limits.max_file_bytes:
            raise LimitExceededError("file_too_large", file=file.ordinal, limit=limits.max_file_bytes)
        counting = _Counting(file, first_patient, fact_key, limits)
        with file.open() as stream:
            yield from counting.batches(stream)
        yield counting.tiling()


class _Counting:
    """The count of one file."""

    def __init__(self, file: SourceFile, first_patient: int, fact_key: bytes, limits: Limits) -> None:
        self._file = file
        self._size = 0
        self._repairer = Repairer(file.ordinal)
        self._tiles = Tiles(file.ordinal)
        self._findings = Findings(examine=True)
        self._walk = Walk(
            file=file.ordinal,
            key=fact_key,
            first_patient=first_patient,
            max_depth=limits.max_depth,
            max_unit=limits.max_unit_bytes,
            findings=self._findings,
            position=self._position,
            tiles=self._tiles,
        )
        self._stream = DocumentStream(self._walk, file.ordinal)
        self._rows: list[CountedRow] = []

    def batches(self, stream: BinaryIO) -> Iterator[Batch | MessageHeader | Unheaded]:
        """Read to the end."""
        while piece := stream.read(_CHUNK):
            self._size += len(piece)
            self._stream.feed(self._repairer.feed(piece))
            self._position()  # the map forgets what has been passed
            yield from self._take(at_least=ROWS // 2)
        self._stream.feed(self._repairer.feed(b"", final=True))
        self._stream.close()
        if self._size != self._file.size:
            raise UnreadableSourceError("size_differs", file=self._file.ordinal)
        self._walk.finish(self._size)
        yield from self._take(at_least=1)

    def tiling(self) -> Tiling:
        """The account of the file's bytes."""
        tiles = self._tiles
        return Tiling(
            file=self._file.ordinal,
            size=self._size,
            unit_bytes=tiles.unit_bytes,
            structural_bytes=tiles.structural_bytes,
            ignored_bytes=dict(tiles.ignored_bytes),
            units={str(kind): count for kind, count in self._walk.units.items()},
            patients=self._walk.patients,
            repaired=dict(self._repairer.counts),
            years=frozenset(self._findings.years),
        )

    def _position(self) -> int:
        return self._repairer.origin(self._stream.position())

    def _take(self, at_least: int) -> Iterator[Batch | MessageHeader | Unheaded]:
        walk = self._walk
        yield from walk.messages.found
        walk.messages.found.clear()
        if len(walk.rows) >= at_least:
            yield from unit_batches(self._file.ordinal, walk.rows)
            walk.rows.clear()
        if len(walk.folders) >= at_least:
            patients = [folder.row() for folder in walk.folders]
            yield patient_batch(self._file.ordinal, patients)
            walk.folders.clear()
