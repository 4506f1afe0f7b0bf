"""Reader of tables: each row is a record of one patient, by the reviewed mapping whose header the table has.

The n-th row is `FILE/n`: the patient's fields are `FILE/n.1.K`, transactions `FILE/n.2` and on. Rows that a mapping cannot
place are rejects with a reason: other cells than the header or a quotation that does not end (`row_ragged`), an empty cell
that the mapping requires (`value_missing`), a value that it does not admit (`value_invalid`), a row above the limit. A row that
names a patient whom no other table describes is read, and makes a chart with nothing but that key.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial

from connectors.base import (
    Admission,
    Batch,
    Limits,
    Match,
    NoHeaders,
    Reject,
    SourceFile,
)
from connectors.sources.batches import Batches
from connectors.sources.delimited._records import HEADER_BYTES, Record, known_mapping, records
from connectors.sources.delimited._row import Placed, contacts, patient_fields, place
from connectors.sources.kmehr.bytes import read_piece
from connectors.sources.kmehr.rows import Rows
from connectors.sources.kmehr.tree import Element
from schemas.disposition import Reason, UnitKind
from schemas.errors import LimitExceededError, MappingError, UnreadableSourceError
from schemas.mapping import Mapping
from schemas.sensitive import Sensitive

TABLE_BYTES = 256 << 20
"""A larger table is not read, because it is held in memory while it is read."""
_PIECE = 1 << 20


class DelimitedConnector(NoHeaders):
    """Reads tables whose header a reviewed mapping names."""

    name = "delimited"

    def probe(self, file: SourceFile) -> Match | None:
        """Match by the header, which must be that of a mapping, name for name.

        Raises MappingError: `mapping_draft` if only a draft knows the header, and what is wrong with the site's mapping files.
        """
        head = file.beginning(HEADER_BYTES)
        if head is None or not _may_be_table(head):
            return None
        if known_mapping(head, file.export.rules.mappings.reviewed) is not None:
            return Match(self.name, certain=True)
        if known_mapping(head, file.export.rules.mappings.drafts) is not None:
            raise MappingError("mapping_draft", file=file.ordinal)
        return None

    def read(
        self,
        file: SourceFile,
        first_patient: int,
        admit: Admission,
        limits: Limits,
        wanted: range | None = None,
    ) -> Iterator[Batch | Reject]:
        """Yield the rows of each record of the table; `admit` is called with the path of the row and of each transaction."""
        if file.size > min(TABLE_BYTES, limits.max_file_bytes):
            raise LimitExceededError("file_too_large", file=file.ordinal, limit=TABLE_BYTES)
        with closing(file.open()) as stream:
            data = b"".join(iter(partial(read_piece, stream, _PIECE, file.ordinal), b""))
        mapping = known_mapping(data[:HEADER_BYTES], file.export.rules.mappings.reviewed)
        if mapping is None:
            raise UnreadableSourceError("not_well_formed", file=file.ordinal)
        batches = Batches()
        rows = Rows(file.ordinal, batches)
        found = records(data, mapping.file)
        next(found)  # the header
        for number, record in enumerate(found, 1):
            patient, unit = first_patient + number - 1, f"{file.ordinal}/{number}"
            if (wanted is not None and patient not in wanted) or admit(unit) is not None:
                continue
            placed = _placed(mapping, record, limits)
            if isinstance(placed, Reason):
                kind = UnitKind.ROW.value
                yield Reject(f"{unit}.1", file.ordinal, patient, kind, placed, Sensitive(record.raw))
                continue
            _stage(rows, unit, patient, patient_fields(mapping, placed))
            _stage_contacts(rows, unit, patient, placed, admit)
            yield from batches.take()
        yield from batches.finish()


def _may_be_table(head: bytes) -> bool:
    """Whether the first line has a sign that separates cells: mappings are read only for such files."""
    first = head.lstrip(b"\r\n").partition(b"\n")[0]
    return any(sign in first for sign in b",;\t|")


def _placed(mapping: Mapping, record: Record, limits: Limits) -> Placed | Reason:
    if len(record.raw) > limits.max_unit_bytes:
        return Reason.UNIT_TOO_LARGE
    return Reason.ROW_RAGGED if record.cells is None else place(mapping, record.cells)


def _stage(rows: Rows, unit: str, patient: int, fields: list[Element]) -> None:
    who = Element("patient", {}, 1)
    for element in fields:
        who.append(element)
        rows.unit(UnitKind.PATIENT_FIELD, f"{unit}.1.{element.ordinal}", patient, unit, element)
    rows.patient(unit, patient, who)


def _stage_contacts(rows: Rows, unit: str, patient: int, placed: Placed, admit: Admission) -> None:
    for contact in contacts(placed):
        path = f"{unit}.{contact.head.ordinal}"
        if admit(path) is not None:
            continue
        rows.unit(UnitKind.TRANSACTION, path, patient, unit, contact.head)
        for item in contact.items:
            rows.unit(UnitKind.ITEM, f"{path}.{item.ordinal}", patient, path, item)
        for text in contact.texts:
            rows.unit(UnitKind.TEXT, f"{path}.{text.ordinal}", patient, path, text)
