"""extract: read the source once, in order, and seal its rows before any of them reaches a disk.

Several processes may each take a range of patients. What belongs to no patient of a file goes with its last patient.
"""

from __future__ import annotations

from collections import Counter as Tally
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import Batch, Reject, SourceFile, Verdict
from connectors.opening import readable_bytes
from connectors.registry import by_name
from flows.steps.context import DataContext
from flows.steps.inventory import enclosing
from flows.steps.ranges import Range, RangeDone, all_segments, cut_patients, sum_tallies
from flows.steps.values import FileEntry, Inventory, Staged
from schemas.books import OUTCOME
from schemas.disposition import Disposition, Reason, UnitKind
from schemas.sensitive import Sensitive
from schemas.tables import CHUNK_BYTES, DOCUMENT_CHUNK
from vault.staging.segments import CHUNKS, CHUNKS_APART, StagingWriter

STAGE = "extract"
FILE_NAME = pa.schema(
    [("unit", pa.string()), ("name", pa.string()), ("line", pa.int64()), ("column", pa.int64())]
)
_NAME_SHOWN = 200


def extract(context: DataContext, inventory: Inventory) -> Staged:
    """Seal every in-scope unit; an unreadable unit becomes a reject with its reason and its raw bytes."""
    context.discard(STAGE)
    ranges = cut_patients([(file.patients, file.size) for file in inventory.files], context.processes)
    done = context.share("extract", partial(Extracting, context, inventory), ranges)
    context.finish(STAGE, all_segments(done))
    return Staged(inventory, sum_tallies(done, "rows"), sum_tallies(done, "rejects"))


class Extracting:
    """extract at work in one process."""

    def __init__(self, context: DataContext, inventory: Inventory) -> None:
        self._context, self._verdicts = context, load_verdicts(context)
        self._entries = {entry.ordinal: entry for entry in inventory.files}
        self._patients = inventory.patients
        self._done, self._total = 0, sum(file.size for file in context.files)

    def do(self, each: Range) -> RangeDone:
        """Seal what is in scope of the patients in a range."""
        found = _Found(self._context.range_writer(STAGE, each.number))
        for file in self._context.files:
            entry = self._entries[file.ordinal]
            share = _Share.of(entry, each, self._patients)
            if share.is_empty:
                continue
            if entry.damaged is not None:
                found.add_file(file, entry)
            else:
                self._read(found, file, entry, share)
            self._done += share.bytes_of(entry)
            self._context.report("extract", self._done, self._total)
        segments = found.writer.seal()
        return RangeDone(each.number, segments, {"rows": dict(found.rows), "rejects": dict(found.rejects)})

    def _read(self, found: _Found, file: SourceFile, entry: FileEntry, share: _Share) -> None:
        connector = by_name(entry.format or "")
        admit = partial(enclosing, verdicts=self._verdicts)
        wanted = None if share.is_whole else share.patients
        for each in connector.read(file, entry.first_patient, admit, self._context.limits, wanted):
            if isinstance(each, Batch):
                found.add_batch(share.rows_of(each))
            elif share.holds(each.patient):
                found.add_reject(each)
            self._context.report("extract", 0, 0)


@dataclass(frozen=True)
class _Share:
    """The part of a file that a range holds: some of its patients, and perhaps what belongs to none of them."""

    patients: range
    rest: bool
    is_whole: bool

    @classmethod
    def of(cls, entry: FileEntry, each: Range, patients: int) -> _Share:
        """Return the part of this file; `patients`: of the whole source."""
        behind = entry.first_patient + entry.patients
        held = range(max(entry.first_patient, each.first), min(behind, each.last + 1))
        # a file without patients goes with the first patient after it
        rest = min(max(behind - 1, entry.first_patient), patients) in each
        return cls(held, rest, rest and len(held) == entry.patients)

    @property
    def is_empty(self) -> bool:
        return not self.rest and not self.patients

    def bytes_of(self, entry: FileEntry) -> int:
        """Return about how many bytes of the file it is."""
        return entry.size if self.is_whole else entry.size * len(self.patients) // max(1, entry.patients)

    def holds(self, patient: int) -> bool:
        """Return whether a row of this patient (0: of none) is part of it."""
        return self.is_whole or (patient in self.patients if patient else self.rest)

    def rows_of(self, batch: Batch) -> Batch:
        """Return the rows that are part of it. A connector may yield others, but need not."""
        if self.is_whole:
            return batch
        held = pa.array([self.holds(patient) for patient in batch.rows["patient"].to_pylist()], pa.bool_())
        return Batch(batch.table, batch.rows.filter(held))


