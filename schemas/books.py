"""The tables of the books: what the independent counter found, and the outcome of each unit."""

from __future__ import annotations

import pyarrow as pa

SPAN = pa.struct([("start", pa.int64()), ("end", pa.int64())])

COUNTED_UNIT = pa.schema(
    [
        pa.field("unit", pa.string(), nullable=False),
        pa.field("file", pa.int32(), nullable=False),
        pa.field("patient", pa.int32(), nullable=False),  # 0: belongs to no patient
        pa.field("kind", pa.string(), nullable=False),  # UnitKind
        pa.field("record_kind", pa.string()),  # RecordKind
        pa.field("responsible", pa.string()),  # eight NIHII digits, or null
        pa.field(
            "digest", pa.binary(32), nullable=False
        ),  # keyed digest of its facts (docs/formats/facts.md)
        pa.field("spans", pa.list_(SPAN), nullable=False),  # byte ranges [start, end) of the source file
    ]
)
"""The source side: one row a unit."""

COUNTED_PATIENT = pa.schema(
    [
        pa.field("patient", pa.int32(), nullable=False),
        pa.field("file", pa.int32(), nullable=False),
        pa.field("unit", pa.string(), nullable=False),  # path of the folder or message
        pa.field("inss", pa.string()),  # eleven valid digits, or null
        pa.field("last_seen", pa.string()),  # latest transaction date yyyy-mm-dd, or null
        pa.field(
            "key", pa.binary(32)
        ),  # of a row of a table: keyed digest of what the person's rows have in common
    ]
)

DELIVERED_UNIT = pa.schema(
    [
        pa.field("chart", pa.int32(), nullable=False),
        pa.field("patient", pa.int32(), nullable=False),  # the first source folder of the chart
        pa.field("kind", pa.string(), nullable=False),
        pa.field("digest", pa.binary(32), nullable=False),
        pa.field("degraded", pa.bool_(), nullable=False),
        pa.field("derived", pa.bool_(), nullable=False),
    ]
)
"""The delivered side: one row for each unit read back from the plain stream while it is sealed."""

OUTCOME = pa.schema(
    [
        pa.field("unit", pa.string(), nullable=False),
        pa.field("file", pa.int32(), nullable=False),
        pa.field("patient", pa.int32(), nullable=False),
        pa.field("chart", pa.int32(), nullable=False),  # 0: in no chart
        pa.field("kind", pa.string(), nullable=False),
        pa.field("disposition", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
    ]
)
"""The outcome of each unit according to the pipeline: written by extract (out of scope, quarantined) and deliver."""
