"""Reader of plain documents: each file is one transaction of the patient whom its path names, with the file as its attachment.

Paths are those of the small KMEHR tree that docs/formats/documents.md states: `FILE/1` the folder, `FILE/1.1.1` the number,
`FILE/1.2` the transaction, in it kind, date, title, attachment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing

from connectors.base import (
    Admission,
    Batch,
    Limits,
    Match,
    MessageHeader,
    Nested,
    Reject,
    SourceFile,
    Unheaded,
)
from connectors.beside import is_document
from connectors.media_types import HEAD_BYTES, sniff_media_type
from connectors.sources.batches import Batches
from connectors.sources.documents.naming import Naming, naming_of
from connectors.sources.kmehr.rows import Rows
from connectors.sources.kmehr.tree import Element, branch, leaf
from schemas.disposition import Reason, UnitKind
from schemas.document_kinds import TRANSACTIONS
from schemas.errors import UnreadableSourceError
from schemas.sensitive import Sensitive
from schemas.tables import CHUNK_BYTES

CODE_VERSION = "1.5"  # of CD-TRANSACTION


class DocumentConnector:
    """Reads documents; the path inside the export must name one national number."""

    name = "document"

    def probe(self, file: SourceFile) -> Match | None:
        """Match a document by its content, and by a path that says whose it is."""
        named = naming_of(file.name.reveal()) is not None
        return Match(self.name, certain=True) if named and is_document(file) else None

    def headers(self, file: SourceFile, limits: Limits) -> Iterator[MessageHeader | Unheaded | Nested]:  # noqa: ARG002 - the protocol asks for both
        """Yields nothing: documents name no system."""
        return iter(())

    def read(
        self,
        file: SourceFile,
        first_patient: int,
        admit: Admission,
        limits: Limits,
        wanted: range | None = None,
    ) -> Iterator[Batch | Reject]:
        """Yield the rows of the one document; one above `max_attachment_bytes` is rejected, and the rest arrives."""
        folder, contact = f"{file.ordinal}/1", f"{file.ordinal}/1.2"
        naming = naming_of(file.name.reveal())
        if naming is None:
            raise UnreadableSourceError("not_well_formed", file=file.ordinal)
        if (wanted is not None and first_patient not in wanted) or admit(folder) is not None:
            return
        batches = Batches()
        rows = Rows(file.ordinal, batches)
        _stage_patient(rows, folder, first_patient, naming)
        if admit(contact) is None:
            attachment = _stage_head(rows, folder, first_patient, naming)
            yield from _stage_bytes(rows, file, attachment, first_patient, contact, limits)
        yield from batches.finish()


def _stage_patient(rows: Rows, folder: str, patient: int, naming: Naming) -> None:
    number = leaf("id", naming.inss, S="INSS", SV="1.0")
    rows.unit(UnitKind.PATIENT_FIELD, f"{folder}.1.1", patient, folder, number)
    rows.patient(folder, patient, branch("patient", number))


def _stage_head(rows: Rows, folder: str, patient: int, naming: Naming) -> str:
    """Stage the transaction without its attachment; returns the attachment's path."""
    fields = [leaf("cd", TRANSACTIONS[naming.kind], S="CD-TRANSACTION", SV=CODE_VERSION)]
    if naming.date:
        fields.append(leaf("date", naming.date))
    head = branch("transaction", *fields)
    head.ordinal = 2
    contact = f"{folder}.2"
    rows.unit(UnitKind.TRANSACTION, contact, patient, folder, head)
    place = len(fields) + 1
    if naming.title:
        title = leaf("text", naming.title, L="und")
        title.ordinal = place
        rows.unit(UnitKind.TEXT, f"{contact}.{place}", patient, contact, title)
        place += 1
    return f"{contact}.{place}"


def _stage_bytes(
    rows: Rows, file: SourceFile, unit: str, patient: int, owner: str, limits: Limits
) -> Iterator[Batch | Reject]:
    digest, size, head = hashlib.sha256(), 0, b""
    with closing(file.open()) as stream:
        for sequence, piece in enumerate(iter(lambda: stream.read(CHUNK_BYTES), b"")):
            head = head or piece[:HEAD_BYTES]
            digest.update(piece)
            size += len(piece)
            rows.chunk(unit, patient, sequence, piece)
            yield from rows.batches.take()
    if size > limits.max_attachment_bytes:
        yield Reject(
            unit,
            file.ordinal,
            patient,
            UnitKind.ATTACHMENT.value,
            Reason.ATTACHMENT_TOO_LARGE,
            Sensitive(b""),
        )
        return
    element = Element("lnk", {"TYPE": "multimedia"}, int(unit.rpartition(".")[2]))
    rows.document(unit, patient, owner, element, (sniff_media_type(head), size, digest.digest(), None))
