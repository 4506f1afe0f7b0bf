"""The canonical Arrow tables, the one language between sources and targets.

Every row carries the path of its unit, the ordinal of its source file, the ordinal of the patient it
belongs to (the n-th folder or message of the source, counted from 1; not yet matched) and a disposition.
A unit path is `FILE/ROOT.CHILD.CHILD...`: element ordinals counted from 1, e.g. `1/1.2.5.4` is the fourth
child element of the fifth child of the second child of the first document element of file 1. For line
formats it is `FILE/MESSAGE.LINE`. It is made of ordinals alone: it may be logged.

`slot` says which part of an item a leaf belongs to: 0 the item itself (`cd`, `text`), n its n-th `content`.
`position` is the ordinal among the parent's child elements, so that order survives.
Dates are strings exactly as they came, with their precision beside them: nothing is completed.
"""

from __future__ import annotations

import pyarrow as pa

TEXT = pa.struct([("slot", pa.int16()), ("language", pa.string()), ("value", pa.string())])
CODE = pa.struct(
    [
        ("slot", pa.int16()),
        ("scheme", pa.string()),  # S
        ("version", pa.string()),  # SV
        ("local_scheme", pa.string()),  # SL
        ("value", pa.string()),
        ("display", pa.string()),  # DN
        ("language", pa.string()),  # L
        ("null_flavor", pa.string()),
    ]
)
IDENTIFIER = pa.struct(
    [
        ("scheme", pa.string()),
        ("version", pa.string()),
        ("local_scheme", pa.string()),
        ("value", pa.string()),
    ]
)
MEASURE = pa.struct(
    [
        ("slot", pa.int16()),
        ("role", pa.string()),  # value | minref | maxref
        ("form", pa.string()),  # decimal | unsignedInt | boolean | date | time | year | yearmonth | text
        ("value", pa.string()),  # as it came
        ("unit_scheme", pa.string()),
        ("unit_version", pa.string()),
        ("unit", pa.string()),
    ]
)
PRODUCT = pa.struct(
    [
        ("slot", pa.int16()),
        ("form", pa.string()),  # medicinalproduct | substanceproduct
        ("code_role", pa.string()),  # intendedcd | deliveredcd | none
        ("scheme", pa.string()),
        ("version", pa.string()),
        ("code", pa.string()),
        ("name_role", pa.string()),  # intendedname | deliveredname | none
        ("name", pa.string()),
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
"""One row a source folder or message: who it is about. It serves matching, scope and contracts; the
fields themselves are units and travel in `fragment`, owner = chart."""

PROVIDER = pa.schema(
    [
        *COMMON,
        pa.field("role", pa.string()),  # sender | author
        pa.field("codes", pa.list_(CODE)),
        pa.field("identifiers", pa.list_(IDENTIFIER)),
        pa.field("first_name", pa.string()),
        pa.field("family_name", pa.string()),
        pa.field("name", pa.string()),
        pa.field("xml", pa.string()),  # the hcparty element, namespaces taken off
    ]
)
"""The hcparty elements of a message's header sender, once a message; patient = 0."""

CONTACT = pa.schema(
    [
        *COMMON,
        *OWNED,
        pa.field("identifiers", pa.list_(IDENTIFIER)),
        pa.field("codes", pa.list_(CODE)),
        pa.field("date", pa.string()),
        pa.field("time", pa.string()),
        pa.field("is_complete", pa.string()),
        pa.field("is_validated", pa.string()),
        pa.field("recorded", pa.string()),
        pa.field("record_kind", pa.string()),  # RecordKind
        pa.field("responsible", pa.string()),  # first eight NIHII digits of the first person-author, or null
    ]
)
"""One row a transaction: its head. Author, redactor and whatever else its head holds travel in `fragment`."""

SECTION = pa.schema(
    [*COMMON, *OWNED, pa.field("identifiers", pa.list_(IDENTIFIER)), pa.field("codes", pa.list_(CODE))]
)
"""One row a heading."""

ITEM = pa.schema(
    [
        *COMMON,
        *OWNED,
        pa.field("kind", pa.string()),  # CD-ITEM as it came
        pa.field("identifiers", pa.list_(IDENTIFIER)),
        pa.field("codes", pa.list_(CODE)),  # slot 0: second and further cd; the CD-ITEM one included
        pa.field("texts", pa.list_(TEXT)),
        pa.field("measures", pa.list_(MEASURE)),
        pa.field("products", pa.list_(PRODUCT)),
        *moment("begin"),
        *moment("end"),
        pa.field("lifecycle", CODE),
        pa.field("is_relevant", pa.string()),
        pa.field("severity", CODE),
        pa.field("certainty", CODE),
        pa.field("temporality", CODE),
        pa.field("posology", pa.string()),
        pa.field("posology_language", pa.string()),
        pa.field("batch", pa.string()),
        pa.field("recorded", pa.string()),
    ]
)
"""One row an item. A child element that does not fit its column exactly goes to `fragment` instead."""

LAB_RESULT = ITEM
"""Items of kind `lab`: the same columns."""

NARRATIVE = pa.schema([*COMMON, *OWNED, pa.field("language", pa.string()), pa.field("value", pa.string())])
"""Free text directly under a transaction, heading or folder."""

LINK = pa.schema(
    [
        *COMMON,
        *OWNED,
        pa.field("type", pa.string()),
        pa.field("url", pa.string()),
        pa.field("target", pa.string()),  # the MF-ID the URL speaks of, or null
        pa.field("xml", pa.string()),  # the element, namespaces taken off
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
        pa.field("media_type", pa.string()),  # as the bytes say (magic numbers)
        pa.field("bytes", pa.int64()),
        pa.field("sha256", pa.binary(32)),
        pa.field("message_format", pa.string()),  # healthone, when the content is such a message
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

FRAGMENT = pa.schema(
    [
        *COMMON,
        *OWNED,
        pa.field("name", pa.string()),
        pa.field("slot", pa.int16()),  # of a `content`: its number among its item's contents; else null
        pa.field("xml", pa.string()),
    ]
)
"""Child elements without a column, verbatim but for namespaces: lossless by construction."""

TABLES: dict[str, pa.Schema] = {
    "patient": PATIENT,
    "provider": PROVIDER,
    "contact": CONTACT,
    "section": SECTION,
    "item": ITEM,
    "lab_result": LAB_RESULT,
    "narrative": NARRATIVE,
    "link": LINK,
    "document": DOCUMENT,
    "document_chunk": DOCUMENT_CHUNK,
    "fragment": FRAGMENT,
}
CHUNK_BYTES = 1 << 20
