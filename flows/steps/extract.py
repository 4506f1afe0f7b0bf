"""extract: read the source once, in order, and seal its rows before any of them reaches a disk."""

from __future__ import annotations

from collections import Counter as Tally
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import Batch, Reject, SourceFile, Verdict
from connectors.opening import readable_bytes
from connectors.registry import by_name
from flows.steps.context import DataContext
from flows.steps.inventory import enclosing
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
    verdicts = load_verdicts(context)
    writer = context.writer(STAGE)
    rows: Tally[str] = Tally()
    rejects: Tally[str] = Tally()
    entries = {entry.ordinal: entry for entry in inventory.files}
    total = sum(file.size for file in context.files)
    done = 0
    for file in context.files:
        entry = entries[file.ordinal]
        if entry.damaged is not None:
            _seal_file(writer, file, entry, rejects)
        else:
            _seal_rows(context, writer, file, entry, verdicts, rows, rejects)
        done += file.size
        context.report("extract", done, total)
    writer.close()
    return Staged(inventory, dict(rows), dict(rejects))


def load_verdicts(context: DataContext) -> dict[str, Verdict]:
    """Return the scope decisions that the inventory sealed."""
    verdicts: dict[str, Verdict] = {}
    for batch in context.reader("scope").batches("exclusion"):
        for unit, disposition, reason in zip(*(batch[i].to_pylist() for i in range(3)), strict=True):
            verdicts[unit] = Verdict(Disposition(disposition), Reason(reason))
    return verdicts


def _seal_rows(
    context: DataContext,
    writer: StagingWriter,
    file: SourceFile,
    entry: FileEntry,
    verdicts: dict[str, Verdict],
    rows: Tally[str],
    rejects: Tally[str],
) -> None:
    connector = by_name(entry.format or "")
    admit = partial(enclosing, verdicts=verdicts)
    for found in connector.read(file, entry.first_patient, admit, context.limits):
        if isinstance(found, Batch):
            rows[found.table] += found.rows.num_rows
            _seal_batch(writer, found)
        else:
            rejects[found.reason.value] += 1
            _seal_reject(writer, found)
        context.report("extract", 0, 0)


def _seal_batch(writer: StagingWriter, batch: Batch) -> None:
    if batch.table != "document_chunk":
        writer.write(batch.table, batch.rows)
        return
    no_patient = pc.equal(batch.rows["patient"], 0)
    writer.write(CHUNKS_APART, batch.rows.filter(no_patient))
    writer.write(CHUNKS, batch.rows.filter(pc.invert(no_patient)))


def _seal_reject(writer: StagingWriter, reject: Reject) -> None:
    row = (
        reject.unit,
        reject.file,
        reject.patient,
        0,
        reject.kind,
        Disposition.QUARANTINED.value,
        reject.reason.value,
    )
    writer.write("outcome", _one(row, OUTCOME))
    raw = reject.raw.reveal()
    for sequence, start in enumerate(range(0, len(raw), CHUNK_BYTES)):
        piece = raw[start : start + CHUNK_BYTES]
        chunk = _one((reject.unit, reject.file, reject.patient, sequence, piece), DOCUMENT_CHUNK)
        _seal_batch(writer, Batch("document_chunk", chunk))


def _seal_file(writer: StagingWriter, file: SourceFile, entry: FileEntry, rejects: Tally[str]) -> None:
    unit = f"{file.ordinal}/0"
    reason = entry.damaged or Reason.UNREADABLE_FILE.value
    rejects[reason] += 1
    row = (unit, file.ordinal, 0, 0, UnitKind.FILE.value, Disposition.QUARANTINED.value, reason)
    writer.write("outcome", _one(row, OUTCOME))
    writer.write("file_name", _one((unit, _shown(file.name), entry.line, entry.column), FILE_NAME))
    for sequence, piece in enumerate(readable_bytes(file, CHUNK_BYTES)):
        writer.write(CHUNKS_APART, _one((unit, file.ordinal, 0, sequence, piece), DOCUMENT_CHUNK))


def _shown(name: Sensitive[str]) -> str:
    """Return a file's name as text, cut to what a page shows; only for the sealed report."""
    return name.reveal().encode("utf-8", "replace").decode("utf-8")[-_NAME_SHOWN:]


def _one(row: tuple[object, ...], schema: pa.Schema) -> pa.RecordBatch:
    return pa.record_batch([pa.array([v], f.type) for v, f in zip(row, schema, strict=True)], schema=schema)
