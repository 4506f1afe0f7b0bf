"""Reader of plain documents: each file is a transaction of whom its path or a sidecar names, with the file attached.

Paths are those of the small KMEHR tree that docs/formats/documents.md states: `FILE/1` the folder, `FILE/1.1.1` the first
field of the patient, `FILE/1.2` the transaction, in it kind, date, title, attachment.
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
    NoHeaders,
    Reject,
    SourceFile,
)
from connectors.beside import is_document
from connectors.media_types import HEAD_BYTES, sniff_media_type
from connectors.sources.batches import Batches
from connectors.sources.documents.sidecars import Stated
from connectors.sources.documents.statement import statement_of
from connectors.sources.kmehr.rows import Rows
from connectors.sources.kmehr.tree import Element, branch, leaf
from connectors.sources.payloads import held_format
from schemas.disposition import Reason, UnitKind
from schemas.document_kinds import TRANSACTIONS, DocumentKind
from schemas.errors import UnreadableSourceError
from schemas.sensitive import Sensitive
from schemas.tables import CHUNK_BYTES

CODE_VERSION = "1.5"  # of CD-TRANSACTION


class DocumentConnector(NoHeaders):
    """Reads documents of which their path, the site or a sidecar states whose they are."""

    name = "document"

    def probe(self, file: SourceFile) -> Match | None:
        """Match a document by its content, and by a statement whose it is."""
        stated = is_document(file) and statement_of(file) is not None
        return Match(self.name, certain=True) if stated else None

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
        stated = statement_of(file)
        if stated is None:
            raise UnreadableSourceError("not_well_formed", file=file.ordinal)
        if (wanted is not None and first_patient not in wanted) or admit(folder) is not None:
            return
        batches = Batches()
        rows = Rows(file.ordinal, batches)
        stage_patient(rows, folder, first_patient, stated)
        if admit(contact) is None:
            attachment = stage_head(rows, folder, first_patient, stated)
            yield from _stage_bytes(rows, file, attachment, first_patient, contact, limits)
        yield from batches.finish()


def stage_patient(rows: Rows, folder: str, patient: int, stated: Stated) -> None:
    """Stage the patient and the fields that are stated."""
    fields = []
    if stated.number:
        fields.append(leaf("id", stated.number, S="INSS", SV="1.0"))
    if stated.first:
        fields.append(leaf("firstname", stated.first))
    if stated.family:
        fields.append(leaf("familyname", stated.family))
    if stated.birth:
        fields.append(branch("birthdate", leaf("date", stated.birth)))
    if stated.sex:
        fields.append(branch("sex", leaf("cd", stated.sex, S="CD-SEX", SV="1.0")))
    who = branch("patient", *fields)
    for ordinal, field in enumerate(fields, 1):
        field.ordinal = ordinal
        rows.unit(UnitKind.PATIENT_FIELD, f"{folder}.1.{ordinal}", patient, folder, field)
    rows.patient(folder, patient, who)


def stage_head(rows: Rows, folder: str, patient: int, stated: Stated) -> str:
    """Stage the transaction without its attachment or link; returns the path of that."""
    kind = TRANSACTIONS[stated.kind or DocumentKind.UNCLASSIFIED]
    fields = [leaf("cd", kind, S="CD-TRANSACTION", SV=CODE_VERSION)]
    if stated.date:
        fields.append(leaf("date", stated.date))
    head = branch("transaction", *fields)
    head.ordinal = 2
    contact = f"{folder}.2"
    rows.unit(UnitKind.TRANSACTION, contact, patient, folder, head)
    place = len(fields) + 1
    if stated.title:
        title = leaf("text", stated.title, L="und")
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
    rows.document(
        unit, patient, owner, element, (sniff_media_type(head), size, digest.digest(), held_format(head))
    )
