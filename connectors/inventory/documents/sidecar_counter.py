"""Count a sidecar: each row is a unit of the person whom it names, and of the bytes of its line.

A row about a file that the export does not hold is counted as the document's tree, in which a link stands for the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from connectors.base import Batch, Limits, SourceFile, Tiling
from connectors.inventory.documents.beside import Row, Said, rows_of
from connectors.inventory.documents.counter import walk_head, walk_of
from connectors.inventory.documents.whose import transaction_of
from connectors.inventory.facts.batches import ROWS, patient_batch, unit_batches
from connectors.inventory.facts.kinds import describe
from connectors.inventory.facts.normal_form import Node, fact_digest, piece_form
from connectors.inventory.facts.tiles import check_tiling
from connectors.inventory.facts.units import CountedRow
from connectors.inventory.kmehr.findings import Findings
from schemas.disposition import UnitKind
from schemas.errors import UnreadableSourceError


class SidecarCounter:
    """The `Counter` of files that state whose the documents beside them are."""

    name = "sidecar"

    def count(
        self, file: SourceFile, first_patient: int, fact_key: bytes, limits: Limits
    ) -> Iterator[Batch | Tiling]:
        """Yield batches of `counted_unit` and `counted_patient`, then the Tiling; each row counts as a patient.

        Raises UnreadableSourceError if the file is no sidecar.
        """
        rows = rows_of(file)
        if not rows:
            raise UnreadableSourceError("not_well_formed", file=file.ordinal)
        spans = [(row.begin, row.end) for row in rows]
        between = _between(spans, file.size)
        check_tiling(spans, between, [], file.size, start=0, file=file.ordinal)
        found: list[CountedRow] = []
        patients: list[tuple[int, str, str | None, str | None]] = []
        years: set[int] = set()
        for number, row in enumerate(rows, start=1):
            patient, path = first_patient + number - 1, f"{file.ordinal}/{number}"
            if _is_missing(file, row) and row.said is not None:
                found += _placeholder(file, path, patient, fact_key, limits, row)
                years |= {int(row.said.day[:4])} if row.said.day else set()
            else:
                found.append(_entry(path, patient, fact_key, row))
            number_stated = row.said.number if row.said else ""
            patients.append((patient, path, number_stated or None, (row.said and row.said.day) or None))
        yield from unit_batches(file.ordinal, found)
        for start in range(0, len(patients), ROWS):
            yield patient_batch(file.ordinal, patients[start : start + ROWS])
        structural = sum(end - begin for begin, end in between)
        yield Tiling(
            file=file.ordinal,
            size=file.size,
            unit_bytes=file.size - structural,
            structural_bytes=structural,
            ignored_bytes={},
            units=dict(Counter(str(row.kind) for row in found)),
            patients=len(rows),
            repaired={},
            years=frozenset(years),
        )


def _is_missing(file: SourceFile, row: Row) -> bool:
    """Whether a row says whose a file is that the export does not hold."""
    if row.said is None or not row.path or file.export.at(row.path) is not None:
        return False
    said = row.said
    return bool(said.number or (said.family and said.first and said.birth and said.sex))


def _between(spans: list[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    """The bytes that are in no row: the heading, blank lines."""
    ends = [0, *(end for _, end in spans)]
    begins = [*(begin for begin, _ in spans), size]
    return [(end, begin) for end, begin in zip(ends, begins, strict=True) if begin > end]


def _entry(path: str, patient: int, key: bytes, row: Row) -> CountedRow:
    kind = describe([_kind_node(row.said)], []).record_kind if row.said else None
    digest = fact_digest(key, piece_form(row.text))
    return CountedRow(
        f"{path}.1",
        patient,
        UnitKind.MESSAGE_HEADER,
        kind,
        None,
        digest,
        [(row.begin, row.end)],
        False,
        False,
    )


def _kind_node(said: Said) -> Node:
    return Node("cd", {"S": "CD-TRANSACTION"}, [transaction_of(said)])


def _placeholder(
    file: SourceFile, path: str, patient: int, key: bytes, limits: Limits, row: Row
) -> Iterator[CountedRow]:
    said = row.said or Said()
    walk = walk_of(file, patient, key, limits, Findings(examine=True))
    walk_head(walk, said)
    walk.on_start("lnk", {"TYPE": "multimedia", "URL": said.file})
    for _ in range(3):  # link, transaction, folder
        walk.on_end()
    walk.finish(0)
    for counted in walk.rows:
        unit = path + counted.unit[len(f"{file.ordinal}/1") :]
        spans = [(row.begin, row.end)] if counted.kind == UnitKind.LINK else []
        yield counted._replace(unit=unit, spans=spans)
