"""Column builders: take rows as tuples in schema order, return record batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from connectors.base import Batch
from schemas.tables import TABLES

MAX_ROWS = 10_000
MAX_BYTES = 4 << 20


class Batches:
    """Collects rows of all tables and returns full batches. Holds at most one unfinished batch a table."""

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
        self._bytes: dict[str, int] = dict.fromkeys(TABLES, 0)
        self._full: list[Batch] = []

    def add(self, table: str, row: tuple[Any, ...], weight: int) -> None:
        """Add a row; `weight` is approximately its size in bytes."""
        rows = self._rows[table]
        rows.append(row)
        self._bytes[table] += weight
        if len(rows) >= MAX_ROWS or self._bytes[table] >= MAX_BYTES:
            self._close(table)

    def take(self) -> list[Batch]:
        """Returns the full batches, in the order in which they filled."""
        full, self._full = self._full, []
        return full

    def finish(self) -> list[Batch]:
        """Returns what is left."""
        for table in TABLES:
            if self._rows[table]:
                self._close(table)
        return self.take()

    def _close(self, table: str) -> None:
        schema = TABLES[table]
        columns = zip(*self._rows[table], strict=True)
        arrays = [_array(list(column), field.type) for column, field in zip(columns, schema, strict=True)]
        self._full.append(Batch(table, pa.RecordBatch.from_arrays(arrays, schema=schema)))
        self._rows[table] = []
        self._bytes[table] = 0


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """An Arrow array; structs are tuples in field order, so that rows need no dicts."""
    if pa.types.is_struct(kind):
        return _structs(values, kind)
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode()
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        offsets, flat = [0], []
        for value in values:
            flat.extend(value)
            offsets.append(len(flat))
        return pa.ListArray.from_arrays(
            pa.array(offsets, pa.int32()), _structs(flat, kind.value_type), type=kind
        )
    return pa.array(values, kind)


def _structs(values: Sequence[Any], kind: pa.StructType) -> pa.Array:
    fields = [kind.field(at) for at in range(kind.num_fields)]
    missing = (None,) * len(fields)
    columns = list(zip(*(missing if value is None else value for value in values), strict=True))
    arrays = [pa.array(columns[at] if columns else [], field.type) for at, field in enumerate(fields)]
    mask = pa.array([value is None for value in values], pa.bool_())
    return pa.StructArray.from_arrays(arrays, fields=fields, mask=mask)
