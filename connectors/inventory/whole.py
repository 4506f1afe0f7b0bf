"""A file that cannot be read counts as one unit: all its bytes."""

from __future__ import annotations

import hashlib

from connectors.base import Batch, SourceFile, Tiling
from connectors.inventory.facts.batches import unit_batches
from connectors.inventory.facts.normal_form import fact_digest, normal_form
from connectors.inventory.facts.units import CountedRow
from connectors.opening import readable_bytes
from schemas.disposition import UnitKind

_CHUNK = 1 << 20


def whole_file(file: SourceFile, fact_key: bytes) -> tuple[Batch, Tiling]:
    """The one row (path `FILE/0`, kind `file`, patient 0) and the tiling of a file booked as a whole.

    The digest is keyed, over the SHA-256 of its bytes. If an archive member is damaged, its bytes are those before the damage.
    Raises UnreadableSourceError where the operating system refuses.
    """
    digest = hashlib.sha256()
    size = 0
    for piece in readable_bytes(file, _CHUNK):
        digest.update(piece)
        size += len(piece)
    form = normal_form(UnitKind.FILE, "", digest.hexdigest())
    spans = [(0, size)] if size else []
    row = CountedRow(
        f"{file.ordinal}/0", 0, UnitKind.FILE, None, None, fact_digest(fact_key, form), spans, False, False
    )
    (batch,) = unit_batches(file.ordinal, [row])
    tiling = Tiling(file.ordinal, size, size, 0, {}, {UnitKind.FILE.value: 1}, 0, {})
    return batch, tiling
