"""Count a plain document as the KMEHR tree of docs/formats/documents.md, built from what is stated of it and its bytes.

`Walk` reads this tree as it reads a delivered chart, so both give the same facts. All bytes of the file belong to the attachment.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO

from connectors.base import Batch, Limits, SourceFile, Tiling
from connectors.inventory.documents.beside import Said
from connectors.inventory.documents.whose import transaction_of, whose
from connectors.inventory.facts.batches import patient_batch, unit_batches
from connectors.inventory.facts.tiles import NoTiles
from connectors.inventory.facts.units import CountedRow
from connectors.inventory.kmehr.findings import Findings
from connectors.inventory.kmehr.walk import Walk
from schemas.disposition import UnitKind
from schemas.errors import LimitExceededError, UnreadableSourceError

_PIECE = 3 << 18  # a multiple of three, so that base64 of the pieces can be joined
_DEEPEST = 8
_LINK = {"TYPE": "multimedia"}


class DocumentCounter:
    """The `Counter` of plain documents."""

    name = "document"

    def count(
        self, file: SourceFile, first_patient: int, fact_key: bytes, limits: Limits
    ) -> Iterator[Batch | Tiling]:
        """Yield one batch of `counted_unit`, one of `counted_patient`, and the Tiling.

        Raises UnreadableSourceError if nothing says whose it is, or the file has another size than was listed;
        LimitExceededError if the file is too large.
        """
        said = whose(file)
        if said is None:
            raise UnreadableSourceError("not_well_formed", file=file.ordinal)
        if file.size > limits.max_file_bytes:
            raise LimitExceededError("file_too_large", file=file.ordinal, limit=limits.max_file_bytes)
        findings = Findings(examine=True)
        walk = walk_of(file, first_patient, fact_key, limits, findings)
        with closing(file.open()) as stream:
            size = _walk(walk, said, stream)
        if size != file.size:
            raise UnreadableSourceError("size_differs", file=file.ordinal)
        yield from unit_batches(file.ordinal, [_with_bytes(row, size) for row in walk.rows])
        yield patient_batch(file.ordinal, [folder.row() for folder in walk.folders])
        yield Tiling(
            file=file.ordinal,
            size=size,
            unit_bytes=size,
            structural_bytes=0,
            ignored_bytes={},
            units={str(kind): count for kind, count in walk.units.items()},
            patients=1,
            repaired={},
            years=frozenset(findings.years),
        )


def walk_of(file: SourceFile, patient: int, key: bytes, limits: Limits, findings: Findings) -> Walk:
    """A walk through a tree that has no bytes of its own."""
    return Walk(
        file=file.ordinal,
        key=key,
        first_patient=patient,
        max_depth=_DEEPEST,
        max_unit=limits.max_unit_bytes,
        findings=findings,
        position=lambda: 0,
        tiles=NoTiles(),
    )


def _with_bytes(row: CountedRow, size: int) -> CountedRow:
    return row._replace(spans=[(0, size)]) if row.kind is UnitKind.ATTACHMENT else row


def _walk(walk: Walk, said: Said, stream: BinaryIO) -> int:
    """Walk the tree of a document; returns the number of its bytes."""
    walk_head(walk, said)
    walk.on_start("lnk", dict(_LINK))
    size = 0
    while piece := _next_piece(stream):
        size += len(piece)
        walk.on_text(base64.b64encode(piece).decode("ascii"))
    for _ in range(3):  # link, transaction, folder
        walk.on_end()
    walk.finish(0)
    return size


def walk_head(walk: Walk, said: Said) -> None:
    """Walk a document's folder up to its title; folder and transaction stay open."""
    walk.on_document()
    walk.on_start("folder", {})
    walk.on_start("patient", {})
    if said.number:
        _leaf(walk, "id", said.number, {"S": "INSS", "SV": "1.0"})
    if said.first:
        _leaf(walk, "firstname", said.first, {})
    if said.family:
        _leaf(walk, "familyname", said.family, {})
    if said.birth:
        walk.on_start("birthdate", {})
        _leaf(walk, "date", said.birth, {})
        walk.on_end()
    if said.sex:
        walk.on_start("sex", {})
        _leaf(walk, "cd", said.sex, {"S": "CD-SEX", "SV": "1.0"})
        walk.on_end()
    walk.on_end()
    walk.on_start("transaction", {})
    _leaf(walk, "cd", transaction_of(said), {"S": "CD-TRANSACTION", "SV": "1.5"})
    if said.day:
        _leaf(walk, "date", said.day, {})
    if said.title:
        _leaf(walk, "text", said.title, {"L": "und"})


def _next_piece(stream: BinaryIO) -> bytes:
    """Read `_PIECE` bytes; fewer only at the end of the stream."""
    pieces, missing = [], _PIECE
    while missing and (piece := stream.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _leaf(walk: Walk, name: str, text: str, attributes: dict[str, str]) -> None:
    walk.on_start(name, attributes)
    walk.on_text(text)
    walk.on_end()
