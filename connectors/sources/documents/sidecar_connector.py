"""Reader of sidecars: which documents they describe stands in the charts; the rows themselves are handed over sealed.

Row N of a sidecar is `FILE/N.1`, in the scope of whom it names. A row that names a file that the export does not hold becomes a
transaction of its own (`FILE/N.2`) with a link in the place of the document.
"""

from __future__ import annotations

from collections.abc import Iterator

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
from connectors.sources.documents.connector import stage_head, stage_patient
from connectors.sources.documents.sidecars import Entry, entries_of
from connectors.sources.kmehr.rows import Rows
from connectors.sources.kmehr.tree import Element
from schemas.disposition import Reason, UnitKind
from schemas.errors import UnreadableSourceError
from schemas.sensitive import Sensitive


class SidecarConnector(NoHeaders):
    """Reads files that state whose the documents beside them are."""

    name = "sidecar"

    def probe(self, file: SourceFile) -> Match | None:
        """Match a file by its name, its content and the files beside it."""
        return Match(self.name, certain=True) if entries_of(file) else None

    def read(
        self,
        file: SourceFile,
        first_patient: int,
        admit: Admission,
        limits: Limits,  # noqa: ARG002 - the protocol asks for it; a sidecar has a bound of its own
        wanted: range | None = None,
    ) -> Iterator[Batch | Reject]:
        """Yield a reject for each row about a document of the export, and the rows of a chart for each other."""
        entries = entries_of(file)
        if not entries:
            raise UnreadableSourceError("not_well_formed", file=file.ordinal)
        batches = Batches()
        rows = Rows(file.ordinal, batches)
        for number, entry in enumerate(entries, 1):
            folder, patient = f"{file.ordinal}/{number}", first_patient + number - 1
            if (wanted is not None and patient not in wanted) or admit(folder) is not None:
                continue
            reason = _reason(file, entry)
            if reason is not None:
                unit, kind = f"{folder}.1", UnitKind.MESSAGE_HEADER.value
                yield Reject(unit, file.ordinal, patient, kind, reason, Sensitive(entry.raw))
                continue
            _stage_missing(rows, folder, patient, entry, admit)
            yield from batches.take()
        yield from batches.finish()


def _reason(file: SourceFile, entry: Entry) -> Reason | None:
    """Why a row is handed over; None if the file that it names is not in the export, and it says whose that is."""
    if entry.stated is None:
        return Reason.PATIENT_UNKNOWN
    if file.export.at(entry.path) is not None:
        return Reason.DESCRIBES_DOCUMENT
    return None if entry.stated.names_somebody else Reason.PATIENT_UNKNOWN


def _stage_missing(rows: Rows, folder: str, patient: int, entry: Entry, admit: Admission) -> None:
    stated = entry.stated
    if stated is None:
        return
    stage_patient(rows, folder, patient, stated)
    contact = f"{folder}.2"
    if admit(contact) is None:
        place = stage_head(rows, folder, patient, stated)
        labels = {"TYPE": "multimedia", "URL": stated.file}
        rows.link(place, patient, contact, Element("lnk", labels, int(place.rpartition(".")[2])))
