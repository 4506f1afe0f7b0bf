"""KMEHR exports (SMF, PMF, SUMEHR and the rest) as canonical rows. See docs/formats/kmehr.md."""

from __future__ import annotations

import re
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
    Verdict,
)
from connectors.sources.batches import Batches
from connectors.sources.kmehr import _cut as kmehr_cut
from connectors.sources.kmehr._contents import put_aside
from connectors.sources.kmehr._cut import FolderCut
from connectors.sources.kmehr._header import HeaderListener, NestedHeaders, message_header, sender_parties
from connectors.sources.kmehr._runs import StrangeFolderError, is_marked_up
from connectors.sources.kmehr._stream import Events, NoEvents, parse_documents
from connectors.sources.kmehr._units import UnitReader
from connectors.sources.kmehr._whole import WholeFolder
from connectors.sources.kmehr.bytes import BOMS_16, CHUNK, Repair, clean_pieces
from connectors.sources.kmehr.rows import Rows
from connectors.sources.kmehr.tree import Element
from schemas.disposition import Disposition, Reason
from schemas.errors import SourceError, UnexplainedUnitError, UnreadableSourceError

PROBED = 1024
ROOT = re.compile(r"<(?:[\w.\-]+:)?(kmehrmessage|folder)[\s/>]")
PASSED_OVER = Verdict(Disposition.OUT_OF_SCOPE, Reason.PATIENT_OUT_OF_SCOPE)
ANY_ROOT = re.compile(r"<(?:[\w.\-]+:)?([A-Za-z_][\w.\-]*)[\s/>]")


class KmehrConnector:
    """Reads KMEHR files as a stream; holds one unit, one unfinished batch a table, and one piece."""

    name = "kmehr"

    def probe(self, file: SourceFile) -> Match | None:
        """Match by the first KB; an envelope, or markup whose root is further down, is not certain."""
        head = file.beginning(PROBED)
        if head is None:
            return None
        text = Repair(head).feed(head).decode("utf-8", "replace").lstrip()
        if "<" not in text or (b"\0" in head and not head.startswith(BOMS_16)):
            return None
        root = ROOT.search(text)
        if root is not None:
            return Match(self.name, certain=root[1] == "kmehrmessage")
        other = ANY_ROOT.search(text)
        foreign = other is not None and other[1] != "Envelope"
        return Match(self.name, certain=False) if text.startswith("<") and not foreign else None

    def headers(self, file: SourceFile, limits: Limits) -> Iterator[MessageHeader | Unheaded | Nested]:
        """Read the headers of all messages of all documents; of folders, only where they begin and end.

        A `kmehrmessage` with a folder but no header is Unheaded; a folder outside messages needs no header.
        """
        found: list[MessageHeader | Unheaded | Nested] = []
        listener = HeaderListener(
            on_header=lambda header, path: found.append(message_header(header, path)),
            on_unheaded=lambda path: found.append(Unheaded(path)),
        )
        cut = FolderCut[WholeFolder | None](_check_bounds, min(limits.max_unit_bytes, kmehr_cut.LARGEST))
        reader = UnitReader(
            Rows(file.ordinal, Batches()), 1, lambda _path: PASSED_OVER, limits, listener, cut
        )
        nested = NestedHeaders(
            reader, lambda header: found.append(Nested(message_header(header, ""))), limits.max_unit_bytes
        )
        try:
            for _ in _parsed(file, reader, limits, nested):
                yield from found
                found.clear()
        except SourceError:
            yield from found  # what was read before the damage counts nevertheless
            raise

    def read(
        self,
        file: SourceFile,
        first_patient: int,
        admit: Admission,
        limits: Limits,
        wanted: range | None = None,
    ) -> Iterator[Batch | Reject]:
        """Yield the rows of the file, with patients numbered from `first_patient`.

        Raises UnreadableSourceError `not_well_formed` or `cut_short` (rows yielded before are void),
        UnsafeSourceError `doctype`, LimitExceededError.
        """
        batches = Batches()
        rows = Rows(file.ordinal, batches)

        def providers(header: Element, path: str) -> None:
            for unit, party in sender_parties(header, path):
                rows.provider(unit, "sender", party)

        def whole(folder: bytes) -> WholeFolder | None:
            if wanted is None or reader.patient + 1 in wanted:
                return WholeFolder(folder, limits.max_depth - reader.depth)
            _check_bounds(folder)
            return None

        cut = FolderCut[WholeFolder | None](whole, min(limits.max_unit_bytes // 2, kmehr_cut.LARGEST))
        listener = HeaderListener(on_header=providers)
        reader = UnitReader(rows, first_patient, admit, limits, listener, cut, wanted)
        for _ in _parsed(file, reader, limits, reader):
            yield from batches.take()
            if reader.rejects:
                yield from _taken(reader.rejects)
        reader.finish()
        yield from _taken(reader.rejects)
        yield from batches.finish()


def _parsed(file: SourceFile, reader: UnitReader, limits: Limits, events: Events) -> Iterator[None]:
    """Parse the documents of a file, with separate reading of folders where possible; yields now and then.

    `events`: the reader, or a filter that passes all events on to it.
    """
    with closing(file.open()) as stream:
        pieces = clean_pieces(stream, file.ordinal, limits, CHUNK)
        around = reader.cut.pieces(pieces, reader.is_between)
        try:
            yield from parse_documents(around, events, file.ordinal, limits)
        except UnreadableSourceError:
            if not reader.cut.count:
                raise
        else:
            reader.cut.close()
            return
    _find_fault(file, limits)


def _find_fault(file: SourceFile, limits: Limits) -> None:
    """Read a malformed file again without cutting folders out, to report the fault's place in the file."""
    with closing(file.open()) as stream:
        pieces = clean_pieces(stream, file.ordinal, limits, CHUNK)
        for _ in parse_documents(pieces, NoEvents(), file.ordinal, limits):
            pass
    raise UnexplainedUnitError("folder_not_met", file=file.ordinal)


def _check_bounds(folder: bytes) -> None:
    """Ignore a folder except for its bounds; reading it later checks whether it is well-formed."""
    bare, _ = put_aside(folder)
    if is_marked_up(bare) or bare.find(b"<folder", 1) >= 0:
        raise StrangeFolderError


def _taken(rejects: list[Reject]) -> list[Reject]:
    taken = list(rejects)
    rejects.clear()
    return taken
