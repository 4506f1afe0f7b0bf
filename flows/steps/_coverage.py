"""How far the codes of a source are understood: by distinct codes and by records, the most frequent unmapped ones first.

A code of a known scheme is `standard`. A local code, or one of another scheme, is `given` where its source puts a standard code
beside it in every record, `mapped` where a table of the site says what it means (`schemas.site_codes`), else `unmapped`. A
record is an item with a code; it is covered by its best code. Codes stay in the chart as they came, whatever their status.

The values go into the sealed report alone; outside, only numbers are known.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from connectors.targets.skeleton import skeleton_of
from flows.steps import _duck as duck
from schemas.site_codes import SiteCodes
from vault.staging.segments import StagingReader

STATUSES = ("standard", "given", "mapped", "unmapped")
COVERAGE = pa.schema(
    [
        pa.field("system", pa.string()),  # the scheme, or the local system of a LOCAL code
        pa.field("code", pa.string()),
        pa.field("label", pa.string()),
        pa.field("status", pa.string()),
        pa.field("records", pa.int64()),  # that hold it
        pa.field("bare", pa.int64()),  # of these, without a standard code beside it
        *(pa.field(name, pa.string()) for name in ("scheme", "value", "owner", "source", "dated")),
    ]
)
"""Of a table of the site: scheme to dated; else empty."""
KNOWN = frozenset(
    {
        "CD-CLINICAL", "ICPC", "ICD", "CD-SNOMED", "CD-ATC", "CD-DRUG-CNK", "CD-INNCLUSTER", "CD-VMPGROUP", "CD-LAB",
        "CD-PARAMETER", "CD-VACCINEINDICATION", "CD-PATIENTWILL", "CD-CAREPATH", "CD-ENCOUNTER", "CD-CONTACT-PERSON",
    }
)  # fmt: skip
_KIND = "CD-ITEM"
_GROUPED = """
WITH each_code AS (
    SELECT r.row_number, c.system, trim(r.texts[c.hole]) AS code, c.label, c.known
    FROM rows r JOIN codes c ON c.shape_number = r.shape_number WHERE trim(r.texts[c.hole]) <> ''),
of_row AS (SELECT row_number, bool_or(known) AS is_standard FROM each_code GROUP BY row_number)
SELECT e.system, e.code, e.known, any_value(e.label), count(DISTINCT e.row_number),
       count(DISTINCT e.row_number) FILTER (WHERE NOT o.is_standard)
FROM each_code e JOIN of_row o USING (row_number) GROUP BY e.system, e.code, e.known
"""
_RECORDS = """
WITH each_code AS (
    SELECT r.row_number, c.known, m.code IS NOT NULL AS is_mapped
    FROM rows r JOIN codes c ON c.shape_number = r.shape_number
    LEFT JOIN mapped m ON m.system = c.system AND m.code = trim(r.texts[c.hole]) WHERE trim(r.texts[c.hole]) <> ''),
