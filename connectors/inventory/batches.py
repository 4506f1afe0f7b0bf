"""Arrow batches of the books."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from connectors.base import Batch
from connectors.inventory.units import CountedRow
from schemas.books import COUNTED_PATIENT, COUNTED_UNIT

ROWS = 10_000


def unit_batches(file: int, rows: Sequence[CountedRow]) -> Iterator[Batch]:
    """Batches of `counted_unit`, at most `ROWS` rows each."""
    for start in range(0, len(rows), ROWS):
        some = rows[start : start + ROWS]
        columns: list[list[object]] = [
            [row.unit for row in some],
            [file] * len(some),
            [row.patient for row in some],
            [str(row.kind) for row in some],
            [None if row.record_kind is None else str(row.record_kind) for row in some],
            [row.responsible for row in some],
            [row.digest for row in some],
            [[{"start": begin, "end": end} for begin, end in row.spans] for row in some],
        ]
        yield Batch("counted_unit", _batch(columns, COUNTED_UNIT))


def patient_batch(file: int, patients: Sequence[tuple[int, str, str | None, str | None]]) -> Batch:
    """One batch of `counted_patient` from (patient, unit, inss, last seen)."""
    numbers, units, inss, seen = (list(column) for column in zip(*patients, strict=True))
    columns: list[list[object]] = [numbers, [file] * len(patients), units, inss, seen]
    return Batch("counted_patient", _batch(columns, COUNTED_PATIENT))


def _batch(columns: list[list[object]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.record_batch(arrays, schema=schema)
