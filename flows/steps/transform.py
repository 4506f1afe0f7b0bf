"""transform: profile the codes against the target's code schemes. No uncertain code is rewritten.

From KMEHR to SMF a code is copied unchanged, with its local twin; this step counts the codes per scheme, so that a practice sees
before delivery how much depends on local codes. How far they are understood, code by code, is in `_coverage`.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.targets.skeleton import skeleton_of
from flows.steps._coverage import COVERAGE, Coverage
from flows.steps.context import DataContext
from flows.steps.extract import STAGE as EXTRACTED
from flows.steps.values import Drafts, Matched
from schemas.disposition import UnitKind

STAGE = "transform"
_ROWS_AT_ONCE = 10_000
_KNOWN = frozenset(
    {
        "CD-ITEM",
        "CD-CLINICAL",
        "ICPC",
        "ICD",
        "CD-SNOMED",
        "CD-ATC",
        "CD-DRUG-CNK",
        "CD-INNCLUSTER",
        "CD-VMPGROUP",
        "CD-LAB",
        "CD-PARAMETER",
        "CD-VACCINEINDICATION",
        "CD-PATIENTWILL",
        "CD-CAREPATH",
        "CD-ENCOUNTER",
        "CD-CONTACT-PERSON",
        "LOCAL",
    }
)


def transform(context: DataContext, matched: Matched) -> Drafts:
    """Count the codes in items and results by scheme; unknown schemes count as `other`.

    A shape determines the schemes of its units, so each shape is read once per batch.
    """
    codes: Tally[str] = Tally()
    for batch in context.reader(EXTRACTED).batches("unit", columns=["kind", "shape"]):
        items = batch.filter(pc.equal(batch["kind"], UnitKind.ITEM.value))
        for each in pc.value_counts(items["shape"]).to_pylist():
            for scheme in schemes_of(each["values"]):
                codes[scheme if scheme in _KNOWN else "other"] += each["counts"]
    return Drafts(matched, dict(codes), _cover(context))


def _cover(context: DataContext) -> dict[str, dict[str, int]]:
    """Seal the coverage of each code for the report; return its counts."""
    coverage = Coverage(context.site_codes)
    coverage.add(context.reader(EXTRACTED), UnitKind.ITEM.value)
    writer = context.writer(STAGE)
    rows = list(coverage.rows())
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[start : start + _ROWS_AT_ONCE]
        writer.write("coverage", pa.RecordBatch.from_pylist(some, schema=COVERAGE))
    writer.close()
    return coverage.counts()


def load_coverage(context: DataContext) -> Iterator[dict[str, Any]]:
    """Yield the codes of the source with their status, in the order of the report."""
    for batch in context.reader(STAGE).batches("coverage"):
        yield from batch.to_pylist()


def schemes_of(shape: str) -> list[str]:
    """Return the scheme of each code of an item and its contents, `none` for a code without one."""
    item = skeleton_of(shape).root
    holders = [item, *(child for child in item.children if child.name == "content")]
    codes = (child for holder in holders for child in holder.children if child.name == "cd")
    return [code.attributes.get("S", "none") for code in codes]