of_row AS (SELECT bool_or(known) AS is_standard, bool_or(is_mapped) AS is_mapped FROM each_code GROUP BY row_number)
SELECT CASE WHEN is_standard THEN 'standard' WHEN is_mapped THEN 'mapped' ELSE 'unmapped' END, count(*) FROM of_row GROUP BY 1
"""


class CodePlace(NamedTuple):
    """A code in a shape: where its text stands (from 1), and what its attributes say."""

    hole: int
    system: str
    label: str
    known: bool


@lru_cache(4096)
def code_places(shape: str) -> tuple[CodePlace, ...]:
    """The codes of an item and of its contents, without that of its kind."""
    item = skeleton_of(shape).root
    holders = [item, *(child for child in item.children if child.name == "content")]
    codes = (child for holder in holders for child in holder.children if child.name == "cd")
    return tuple(
        CodePlace(
            code.hole + 1,
            (code.attributes.get("SL", "") if scheme == "LOCAL" else scheme) or "none",
            code.attributes.get("DN", ""),
            scheme in KNOWN,
        )
        for code in codes
        if (scheme := code.attributes.get("S", "none")) != _KIND and code.hole >= 0
    )


class Coverage:
    """The tally of a run. Memory holds each distinct code once."""

    def __init__(self, site_codes: SiteCodes) -> None:
        self._site_codes = site_codes
        self._records: Tally[str] = Tally()
        self._found: dict[tuple[str, str, bool], tuple[str, int, int]] = {}

    def add(self, reader: StagingReader, kind: str) -> None:
        """Count the codes of all staged units of a kind."""
        connection = duck.connect()
        try:
            named = list(self._site_codes)
            connection.register(
                "mapped",
                pa.table(
                    {"system": [s for s, _ in named], "code": [c for _, c in named]},
                    schema=pa.schema([("system", pa.string()), ("code", pa.string())]),
                ),
            )
            for batch in reader.batches("unit", columns=["kind", "shape", "texts"]):
                rows, codes = _tables(batch.filter(pc.equal(batch["kind"], kind)))
                connection.register("rows", rows)
                connection.register("codes", codes)
                self._records.update(dict(connection.execute(_RECORDS).fetchall()))
                for system, code, known, label, records, bare in connection.execute(_GROUPED).fetchall():
                    said, before, bare_before = self._found.get((system, code, known), (label, 0, 0))
                    self._found[system, code, known] = (said, before + records, bare_before + bare)
        finally:
            connection.close()

    def counts(self) -> dict[str, dict[str, int]]:
        """The numbers of distinct codes and of records by status."""
        codes = Tally(self._status(*key, bare) for key, (_, _, bare) in self._found.items())
        records = {status: self._records[status] for status in STATUSES if status != "given"}
        return {"codes": {status: codes[status] for status in STATUSES}, "records": records}

    def rows(self) -> Iterator[dict[str, object]]:
        """Yield the codes: unmapped ones first, the most frequent first."""
        ranked = sorted(self._found.items(), key=lambda each: self._rank(*each))
        for (system, code, known), (label, records, bare) in ranked:
            row = self._site_codes.get((system, code)) if not known else None
            meaning = (
                (row.scheme, row.value, row.owner, row.source, row.dated) if row is not None else ("",) * 5
            )
            said = (system, code, label, self._status(system, code, known, bare), records, bare, *meaning)
            yield dict(zip(COVERAGE.names, said, strict=True))

    def _rank(self, key: tuple[str, str, bool], found: tuple[str, int, int]) -> tuple[int, int, str, str]:
        _, records, bare = found
        status = self._status(*key, bare)
        return -STATUSES.index(status), -(bare if status == "unmapped" else records), key[0], key[1]

    def _status(self, system: str, code: str, known: bool, bare: int) -> str:
        if known:
            return "standard"
        if (system, code) in self._site_codes:
            return "mapped"
        return "unmapped" if bare else "given"


def _tables(batch: pa.RecordBatch) -> tuple[pa.Table, pa.Table]:
    """The rows with the number of their shape, and the codes of the shapes."""
    shapes = batch["shape"]
    known = shapes.dictionary.to_pylist()
    places = [(n, place) for n in pc.unique(shapes.indices).to_pylist() for place in code_places(known[n])]
    rows = pa.table(
        {
            "row_number": pa.array(range(batch.num_rows)),
            "shape_number": shapes.indices,
            "texts": batch["texts"],
        }
    )
    columns = {
        "shape_number": pa.array([n for n, _ in places], pa.int32()),
        "hole": pa.array([place.hole for _, place in places], pa.int32()),
        "system": pa.array([place.system for _, place in places], pa.string()),
        "label": pa.array([place.label for _, place in places], pa.string()),
        "known": pa.array([place.known for _, place in places], pa.bool_()),
    }
    return rows, pa.table(columns)
