"""match: find folders of the same patient. Only what is certain is joined; the rest is a list for the doctor."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from flows import duck
from flows.steps.context import DataContext
from flows.steps.extract import STAGE as EXTRACTED
from flows.values import Checked, Matched

STAGE = "match"
CHART = pa.schema([("patient", pa.int32()), ("chart", pa.int32())])
REVIEW = pa.schema([("patient", pa.int32()), ("other", pa.int32()), ("why", pa.string())])
_COLUMNS = ["patient", "inss", "family_name", "first_names", "birth", "birth_precision", "sex"]

# Folders that carry the same valid national number are one patient when nothing in the whole group contradicts it.
# Where something does, only the folders that say the very same are joined, and the group is listed. Each folder is
# compared with its group, never with each other folder: time and memory grow with the folders, not with their pairs.
_ROOTS = """
CREATE TEMP TABLE rooted AS
WITH said AS (
    SELECT patient, inss, birth, birth_precision, first_names[1] AS first_name, lower(trim(family_name)) AS family_name,
           CASE WHEN sex = 'unknown' THEN NULL ELSE sex END AS sex
    FROM people),
agreed AS (
    SELECT inss, count(DISTINCT family_name) <= 1 AND count(DISTINCT sex) <= 1
           AND count(DISTINCT (birth, birth_precision)) FILTER (birth IS NOT NULL)
               = count(DISTINCT coalesce(birth_precision, '')) FILTER (birth IS NOT NULL) AS agrees
    FROM said WHERE inss IS NOT NULL GROUP BY inss)
SELECT patient, inss, family_name, first_name, birth,
       CASE WHEN inss IS NULL THEN patient
            WHEN agrees THEN min(patient) OVER (PARTITION BY inss)
            ELSE min(patient) OVER (PARTITION BY inss, family_name, sex, birth, birth_precision) END AS root
FROM said LEFT JOIN agreed USING (inss)
"""
_JOINED = "SELECT patient, root FROM rooted WHERE root <> patient ORDER BY patient"
# A group of doubt is a chain: each of its charts is listed once, beside the one before it.
_SAME_NUMBER = """
SELECT patient, lag(patient) OVER (PARTITION BY inss ORDER BY patient) AS other
FROM rooted WHERE root = patient AND inss IS NOT NULL
QUALIFY other IS NOT NULL ORDER BY patient
"""
_SAME_NAME = """
WITH namesakes AS (
    SELECT patient, inss, family_name, first_name, birth FROM rooted
    WHERE root = patient AND family_name IS NOT NULL AND first_name IS NOT NULL AND birth IS NOT NULL),
listed AS (
    SELECT family_name, first_name, birth FROM namesakes GROUP BY ALL
    HAVING count(*) > 1 AND (count(inss) < count(*) OR count(DISTINCT inss) > 1))
SELECT patient, lag(patient) OVER (PARTITION BY family_name, first_name, birth ORDER BY patient) AS other
FROM namesakes JOIN listed USING (family_name, first_name, birth)
QUALIFY other IS NOT NULL ORDER BY patient
"""


def match(context: DataContext, checked: Checked) -> Matched:
    """Give every patient of the source a chart; join folders only when certain."""
    people = _people(context)
    patients = people["patient"].to_pylist()
    joined, review = find_doubles(people)
    charts = _number_charts(patients, joined)
    _seal(context, charts, review)
    return Matched(checked, len(set(charts.values())), len(joined), len(review))


def find_doubles(people: pa.Table) -> tuple[dict[int, int], list[tuple[int, int, str]]]:
    """Who is certainly the same as an earlier patient, and who may be: (patient, the one before in the group, why)."""
    if not people.num_rows:
        return {}, []
    connection = duck.connect()
    try:
        connection.register("people", people)
        connection.execute(_ROOTS)
        joined = {int(p): int(root) for p, root in connection.execute(_JOINED).fetchall()}
        review = [
            (int(patient), int(other), why)
            for why, sql in (
                ("same_number_other_identity", _SAME_NUMBER),
                ("same_name_and_birth", _SAME_NAME),
            )
            for patient, other in connection.execute(sql).fetchall()
        ]
    finally:
        connection.close()
    return joined, review


def _people(context: DataContext) -> pa.Table:
    reader = context.reader(EXTRACTED)
    batches = [batch.select(_COLUMNS) for batch in reader.batches("patient")]
    return pa.Table.from_batches(batches) if batches else pa.table({"patient": pa.array([], pa.int32())})


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


def load_review(context: DataContext) -> Iterator[tuple[int, int, str]]:
    """The doubtful neighbours: (patient, the one before in the group, why)."""
    for batch in context.reader(STAGE).batches("review"):
        yield from zip(*(batch[name].to_pylist() for name in REVIEW.names), strict=True)
