"""check: test every staged table against the data contracts, one table at a time; returns counts only."""

from __future__ import annotations

from collections import Counter as Tally

import pyarrow as pa

from flows.steps import _duck as duck
from flows.steps._quarantine import STAGE
from flows.steps.context import DataContext
from flows.steps.extract import STAGE as EXTRACTED
from flows.steps.values import Checked, Staged
from schemas.books import OUTCOME
from schemas.contracts import Suite, load_suites
from schemas.disposition import Disposition, Reason
from vault.staging.segments import StagingReader

_KINDS = {
    "item": "item",
    "document": "attachment",
}


def check(context: DataContext, staged: Staged) -> Checked:
    """Count the violations of every expectation; units that break one of severity `quarantine` get their disposition here."""
    reader = context.reader(EXTRACTED)
    writer = context.writer(STAGE)
    violations: dict[str, int] = {}
    quarantined = 0
    for suite in load_suites():
        violations.update(_violations(reader, suite))
        for batch in _failing(reader, suite):
            quarantined += batch.num_rows
            writer.write("outcome", batch)
    writer.close()
    return Checked(staged, violations, quarantined)


def _violations(reader: StagingReader, suite: Suite) -> dict[str, int]:
    """Sum the counts over the segments: no unit path spans two of them, so the sums are exact."""
    totals: Tally[str] = Tally()
    connection = duck.connect()
    try:
        for batch in reader.batches(suite.staged, columns=suite.columns):
            connection.register("rows", pa.Table.from_batches([batch]))
            found = connection.execute(suite.counting_sql()).fetchall()[0]
            totals.update({"total": int(found[0])})
            totals.update({e.id: int(n) for e, n in zip(suite.expectations, found[1:], strict=True)})
    finally:
        connection.close()
    return {e.id: totals[e.id] for e in suite.expectations}


def _failing(reader: StagingReader, suite: Suite) -> list[pa.RecordBatch]:
    if all(e.severity != "quarantine" for e in suite.expectations):
        return []
    batches: list[pa.RecordBatch] = []
    connection = duck.connect()
    try:
        for batch in reader.batches(suite.staged, columns=[*suite.columns, "file", "patient"]):
            connection.register("rows", pa.Table.from_batches([batch]))
            units = {row[0] for row in connection.execute(suite.failing_sql()).fetchall()}
            batches.extend(_outcomes(batch, units, _KINDS[suite.table]))
    finally:
        connection.close()
    return batches


def _outcomes(batch: pa.RecordBatch, units: set[str], kind: str) -> list[pa.RecordBatch]:
    picked = [i for i, unit in enumerate(batch["unit"].to_pylist()) if unit in units]
    if not picked:
        return []
    rows = batch.take(pa.array(picked))
    count = rows.num_rows
    return [
        pa.record_batch(
            [
                rows["unit"],
                rows["file"],
                rows["patient"],
                pa.array([0] * count, pa.int32()),
                pa.array([kind] * count),
                pa.array([Disposition.QUARANTINED.value] * count),
                pa.array([Reason.CONTRACT.value] * count),
            ],
            schema=OUTCOME,
        )
    ]
