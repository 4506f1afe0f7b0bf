"""The data process with one thing broken, as REPRISE_MUTANT says: PLACE:OPERATION:TABLE[:COLUMN].

TABLE: a staged table; of `unit` the kind of unit too (`unit/item`). COLUMN of a unit: where in its shape the text stands.
PLACE: reader (what the connector gives), staging (what is read back for delivery), writer (what reaches the part).
OPERATION: drop, double, swap (with another patient), alter (one value), turn (with what follows). Each is done once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

import flows.steps.deliver as deliver_step
import flows.steps.extract as extract_step
from connectors.base import Batch
from flows.engine import data_process
from vault.staging.segments import StagingReader

PLACE, OPERATION, WHAT, COLUMN = (os.environ["REPRISE_MUTANT"].split(":") + [""] * 2)[:4]
TABLE, _, KIND = WHAT.partition("/")
done = False


def mutate(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Break one row, once."""
    global done
    every = rows.to_pylist()
    made = [row for row in every if not KIND or row["kind"] == KIND]
    if done or not made:
        return rows
    one = made[len(made) // 2]
    if OPERATION == "drop":
        every.remove(one)
    elif OPERATION == "double":
        every.insert(every.index(one), one)
    elif OPERATION == "swap":
        places = ("unit", "file", "patient", "owner", "position", "sequence")
        values = [{name: row[name] for name in row if name not in places} for row in made]
        pairs = (
            (i, j)
            for i, one in enumerate(made)
            for j, other in enumerate(made)
            if one["patient"] != other["patient"] and values[i] != values[j]
        )
        i, j = next(pairs, (0, 0))
        made[i].update(values[j])
        made[j].update(values[i])
        if i == j:
            return rows
    elif not any(alter_text(row) if KIND else alter(row, COLUMN) for row in made):
        return rows
    done = PLACE == "reader"  # what is read back is read again and again, and always wrong
    return as_batch(every, rows.schema)


def as_batch(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Rows as they were, in the types of the schema (`from_pylist` makes no dictionaries)."""
    columns = [pa.array([row[field.name] for row in rows], plain(field.type)) for field in schema]
    cast = [column.cast(field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.record_batch(cast, schema=schema)


def plain(kind: pa.DataType) -> pa.DataType:
    """A type, or that of a dictionary's values."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def alter_text(row: dict[str, Any]) -> bool:
    """Change one character of the text that stands first at or after COLUMN in the shape of a unit."""
    at = row["shape"].find(COLUMN)
    slot = row["shape"].count("\0", 0, at)
    return at >= 0 and slot < len(row["texts"]) and alter(row["texts"], slot)


def alter(held: Any, key: Any) -> bool:
    """Change one character or byte in the first text found there."""
    value = held[key]
    if isinstance(value, str) and value:
        texts = r"(?<=[>=]['\"])\w|(?<=>)\w|(?<=\W-)\d" if value.startswith("<") else r"\w"
        if value.startswith("<lnk"):
            texts = r"(?<=TYPE=.)\w"  # its URL is made anew from the target
        at = max((m.start() for m in re.finditer(texts, value)), default=-1)
        if at < 0:
            return False
        held[key] = value[:at] + ("7" if value[at] != "7" else "3") + value[at + 1 :]
        return True
    if isinstance(value, bytes) and value:
        held[key] = value[:-1] + bytes([value[-1] ^ 1])
        return True
    return False


def break_reader() -> None:
    real = extract_step.by_name

    class Broken:
        def __init__(self, name: str) -> None:
            self._real = real(name)

        def read(self, *args: Any) -> Iterator[Any]:
            for found in self._real.read(*args):
                if isinstance(found, Batch) and found.table == TABLE:
                    yield Batch(found.table, mutate(found.rows))
                else:
                    yield found

    extract_step.by_name = Broken  # type: ignore[assignment]


def break_staging() -> None:
    real = StagingReader._read

    def broken(self: StagingReader, segment: Any, *columns: Any) -> Iterator[pa.RecordBatch]:
        for batch in real(self, segment, *columns):
            yield mutate(batch) if delivering and segment.table == TABLE else batch

    real_group = StagingReader._chunk_group

    def broken_group(self: StagingReader, segment: Any, group: int) -> pa.RecordBatch:
        batch = real_group(self, segment, group)
        return mutate(batch) if delivering and segment.table == TABLE else batch

    StagingReader._chunk_group = broken_group  # type: ignore[method-assign]
    delivering: list[bool] = []
    real_deliver = data_process._STEPS["deliver"]

    def deliver(context: Any, value: Any) -> Any:
        delivering.append(True)
        return real_deliver(context, value)

    data_process._STEPS["deliver"] = deliver
    StagingReader._read = broken  # type: ignore[method-assign]


def break_writer() -> None:
    """What a chart gives when it is written, changed; a swapped one gives the bytes of the first chart."""
    real = deliver_step.compose_chart
    first: list[Any] = []

    class Broken:
        def __init__(self, *given: Any) -> None:
            self._chart = real(*given)
            first.append(self._chart)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._chart, name)

        def write(self, emit: Callable[[bytes], None]) -> None:
            pieces: list[bytes] = []
            swapped = OPERATION == "swap" and len(first) == 2
            (first[0] if swapped else self._chart).write(pieces.append)
            emit(change(b"".join(pieces)))

    deliver_step.compose_chart = Broken


def change(data: bytes) -> bytes:
    global done
    found = re.search(WHAT.encode(), data, re.DOTALL)
    if done or OPERATION == "swap" or found is None:
        return data
    done = True
    if OPERATION == "raise":
        raise ValueError(data.decode())
    if OPERATION == "turn":  # every fact is there, in an order that is not valid
        end = data.index(b">", data.index(b"</", found.end())) + 1
        return data[: found.start()] + data[found.end() : end] + found[0] + data[end:]
    new = {
        "drop": b"",
        "double": found[0] * 2,
        "alter": re.sub(rb"\d", lambda m: b"7" if m[0] != b"7" else b"3", found[0], count=1),
    }[OPERATION]
    return data[: found.start()] + new + data[found.end() :]


def main() -> int:
    """As the true data process, with one thing broken."""
    {"reader": break_reader, "staging": break_staging, "writer": break_writer}[PLACE]()
    return data_process.main()
