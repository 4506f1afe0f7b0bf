"""KMEHR exports (SMF, PMF, SUMEHR and the rest) as canonical rows. See docs/formats/kmehr.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

from connectors.base import Admission, Batch, Limits, Match, MessageHeader, Reject, SourceFile
from connectors.sources.batches import Batches
from connectors.sources.kmehr_bytes import BOMS_16, CHUNK, Repair, clean_pieces, read_piece
from connectors.sources.kmehr_header import empty_header, message_header, sender_parties
from connectors.sources.kmehr_rows import Rows
from connectors.sources.kmehr_stream import parse_documents
from connectors.sources.kmehr_tree import Element
from connectors.sources.kmehr_units import UnitReader
from schemas.errors import SourceError

PROBED = 1024
HEADER_PIECE = 1 << 12
ROOT = re.compile(r"<(?:[\w.\-]+:)?(kmehrmessage|folder)[\s/>]")
ANY_ROOT = re.compile(r"<(?:[\w.\-]+:)?([A-Za-z_][\w.\-]*)[\s/>]")


class _HeaderRead(Exception):  # not an error: it stops the reading
    """The header is complete, or there is none."""


class KmehrConnector:
    """Reads KMEHR files, streaming: what is open is one unit, one unfinished batch a table, one piece."""

    name = "kmehr"

    def probe(self, file: SourceFile) -> Match | None:
        """Tell from the first KB; an envelope, or markup whose root is further down, is not certain."""
        try:
            with closing(file.open()) as stream:
                head = read_piece(stream, PROBED, file.ordinal)
        except SourceError:
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

    def header(self, file: SourceFile, limits: Limits) -> MessageHeader:
        """Read the first message's header and nothing after it; a bare folder has none."""
        found: list[MessageHeader] = []

        def take(header: Element, _path: str) -> None:
            found.append(message_header(header))
            raise _HeaderRead

        def give_up() -> None:
            raise _HeaderRead

        rows = Rows(file.ordinal, Batches())
        reader = UnitReader(rows, 1, lambda _path: None, limits, on_header=take, on_folder=give_up)
        with closing(file.open()) as stream:
            pieces = clean_pieces(stream, file.ordinal, limits, HEADER_PIECE)
            try:
                for _ in parse_documents(pieces, reader, file.ordinal, limits):
                    pass
            except _HeaderRead:
                pass
        return found[0] if found else empty_header()

    def read(
        self, file: SourceFile, first_patient: int, admit: Admission, limits: Limits
    ) -> Iterator[Batch | Reject]:
        """Give the rows of the file, patients numbered from `first_patient`.

        Raises UnreadableSourceError `not_well_formed` or `cut_short` (rows given before are void),
        UnsafeSourceError `doctype`, LimitExceededError.
        """
        batches = Batches()
        rows = Rows(file.ordinal, batches)

        def providers(header: Element, path: str) -> None:
            for unit, party in sender_parties(header, path):
                rows.provider(unit, "sender", party)

        reader = UnitReader(rows, first_patient, admit, limits, on_header=providers)
        with closing(file.open()) as stream:
            pieces = clean_pieces(stream, file.ordinal, limits, CHUNK)
            for _ in parse_documents(pieces, reader, file.ordinal, limits):
                yield from batches.take()
                if reader.rejects:
                    yield from _taken(reader.rejects)
        yield from batches.finish()


def _taken(rejects: list[Reject]) -> list[Reject]:
    taken = list(rejects)
    rejects.clear()
    return taken
