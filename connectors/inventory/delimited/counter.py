"""Count a table: the units of each row, by a mapping that the counter finds and reads with its own code.

Cells belong to the unit that states them. Separators, line ends, the header and empty cells are structure. What a mapping
leaves out is counted by the rule `left-out-by-mapping`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from connectors.base import Batch, Limits, SourceFile, Tiling
from connectors.inventory.delimited._cells import Row, Signs, find_mapping
from connectors.inventory.delimited._row import Part, Tree, read_row
from connectors.inventory.facts.batches import ROWS, patient_batch, unit_batches
from connectors.inventory.facts.normal_form import US, fact_digest, piece_form
from connectors.inventory.facts.tiles import LEFT_OUT, NoTiles, Span, check_tiling
from connectors.inventory.facts.units import CountedRow
from connectors.inventory.kmehr.findings import Findings
from connectors.inventory.kmehr.walk import Walk
from schemas.disposition import Reason, UnitKind
from schemas.errors import LimitExceededError, UnreadableSourceError
from schemas.mapping import Mapping

_MAX_BYTES = 256 << 20
_DEEPEST = 16
_NO_BOUND = 1 << 40  # a row is bounded as a whole


class DelimitedCounter:
    """The `Counter` of tables."""

    name = "delimited"

    def count(
        self, file: SourceFile, first_patient: int, fact_key: bytes, limits: Limits
    ) -> Iterator[Batch | Tiling]:
        """Yield batches of `counted_unit` and `counted_patient`, then one Tiling; each row counts as a patient.

        Raises LimitExceededError for a file that is too large, UnreadableSourceError if no reviewed mapping has its header or it
        has another size than was listed.
        """
        if file.size > min(_MAX_BYTES, limits.max_file_bytes):
            raise LimitExceededError("file_too_large", file=file.ordinal, limit=_MAX_BYTES)
        with closing(file.open()) as stream:
            data = b"".join(iter(lambda: stream.read(1 << 20), b""))
        if len(data) != file.size:
            raise UnreadableSourceError("size_differs", file=file.ordinal)
        mapping = find_mapping(data, file.export.rules.mappings.reviewed)
        if mapping is None:
            raise UnreadableSourceError("not_well_formed", file=file.ordinal)
        counting = _Counting(file, mapping, first_patient, fact_key, limits)
        rows = Signs(data, mapping.file).rows()
        next(rows)  # the header: its bytes are structure
        for row in rows:
            counting.row(row)
            if len(counting.patients) >= ROWS:
                yield from counting.batches()
        counting.end()
        yield from counting.batches()
        yield counting.tiling()


class _Counting:
    """The count of one table."""

    def __init__(
        self, file: SourceFile, mapping: Mapping, first_patient: int, key: bytes, limits: Limits
    ) -> None:
        self.patients: list[tuple[int, str, str | None, str | None]] = []
        self._keys: list[bytes | None] = []
        self._file, self._mapping, self._first, self._key = file, mapping, first_patient, key
        self._longest = limits.max_unit_bytes
        self._findings = Findings(examine=True)
        self._walk = Walk(
            file=file.ordinal, key=key, first_patient=first_patient, max_depth=_DEEPEST, max_unit=_NO_BOUND,
            findings=self._findings, position=lambda: 0, tiles=NoTiles(),
        )  # fmt: skip
        self._rows: list[CountedRow] = []
        self._number = self._position = self._unit_bytes = self._structural = self._left_out = 0
        self._spans: dict[str, list[Span]] = {}

    def row(self, row: Row) -> None:
        """Count a row, and tile its bytes and those before it."""
        self._number += 1
        long = row.span[1] - row.span[0] > self._longest
        tree = Reason.UNIT_TOO_LARGE if long else read_row(self._mapping, row.cells)
        if isinstance(tree, Reason):
            self._refuse(row)
            return
        path = f"{self._file.ordinal}/{self._number}"
        units = {path + unit.path: unit.spans for unit in tree.units()}
        self._tile(row, [span for spans in units.values() for span in spans], tree.left_out)
        self._spans.update(units)
        self._emit(tree)
        key = fact_digest(self._key, f"patient{US}{tree.key}") if tree.key else None
        self._keys.append(key)
        folder = self._walk.folders.pop()
        self.patients.append(folder.row())

    def _refuse(self, row: Row) -> None:
        """A row that cannot be placed is one unit; nobody can say whom it is about."""
        self._walk.on_document()
        path, patient = f"{self._file.ordinal}/{self._number}", self._first + self._walk.patients
        self._walk.patients += 1
        digest = fact_digest(self._key, piece_form(""))
        unit = CountedRow(f"{path}.1", patient, UnitKind.ROW, None, None, digest, [row.span], False, False)
        self._rows.append(unit)
        self._walk.units[UnitKind.ROW.value] += 1
        self.patients.append((patient, path, None, None))
        self._keys.append(None)
        self._tile(row, [row.span], [])

    def _tile(self, row: Row, units: list[Span], left_out: list[Span]) -> None:
        """Assign the bytes up to the end of a row: those of no unit, and of no cell that is left out, are structure."""
        structural, at = list[Span](), self._position
        for begin, end in sorted([*units, *left_out]):
            if begin > at:
                structural.append((at, begin))
            at = end
        if row.span[1] > at:
            structural.append((at, row.span[1]))
        check_tiling(units, structural, left_out, row.span[1], start=self._position, file=self._file.ordinal)
        self._unit_bytes += sum(end - begin for begin, end in units)
        self._structural += sum(end - begin for begin, end in structural)
        self._left_out += sum(end - begin for begin, end in left_out)
        self._position = row.span[1]

    def _emit(self, tree: Tree) -> None:
        walk = self._walk
        walk.on_document()
        walk.on_start("folder", {})
        walk.on_start("patient", {})
        for unit in tree.fields:
            self._element(unit.part)
        walk.on_end()
        for contact in tree.contacts:
            head = contact.head.part
            walk.on_start(head.name, head.attributes)
            for part in (*head.parts, *(unit.part for unit in contact.inside)):
                self._element(part)
            walk.on_end()
        walk.on_end()

    def _element(self, part: Part) -> None:
        self._walk.on_start(part.name, dict(part.attributes))
        if part.text:
            self._walk.on_text(part.text)
        for inner in part.parts:
            self._element(inner)
        self._walk.on_end()

    def end(self) -> None:
        """End the table: the walk gives out its last units."""
        self._walk.finish(0)

    def batches(self) -> Iterator[Batch]:
        """Yield what was counted since the last call."""
        counted = [row._replace(spans=self._spans.pop(row.unit, [])) for row in self._walk.rows]
        found = sorted([*counted, *self._rows], key=lambda row: row.patient)
        yield from unit_batches(self._file.ordinal, found)
        if self.patients:
            yield patient_batch(self._file.ordinal, self.patients, self._keys)
        self._walk.rows.clear()
        self._rows, self.patients, self._keys = [], [], []

    def tiling(self) -> Tiling:
        """The account of the file's bytes; those behind the last row are structure."""
        return Tiling(
            file=self._file.ordinal,
            size=self._file.size,
            unit_bytes=self._unit_bytes,
            structural_bytes=self._structural + self._file.size - self._position,
            ignored_bytes={LEFT_OUT: self._left_out} if self._left_out else {},
            units={str(kind): count for kind, count in self._walk.units.items()},
            patients=self._number,
            repaired={},
            years=frozenset(self._findings.years),
        )
