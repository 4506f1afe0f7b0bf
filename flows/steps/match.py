"""match: find folders of the same patient. Only what is certain is joined; the rest is a list for the doctor."""

from __future__ import annotations

import pyarrow as pa

from flows import duck
from flows.steps.context import DataContext
from flows.steps.extract import STAGE as EXTRACTED
from flows.values import Checked, Matched

STAGE = "match"
CHART = pa.schema([("patient", pa.int32()), ("chart", pa.int32())])
REVIEW = pa.schema([("patient", pa.int32()), ("other", pa.int32()), ("why", pa.string())])
_COLUMNS = ["patient", "inss", "family_name", "first_names", "birth", "birth_precision", "sex"]

# Two folders are one patient when they carry the same valid national number and nothing contradicts it.
_PAIRS = """
SELECT b.patient AS patient, a.patient AS other,
       a.inss IS NOT DISTINCT FROM b.inss AND a.inss IS NOT NULL AS same_number,
       (a.birth IS NULL OR b.birth IS NULL OR a.birth_precision <> b.birth_precision OR a.birth = b.birth)
       AND (a.sex IS NULL OR b.sex IS NULL OR a.sex = b.sex OR a.sex = 'unknown' OR b.sex = 'unknown')
       AND (a.family_name IS NULL OR b.family_name IS NULL
            OR lower(trim(a.family_name)) = lower(trim(b.family_name))) AS agrees
FROM people a JOIN people b ON a.patient < b.patient AND {on}
ORDER BY b.patient, a.patient
"""
_BY_NUMBER = "a.inss = b.inss"
_BY_NAME = """lower(trim(a.family_name)) = lower(trim(b.family_name))
    AND a.first_names[1] = b.first_names[1] AND a.birth = b.birth
    AND a.inss IS DISTINCT FROM b.inss"""


def match(context: DataContext, checked: Checked) -> Matched:
    """Give every patient of the source a chart; join folders only when certain."""
    people = _people(context)
    joined: dict[int, int] = {}
    review: list[tuple[int, int, str]] = []
    if people.num_rows:
        for patient, other, agrees in _pairs(people, _BY_NUMBER):
            if agrees:
                joined.setdefault(patient, joined.get(other, other))
            else:
                review.append((patient, other, "same_number_other_identity"))
        review += [(p, o, "same_name_and_birth") for p, o, _ in _pairs(people, _BY_NAME)]
    charts = _number_charts(people["patient"].to_pylist() if people.num_rows else [], joined)
    _seal(context, charts, review)
    return Matched(checked, len(set(charts.values())), len(joined), len(review))


def _people(context: DataContext) -> pa.Table:
    reader = context.reader(EXTRACTED)
    batches = [batch.select(_COLUMNS) for batch in reader.batches("patient")]
    return pa.Table.from_batches(batches) if batches else pa.table({"patient": pa.array([], pa.int32())})


def _pairs(people: pa.Table, on: str) -> list[tuple[int, int, bool]]:
    connection = duck.connect()
    try:
        connection.register("people", people)
        rows = connection.execute(_PAIRS.format(on=on)).fetchall()
        return [(int(patient), int(other), bool(agrees)) for patient, other, _, agrees in rows]
    finally:
        connection.close()


def _number_charts(patients: list[int], joined: dict[int, int]) -> dict[int, int]:
    charts: dict[int, int] = {}
    count = 0
    for patient in patients:
        root = joined.get(patient)
        if root is None:
            count += 1
        charts[patient] = count if root is None else charts[root]
    return charts


def _seal(context: DataContext, charts: dict[int, int], review: list[tuple[int, int, str]]) -> None:
    writer = context.writer(STAGE)
    if charts:
        rows = [pa.array(list(charts), pa.int32()), pa.array(list(charts.values()), pa.int32())]
        writer.write("chart", pa.record_batch(rows, schema=CHART))
    if review:
        columns = [pa.array(c, f.type) for c, f in zip(zip(*review, strict=True), REVIEW, strict=True)]
        writer.write("review", pa.record_batch(columns, schema=REVIEW))
    writer.close()


def load_charts(context: DataContext) -> dict[int, tuple[int, ...]]:
    """Chart ordinal to the patients (source folders) it holds, in order."""
    charts: dict[int, list[int]] = {}
    for batch in context.reader(STAGE).batches("chart"):
        for patient, chart in zip(batch["patient"].to_pylist(), batch["chart"].to_pylist(), strict=True):
            charts.setdefault(chart, []).append(patient)
    return {chart: tuple(patients) for chart, patients in sorted(charts.items())}
