"""Arrow batches of the books."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from connectors.base import Batch
from connectors.inventory.facts.units import CountedRow, Transaction
from schemas.books import COUNTED_PATIENT, COUNTED_UNIT, SPAN

Ints = npt.NDArray[np.int64]
ROWS = 10_000


def unit_batches(file: int, rows: Sequence[CountedRow]) -> Iterator[Batch]:
    """Batches of `counted_unit`, at most `ROWS` rows each."""
    for start in range(0, len(rows), ROWS):
        yield Batch("counted_unit", rows_batch(file, rows[start : start + ROWS]))


def rows_batch(file: int, rows: Sequence[CountedRow]) -> pa.RecordBatch:
    """Rows of `counted_unit`."""
    columns: list[list[object]] = [
        [row.unit for row in rows],
        [file] * len(rows),
        [row.patient for row in rows],
        [str(row.kind) for row in rows],
        [None if row.record_kind is None else str(row.record_kind) for row in rows],
        [row.responsible for row in rows],
        [row.digest for row in rows],
        [[{"start": begin, "end": end} for begin, end in row.spans] for row in rows],
    ]
    return _batch(columns, COUNTED_UNIT)


def units_batch(
    file: int,
    paths: list[str],
    patients: Ints,
    kinds: list[str],
    told: Sequence[Transaction | None],
    digests: list[bytes],
    spans: tuple[Ints, Ints, Ints],
) -> pa.RecordBatch:
    """Rows of `counted_unit` from columns; `told`: the transaction around each; `spans`: owner, begin, end, sorted by owner."""
    owner, begin, end = spans
    offsets = np.searchsorted(owner, np.arange(len(paths) + 1)).astype(np.int32)
    ranges = pa.StructArray.from_arrays([pa.array(begin), pa.array(end)], fields=list(SPAN))
    columns = [
        pa.array(paths, pa.string()),
        pa.array(np.full(len(paths), file, np.int32)),
        pa.array(patients.astype(np.int32)),
        pa.array(kinds, pa.string()),
        pa.array([None if each is None else str(each.record_kind) for each in told], pa.string()),
        pa.array([None if each is None else each.responsible for each in told], pa.string()),
        pa.array(digests, pa.binary(32)),
        pa.ListArray.from_arrays(pa.array(offsets), ranges).cast(COUNTED_UNIT.field("spans").type),
    ]
    return pa.record_batch(columns, schema=COUNTED_UNIT)


def patient_batch(
    file: int,
    patients: Sequence[tuple[int, str, str | None, str | None]],
    keys: Sequence[bytes | None] | None = None,
) -> Batch:
    """One batch of `counted_patient` from (patient, unit, inss, last seen), and the digests of the keys of a table's rows."""
    numbers, units, inss, seen = (list(column) for column in zip(*patients, strict=True))
    keyed = [None] * len(patients) if keys is None else keys
    columns: list[list[object]] = [numbers, [file] * len(patients), units, inss, seen, list(keyed)]
    return Batch("counted_patient", _batch(columns, COUNTED_PATIENT))


def _batch(columns: list[list[object]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.record_batch(arrays, schema=schema)
