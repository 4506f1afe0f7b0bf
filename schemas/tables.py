"""The canonical Arrow tables, the common language of sources and targets.

Every row carries the path of its unit, the ordinal of its source file, the ordinal of its patient (the n-th folder or message
of the source, counted from 1; not yet matched) and a disposition.
A unit path is `FILE/ROOT.CHILD.CHILD...`, with element ordinals counted from 1: `1/1.2.5.4` is the fourth child element of the
fifth child of the second child of the first document element of file 1. For line formats it is `FILE/MESSAGE.LINE`. A path
consists of ordinals only, so it may be logged.

`position` is the ordinal among the parent's child elements; it preserves order.
Dates are strings exactly as they came, with their precision beside them: nothing is completed.
"""

from __future__ import annotations

import pyarrow as pa

IDENTIFIER = pa.struct(
    [
        ("scheme", pa.string()),
        ("version", pa.string()),
        ("local_scheme", pa.string()),
        ("value", pa.string()),
    ]
)
COMMON = [
    pa.field("unit", pa.string(), nullable=False),
    pa.field("file", pa.int32(), nullable=False),
    pa.field("patient", pa.int32(), nullable=False),
    pa.field("disposition", pa.string(), nullable=False),
    pa.field("reason", pa.string()),
]
OWNED = [
    pa.field("owner", pa.string()),  # unit path of the parent element (patient, transaction, heading, item)
    pa.field("position", pa.int32()),
]


def moment(name: str) -> list[pa.Field]:
    """The three columns of a point in time: as it came, its precision, and the language of a text."""
    precision = f"{name}_precision"  # year | yearmonth | date | datetime | text
    return [
        pa.field(name, pa.string()),
        pa.field(precision, pa.string()),
        pa.field(f"{name}_language", pa.string()),
    ]


PATIENT = pa.schema(
    [
        *COMMON,
        pa.field("chart", pa.string()),  # unit path of the <patient> element or message; else empty
        pa.field("identifiers", pa.list_(IDENTIFIER)),
        pa.field("inss", pa.string()),  # eleven digits that pass the check, else null
        pa.field("first_names", pa.list_(pa.string())),
        pa.field("family_name", pa.string()),
        *moment("birth"),
        *moment("death"),
        pa.field("sex", pa.string()),  # as it came
        pa.field("language", pa.string()),
    ]
)
"""One row a source folder or message: the person it is about. It serves matching, scope and contracts; the fields themselves
are units with owner = chart."""

PROVIDER = pa.schema(
    [
        *COMMON,
        pa.field("role", pa.string()),  # sender | author
        pa.field("xml", pa.string()),  # the hcparty element, without namespaces
    ]
)
"""The hcparty elements of a message's header sender, once a message; patient = 0."""

SHAPE = pa.dictionary(pa.int32(), pa.string())
UNIT = pa.schema(
    [
        *COMMON,
        *OWNED,
        pa.field("kind", pa.string(), nullable=False),  # UnitKind
        pa.field("name", pa.string()),
        pa.field("date", pa.string()),  # of a transaction, as it came
        pa.field("record_kind", pa.string()),  # of a transaction: RecordKind
        pa.field("responsible", pa.string()),  # of a transaction
        pa.field("shape", SHAPE, nullable=False),
        pa.field("texts", pa.list_(pa.string()), nullable=False),
    ]
)
"""One row a unit that is neither link nor attachment: its element without nested units, which have rows of their own.

`kind` is transaction, heading, item, text or patient_field; `name` the CD-TRANSACTION or CD-ITEM as it came, otherwise the
element's name; `responsible` the first eight NIHII digits of the first author who is a person.

The element is staged as its *shape* and its *texts* (`schemas.shapes`). Nothing of it is lost, and units can be written and
profiled once a shape, of which a practice has few, rather than once a unit. Under a transaction, heading or folder, a unit of
no other kind is a `text`, whatever its name; a `patient_field` is a child of `patient`."""

LINK = pa.schema(
    [
        *COMMON,
        *OWNED,
        pa.field("type", pa.string()),
        pa.field("url", pa.string()),
        pa.field("target", pa.string()),  # the MF-ID that the URL names, or null
        pa.field("xml", pa.string()),  # the element, without namespaces
    ]
)

DOCUMENT = pa.schema(
    [
        *COMMON,
        *OWNED,
        pa.field("link_type", pa.string()),
        pa.field("url", pa.string()),
        pa.field("size_label", pa.string()),  # SIZE as it came
        pa.field("media_type_label", pa.string()),  # MEDIATYPE as it came
        pa.field("media_type", pa.string()),  # according to the bytes (magic numbers)
        pa.field("bytes", pa.int64()),
        pa.field("sha256", pa.binary(32)),
        pa.field(
            "message_format", pa.string()
        ),  # healthone | medidoc | medar | hl7 | fhir, if it begins with such messages; container, if it may hold some
    ]
)
"""One row an attachment; its bytes are in `document_chunk`."""

DOCUMENT_CHUNK = pa.schema(
    [
        pa.field("unit", pa.string(), nullable=False),
        pa.field("file", pa.int32(), nullable=False),
        pa.field("patient", pa.int32(), nullable=False),
        pa.field("sequence", pa.int32(), nullable=False),
        pa.field("content", pa.binary(), nullable=False),
    ]
)
"""The decoded bytes of documents (and the raw bytes of quarantined units), in pieces of at most 1 MiB."""

TABLES: dict[str, pa.Schema] = {
    "patient": PATIENT,
    "provider": PROVIDER,
    "unit": UNIT,
    "link": LINK,
    "document": DOCUMENT,
    "document_chunk": DOCUMENT_CHUNK,
}
CHUNK_BYTES = 1 << 20
