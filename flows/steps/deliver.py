"""deliver: write each chart into its sealed part while an independent reader counts the plain stream."""

from __future__ import annotations

import gc
import os
import shutil
from collections import Counter as Tally
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pyarrow as pa
from msgspec import json

from connectors.inventory.delivered.chart import ChartAccount
from connectors.inventory.delivered.charts import DeliveredCharts
from connectors.targets.identities import run_token
from connectors.targets.medinect import ChartOutcome, Envelope, chart_name, compose_chart
from connectors.targets.whole_chart import WholeChart
from flows.steps._quarantine import STAGE as CHECKED
from flows.steps._quarantine import Quarantined
from flows.steps._set_aside import HandedOver
from flows.steps.context import DataContext
from flows.steps.extract import STAGE as EXTRACTED
from flows.steps.match import load_charts
from flows.steps.parts import SealedZip, sealed_zip
from flows.steps.values import Delivery, Plan, PlannedPart, SealedPart
from schemas.books import DELIVERED_UNIT, OUTCOME
from vault.keys.provider import derive
from vault.staging.segments import StagingReader, StagingWriter

STAGE = "deliver"
NOT_VALID = "chart_not_valid"
ORIGINAL = pa.schema([("chart", pa.int32()), ("patient", pa.int32()), ("document", pa.large_binary())])
SHEET = pa.schema([("chart", pa.int32()), ("patient", pa.int32()), ("value", pa.large_binary())])


class StagedChart:
    """The staged rows of one source folder (`connectors.base.ChartRows`)."""

    def __init__(self, reader: StagingReader, patient: int, quarantined: Quarantined) -> None:
        self._reader = reader
        self._quarantined = quarantined
        self.patient = patient

    def rows(self, table: str) -> Iterator[pa.RecordBatch]:
        """Return batches of this patient's rows that passed the contracts, in source order."""
        return map(self._quarantined.sound, self._reader.rows_of(table, self.patient))

    def content(self, unit: str) -> Iterator[bytes]:
        """Yield the bytes of one of this patient's documents, piece by piece."""
        for batch in self._reader.content_of(unit, self.patient):
            for piece in batch["content"]:
                yield piece.as_py()


def deliver(context: DataContext, plan: Plan) -> Delivery:
    """Seal all parts inside the run's staging, and hash each while it is sealed."""
    shutil.rmtree(context.parts, ignore_errors=True)
    os.makedirs(context.parts, mode=0o700)
    delivery = _Delivering(context, plan)
    parts = [delivery.write_part(part) for part in plan.parts]
    return delivery.close(tuple(parts))


@contextmanager
def unsearched() -> Iterator[None]:
    """Disable the search for reference cycles: a chart's tree has none, and each search would walk all of it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Delivering:
    """The state of one delivery: writer of outcomes, tallies, the envelope."""

    def __init__(self, context: DataContext, plan: Plan) -> None:
        self._context = context
        self._plan = plan
        self._charts = load_charts(context)
        self._rows = context.reader(EXTRACTED)
        self._quarantined = Quarantined.load(context.reader(CHECKED))
        self._writer: StagingWriter = context.writer(STAGE)
        self._counted = DeliveredCharts(derive(context.run_key, "facts"), run_token(context.run_id))
        self._envelope = _envelope(context, self._rows)
        self._handed = HandedOver(context)
        self._filled: Tally[str] = Tally()
        self._problems: Tally[str] = Tally()
        self._units = self._derived = self._done = 0

    def write_part(self, part: PlannedPart) -> SealedPart:
        path = self._context.parts / part.name
        with sealed_zip(path, self._context.authorisation.recipients) as archive:
            for chart in part.charts:
                with unsearched():
                    self._write_chart(archive, chart)
        sha256, size = archive.digest()
        return SealedPart(part.name, size, sha256)

    def _write_chart(self, archive: SealedZip, chart: int) -> None:
        patients = self._charts[chart]
        folders = [StagedChart(self._rows, patient, self._quarantined) for patient in patients]
        composed = compose_chart(folders, self._envelope, self._handed.of(patients))
        originals = composed.originals
        counted = self._counted.open(originals, partial(self._book, chart, patients[0], composed.outcome))
        whole = WholeChart()
        with archive.member(chart_name(self._context.run_id, chart)) as emit:

            def tee(piece: bytes) -> None:
                emit(piece)
                counted.feed(piece)
                whole.feed(piece)

            composed.write(tee)
        if not whole.close():
            self._problems[NOT_VALID] += 1
        if originals:
            self._writer.write("original", _one((chart, patients[0], originals), ORIGINAL))
        self._writer.write("sheet", _one((chart, patients[0], json.encode(composed.sheet)), SHEET))
        counted.close()

    def _book(self, chart: int, patient: int, outcome: ChartOutcome, account: ChartAccount) -> None:
        if outcome.outcomes:
            self._writer.write("outcome", _outcomes(chart, outcome))
        if account.units:
            self._writer.write("delivered_unit", _delivered(chart, patient, account))
        self._filled.update(account.filled)
        self._problems.update(account.problems)
        self._problems.update(outcome.problems)
        self._units += len(account.units)
        self._derived += sum(1 for unit in account.units if unit.derived)
        self._done += 1
        self._context.report("deliver", self._done, len(self._charts))

    def close(self, parts: tuple[SealedPart, ...]) -> Delivery:
        self._counted.flush()
        self._writer.close()
        return Delivery(
            plan=self._plan,
            parts=parts,
            delivered_units=self._units,
            filled=dict(self._filled),
            derived=self._derived,
            problems=dict(self._problems),
            walked=dict(self._counted.walked),
        )


def _envelope(context: DataContext, rows: StagingReader) -> Envelope:
    senders = [xml for batch in rows.batches("provider") for xml in batch["xml"].to_pylist() if xml]
    return Envelope(
        run_id=context.run_id,
        senders=tuple(dict.fromkeys(senders)),
        exported=context.authorisation.signed_at,
        language=context.authorisation.language,
    )


def _outcomes(chart: int, outcome: ChartOutcome) -> pa.RecordBatch:
    rows = [(o.unit, o.file, o.patient, chart, o.kind, o.disposition, o.reason) for o in outcome.outcomes]
    columns = zip(*rows, strict=True)
    return pa.record_batch(
        [pa.array(c, f.type) for c, f in zip(columns, OUTCOME, strict=True)], schema=OUTCOME
    )


def _one(row: tuple[int, int, bytes], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(row, schema, strict=True)
    return pa.record_batch([pa.array([value], f.type) for value, f in columns], schema=schema)


def _delivered(chart: int, patient: int, account: ChartAccount) -> pa.RecordBatch:
    rows = [(chart, patient, u.kind, u.digest, u.degraded, u.derived) for u in account.units]
    columns = zip(*rows, strict=True)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, DELIVERED_UNIT, strict=True)]
    return pa.record_batch(arrays, schema=DELIVERED_UNIT)
