"""Count a KMEHR export: every unit, every byte (docs/formats/facts.md).

Arithmetic and recipes count the whole folders that they cover. The walk counts everything else, including the bytes around
folders; folders already counted are cut out of its stream.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from connectors.base import Batch, Limits, MessageHeader, SourceFile, Tiling, Unheaded
from connectors.inventory.facts.batches import ROWS, patient_batch, unit_batches
from connectors.inventory.facts.tiles import Tiles
from connectors.inventory.kmehr._folder_stretches import Stretches, halved
from connectors.inventory.kmehr._source_folders import CountedFolders, SourceFolders
from connectors.inventory.kmehr.byte_scan import UnknownForm, Why
from connectors.inventory.kmehr.bytes_repair import Repairer
from connectors.inventory.kmehr.documents import DocumentStream
from connectors.inventory.kmehr.findings import Findings
from connectors.inventory.kmehr.walk import Walk
from schemas.errors import LimitExceededError, UnreadableSourceError

_CHUNK = 1 << 18
_LAST_TAG = re.compile(rb"</[^<>]*>\Z")
_LONGEST_TAG = 100

Counted = Batch | MessageHeader | Unheaded


class KmehrCounter:
    """The `Counter` of KMEHR files."""

    name = "kmehr"

    def count(
        self, file: SourceFile, first_patient: int, fact_key: bytes, limits: Limits
    ) -> Iterator[Counted | Tiling]:
        """Yield batches of `counted_unit` and `counted_patient`, each header and unheaded message, then one Tiling.

        Raises UnreadableSourceError (`not_well_formed`), UnsafeSourceError (a DOCTYPE), LimitExceededError
        (`too_deep`, `token_too_large`), and UnexplainedUnitError if a byte has no owner, or two.
        """
        if file.size > limits.max_file_bytes:
            raise LimitExceededError("file_too_large", file=file.ordinal, limit=limits.max_file_bytes)
        counting = _Counting(file, first_patient, fact_key, limits)
        refused: UnreadableSourceError | None = None
        try:
            with file.open() as stream:
                yield from counting.batches(stream)
        except UnreadableSourceError as error:
            refused = error
        if refused is None:
            yield counting.tiling()
            return
        if counting.has_leapt:  # only a reading of the whole file can tell its place
            for _ in count_by_walk(file, first_patient, fact_key, limits):
                pass
        raise refused


def count_by_walk(
    file: SourceFile, first_patient: int, fact_key: bytes, limits: Limits
) -> Iterator[Counted | Tiling]:
    """Like `KmehrCounter.count`, by the walk alone."""
    counting = _Counting(file, first_patient, fact_key, limits, fast=False)
    with file.open() as stream:
        yield from counting.batches(stream)
    yield counting.tiling()


class _Counting:
    """The count of one file."""

    def __init__(
        self, file: SourceFile, first_patient: int, key: bytes, limits: Limits, *, fast: bool = True
    ) -> None:
        self.has_leapt = False
        self._file = file
        self._size = 0
        self._repairer = Repairer(file.ordinal)
        self._tiles = Tiles(file.ordinal)
        self._findings = Findings(examine=True)
        self._walk = Walk(
            file=file.ordinal,
            key=key,
            first_patient=first_patient,
            max_depth=limits.max_depth,
            max_unit=limits.max_unit_bytes,
            findings=self._findings,
            position=self._position,
            tiles=self._tiles,
        )
        self._stream = DocumentStream(self._walk, file.ordinal)
        self._stretches = Stretches() if fast else None
        self._folders = SourceFolders(key, limits)
        self._patients: list[tuple[int, str, str | None, str | None]] = []
        self._tag = -1  # where the last tag read by the walk begins
        self._walked: Counter[str] = Counter()

    def batches(self, stream: BinaryIO) -> Iterator[Counted]:
        """Yield the counts, reading to the end."""
        while piece := stream.read(_CHUNK):
            self._size += len(piece)
            yield from self._take_in(self._repairer.feed(piece), final=False)
        yield from self._take_in(self._repairer.feed(b"", final=True), final=True)
        self._stream.close()
        if self._size != self._file.size:
            raise UnreadableSourceError("size_differs", file=self._file.ordinal)
        self._walk.finish(self._size)
        yield from self._give(at_least=1)

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
            walked=dict(self._walked),
        )

    def _position(self) -> int:
        return self._repairer.origin(self._stream.position())

    def _take_in(self, data: bytes, *, final: bool) -> Iterator[Counted]:
        """Process repaired bytes: folders by arithmetic, all else by the walk."""
        if self._stretches is None:
            self._stream.feed(data)
            self._position()  # the map forgets what has been passed
            yield from self._give(at_least=ROWS // 2)
            return
        for stretch in self._stretches.feed(data, final=final):
            take = self._count if stretch.folders else self._walk_over
            yield from take(stretch.data, stretch.begin)

    def _walk_over(self, data: bytes, begin: int) -> Iterator[Counted]:
        self._stream.feed(data)
        self._position()
        tag = _LAST_TAG.search(data, max(0, len(data) - _LONGEST_TAG))
        self._tag = begin + tag.start() if tag else -1
        yield from self._give(at_least=ROWS // 2)

    def _count(self, data: bytes, begin: int) -> Iterator[Counted]:
        """Count some folders; halve them to find those that the arithmetic does not cover."""
        found, at = self._by_arithmetic(data, begin)
        if isinstance(found, Why):
            halves = halved(data)
            if halves is None:
                self._walked[found.value] += 1
                yield from self._walk_over(data, begin)
            else:
                yield from self._count(halves[0], begin)
                yield from self._count(halves[1], begin + len(halves[0]))
            return
        yield from self._give(at_least=1)
        self.has_leapt = True
        self._walk.leap(at, at + len(data), found)
        self._stream.leap(len(data))
        self._patients += found.patients
        for start in range(0, found.rows.num_rows, ROWS):
            yield Batch("counted_unit", found.rows.slice(start, ROWS))

    def _by_arithmetic(self, data: bytes, begin: int) -> tuple[CountedFolders | Why, int]:
        """The counts of the folders, or the reason for the walk; and where they begin in the file."""
        place = self._walk.place()
        if place is None or not self._stream.stands_behind(self._tag, begin):
            return Why.OUTSIDE, begin
        shift = self._repairer.shift(begin, begin + len(data))
        if shift is None:
            return Why.ENCODING, begin
        try:
            return self._folders.count(data, place, begin + shift), begin + shift
        except UnknownForm as unknown:
            return unknown.why, begin

    def _give(self, at_least: int) -> Iterator[Counted]:
        walk = self._walk
        yield from walk.messages.found
        walk.messages.found.clear()
        if len(walk.rows) >= at_least:
            yield from unit_batches(self._file.ordinal, walk.rows)
            walk.rows.clear()
        self._patients += [folder.row() for folder in walk.folders]
        walk.folders.clear()
        if len(self._patients) >= at_least:
            yield patient_batch(self._file.ordinal, self._patients)
            self._patients.clear()