def load_verdicts(context: DataContext) -> dict[str, Verdict]:
    """Return the scope decisions that the inventory sealed."""
    verdicts: dict[str, Verdict] = {}
    for batch in context.reader("scope").batches("exclusion"):
        for unit, disposition, reason in zip(*(batch[i].to_pylist() for i in range(3)), strict=True):
            verdicts[unit] = Verdict(Disposition(disposition), Reason(reason))
    return verdicts


class _Found:
    """Seals what is found in a range, and counts it."""

    def __init__(self, writer: StagingWriter) -> None:
        self.writer = writer
        self.rows: Tally[str] = Tally()
        self.rejects: Tally[str] = Tally()

    def add_batch(self, batch: Batch) -> None:
        """Seal rows."""
        if batch.rows.num_rows:
            self.rows[batch.table] += batch.rows.num_rows
            self._write(batch)

    def add_reject(self, reject: Reject) -> None:
        """Seal a unit that cannot be read: its outcome and its bytes."""
        self.rejects[reject.reason.value] += 1
        row = (
            reject.unit,
            reject.file,
            reject.patient,
            0,
            reject.kind,
            Disposition.QUARANTINED.value,
            reject.reason.value,
        )
        self.writer.write("outcome", _one(row, OUTCOME))
        raw = reject.raw.reveal()
        for sequence, start in enumerate(range(0, len(raw), CHUNK_BYTES)):
            piece = raw[start : start + CHUNK_BYTES]
            chunk = _one((reject.unit, reject.file, reject.patient, sequence, piece), DOCUMENT_CHUNK)
            self._write(Batch("document_chunk", chunk))

    def add_file(self, file: SourceFile, entry: FileEntry) -> None:
        """Seal a file that is damaged as a whole."""
        unit = f"{file.ordinal}/0"
        reason = entry.damaged or Reason.UNREADABLE_FILE.value
        self.rejects[reason] += 1
        row = (unit, file.ordinal, 0, 0, UnitKind.FILE.value, Disposition.QUARANTINED.value, reason)
        self.writer.write("outcome", _one(row, OUTCOME))
        self.writer.write("file_name", _one((unit, _shown(file.name), entry.line, entry.column), FILE_NAME))
        for sequence, piece in enumerate(readable_bytes(file, CHUNK_BYTES)):
            self.writer.write(CHUNKS_APART, _one((unit, file.ordinal, 0, sequence, piece), DOCUMENT_CHUNK))

    def _write(self, batch: Batch) -> None:
        if batch.table != "document_chunk":
            self.writer.write(batch.table, batch.rows)
            return
        no_patient = pc.equal(batch.rows["patient"], 0)
        self.writer.write(CHUNKS_APART, batch.rows.filter(no_patient))
        self.writer.write(CHUNKS, batch.rows.filter(pc.invert(no_patient)))


def _shown(name: Sensitive[str]) -> str:
    """Return a file's name as text, cut to what a page shows; only for the sealed report."""
    return name.reveal().encode("utf-8", "replace").decode("utf-8")[-_NAME_SHOWN:]


def _one(row: tuple[object, ...], schema: pa.Schema) -> pa.RecordBatch:
    return pa.record_batch([pa.array([v], f.type) for v, f in zip(row, schema, strict=True)], schema=schema)
