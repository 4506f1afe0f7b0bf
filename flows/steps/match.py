"""match: find folders of the same patient. Only certain matches are joined; the rest is a list for the doctor."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.registry import SINGLE_RECORDS
from flows.steps._doubles import Pair, find_joins, find_notices, find_pairs, read_folders
from flows.steps.context import DataContext
from flows.steps.extract import STAGE as EXTRACTED
from flows.steps.values import Checked, Matched

STAGE = "match"
TABLES = "delimited"
CHART = pa.schema([("patient", pa.int32()), ("chart", pa.int32())])
REVIEW = pa.schema([("patient", pa.int32()), ("other", pa.int32()), ("why", pa.string())])
NOTICE = pa.schema([("patient", pa.int32()), ("why", pa.string())])
_COLUMNS = [
    "patient", "file", "inss", "identifiers", "family_name", "first_names", "birth", "birth_precision", "sex",
]  # fmt: skip


def match(context: DataContext, checked: Checked) -> Matched:
    """Assign a chart to every patient of the source; join folders only when certain."""
    files = checked.staged.inventory.files
    messages = frozenset(file.ordinal for file in files if file.format in SINGLE_RECORDS)
    tables = frozenset(file.ordinal for file in files if file.format == TABLES)
    folders = read_folders(_people(context), messages, tables)
    joined = find_joins(folders)
    review, notices = find_pairs(folders, joined), find_notices(folders)
    charts = _number_charts([folder.patient for folder in folders], joined)
    _seal(context, charts, review, notices)
    return Matched(checked, len(set(charts.values())), len(joined), len(review), len(notices))


def find_doubles(people: pa.Table) -> tuple[dict[int, int], list[Pair]]:
    """Find certain repetitions of earlier patients, and possible ones: (patient, an earlier one, why)."""
    folders = read_folders(people)
    joined = find_joins(folders)
    return joined, find_pairs(folders, joined)


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


def _seal(
    context: DataContext, charts: dict[int, int], review: list[Pair], notices: list[tuple[int, str]]
) -> None:
    writer = context.writer(STAGE)
    for name, schema, rows in (
        ("chart", CHART, list(charts.items())),
        ("review", REVIEW, review),
        ("notice", NOTICE, notices),
    ):
        if rows:
            columns = [pa.array(c, f.type) for c, f in zip(zip(*rows, strict=True), schema, strict=True)]
            writer.write(name, pa.record_batch(columns, schema=schema))
    writer.close()


def load_charts(context: DataContext) -> dict[int, tuple[int, ...]]:
    """Return each chart's patients (source folders), in order, by chart ordinal."""
    charts: dict[int, list[int]] = {}
    for batch in context.reader(STAGE).batches("chart"):
        for patient, chart in zip(batch["patient"].to_pylist(), batch["chart"].to_pylist(), strict=True):
            charts.setdefault(chart, []).append(patient)
    return {chart: tuple(patients) for chart, patients in sorted(charts.items())}


def load_review(context: DataContext) -> Iterator[tuple[int, int, str]]:
    """Yield the pairs that may be one patient: (patient, an earlier one, why)."""
    for batch in context.reader(STAGE).batches("review"):
        yield from zip(*(batch[name].to_pylist() for name in REVIEW.names), strict=True)


def load_notices(context: DataContext) -> Iterator[tuple[int, str]]:
    """Yield folders whose statements about the patient contradict each other: (patient, why)."""
    for batch in context.reader(STAGE).batches("notice"):
        yield from zip(*(batch[name].to_pylist() for name in NOTICE.names), strict=True)
