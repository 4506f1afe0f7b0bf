"""One file counted both ways: by arithmetic and recipes as far as they go, and by the walk alone, which is the oracle."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from inventory_case import KEY, LOOSE, source

from connectors.base import Batch, Limits, MessageHeader, Tiling
from connectors.inventory.kmehr.counter import KmehrCounter, count_by_walk
from schemas.errors import SourceError


def counted(count, content: bytes, limits: Limits | None = None):
    """All rows of both tables, headers, the tiling; or the error. And what was walked."""
    rows: dict[str, list] = {"counted_unit": [], "counted_patient": []}
    told, walked = [], Counter()
    try:
        for piece in count(source(content), 1, KEY, limits or Limits()):
            if isinstance(piece, Batch):
                assert piece.rows.num_rows <= 10_000
                rows[piece.table] += map(comparable, piece.rows.to_pylist())
            elif isinstance(piece, Tiling):
                walked.update(piece.walked)
                told.append(replace(piece, walked={}))
            elif isinstance(piece, MessageHeader):
                told.append(
                    (piece.unit, piece.system, piece.sender_nihii.reveal(), piece.sender_inss.reveal())
                )
            else:
                told.append(piece)
    except SourceError as error:
        return (type(error).__name__, error.code, error.facts), walked
    return (rows, told), walked


def comparable(row: dict) -> dict:
    """The row; the digest of what lies loose depends on the pieces in which the parser gives text, and counts for nothing."""
    return {**row, "digest": None} if row.get("kind") in LOOSE else row


def difference(content: bytes, limits: Limits | None = None) -> Counter:
    """Assert that both ways agree; how many folders were walked, and why."""
    one, walked = counted(KmehrCounter().count, content, limits)
    other, _ = counted(count_by_walk, content, limits)
    if isinstance(one[0], str) or isinstance(other[0], str):
        assert one == other
        return walked
    for table in one[0]:
        for mine, oracle in zip(one[0][table], other[0][table], strict=False):
            assert mine == oracle
        assert len(one[0][table]) == len(other[0][table])
    assert one[1] == other[1]
    return walked
