"""deliver: write each chart into its sealed part while an independent reader counts the plain stream.

Several processes may each take a range of parts.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter as Tally
from collections.abc import Iterator
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
from flows.steps.check import load_breaches
from flows.steps.context import DataContext
from flows.steps.extract import STAGE as EXTRACTED
from flows.steps.match import load_charts
from flows.steps.parts import SealedZip, sealed_zip
from flows.steps.ranges import Range, RangeDone, all_segments, cut_parts, sum_tallies
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
    context.discard(STAGE)
    ranges = cut_parts(len(plan.parts), context.processes)
    done = context.share("deliver", partial(Delivering, context, plan), ranges)
    context.finish(STAGE, all_segments(done))
    totals = sum_tallies(done, "units")
    return Delivery(
        plan=plan,
        parts=tuple(part for each in done for part in each.parts),
        delivered_units=totals.get("delivered", 0),
        filled=sum_tallies(done, "filled"),
        derived=totals.get("derived", 0),
        problems=sum_tallies(done, "problems"),
        walked=sum_tallies(done, "walked"),
    )


class Delivering:
    """deliver at work in one process: what it learns of charts in one range serves the next."""

    def __init__(self, context: DataContext, plan: Plan) -> None:
        self._context = context
        self._plan = plan
        self._charts = load_charts(context)
        self._rows = context.reader(EXTRACTED)
        self._quarantined = Quarantined.load(context.reader(CHECKED))
        self._to_resolve = load_breaches(context.reader(CHECKED))
        self._counted = DeliveredCharts(derive(context.run_key, "facts"), run_token(context.run_id))
        self._envelope = _envelope(context, self._rows)
        self._handed = HandedOver(context)
        self._done = 0

    def do(self, each: Range) -> RangeDone:
        """Write and count the parts in a range."""
        self._writer: StagingWriter = self._context.range_writer(STAGE, each.number)
        self._units: Tally[str] = Tally()
        self._filled: Tally[str] = Tally()
        self._problems: Tally[str] = Tally()
        self._counted.walked.clear()
        parts = [
            self._write_part(self._plan.parts[number - 1]) for number in range(each.first, each.last + 1)
        ]
        self._counted.flush()
        tallies = {
            "units": dict(self._units),
            "filled": dict(self._filled),
            "problems": dict(self._problems),
            "walked": dict(self._counted.walked),
        }
        return RangeDone(each.number, self._writer.seal(), tallies, tuple(parts))

    def _write_part(self, part: PlannedPart) -> SealedPart:
        path = self._context.parts / part.name
        with sealed_zip(path, self._context.authorisation.recipients) as archive:
            for chart in part.charts:
                self._write_chart(archive, chart)
        sha256, size = archive.digest()
        return SealedPart(part.name, size, sha256)

    def _write_chart(self, archive: SealedZip, chart: int) -> None:
        patients = self._charts[chart]
        folders = [StagedChart(self._rows, patient, self._quarantined) for patient in patients]
        to_resolve = [each for patient in patients for each in self._to_resolve.get(patient, ())]
        composed = compose_chart(folders, self._envelope, self._handed.of(patients), to_resolve)
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
        self._units["delivered"] += len(account.units)
        self._units["derived"] += sum(1 for unit in account.units if unit.derived)
        self._done += 1
        self._context.report("deliver", self._done, len(self._charts))


def _envelope(context: DataContext, rows: StagingReader) -> Envelope:
    senders = [xml for batch in rows.batches("provider") for xml in batch["xml"].to_pylist() if xml]
    return Envelope(
        run_id=context.run_id,
        senders=tuple(dict.fromkeys(senders)),
        exported=context.authorisation.signed_at,
        language=context.authorisation.language,
    )


def _outcomes(chart: int, outcome: ChartOutcome) -> pa.RecordBatch:
    units, files, patients, *rest = zip(*outcome.outcomes, strict=True)
    columns = [units, files, patients, [chart] * len(units), *rest]
    return pa.record_batch(
        [pa.array(c, f.type) for c, f in zip(columns, OUTCOME, strict=True)], schema=OUTCOME
    )


def _one(row: tuple[int, int, bytes], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(row, schema, strict=True)
    return pa.record_batch([pa.array([value], f.type) for value, f in columns], schema=schema)


def _delivered(chart: int, patient: int, account: ChartAccount) -> pa.RecordBatch:
    count = len(account.units)
    columns = [[chart] * count, [patient] * count, *zip(*account.units, strict=True)]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, DELIVERED_UNIT, strict=True)]
    return pa.record_batch(arrays, schema=DELIVERED_UNIT)
