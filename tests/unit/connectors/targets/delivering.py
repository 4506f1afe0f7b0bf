"""A source file through reader, writer and both counters, in memory."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import pyarrow.compute as pc

from connectors.base import Batch, Limits, Reject, SourceFile
from connectors.inventory.delivered.chart import ChartAccount, DeliveredChart
from connectors.inventory.registry import counter_for
from connectors.registry import choose
from connectors.targets.identities import run_token
from connectors.targets.medinect import Chart, ChartOutcome, Envelope, compose_chart

KEY = b"k" * 32
RUN = str(uuid.UUID(int=7))


class Rows:
    """The rows of one patient, kept in memory."""

    def __init__(self, tables, patient=1):
        self.tables = tables
        self.patient = patient

    def rows(self, table):
        for batch in self.tables.get(table, []):
            yield batch.filter(pc.equal(batch["patient"], self.patient))

    def content(self, unit):
        for batch in self.tables.get("document_chunk", []):
            yield from batch.filter(pc.equal(batch["unit"], unit))["content"].to_pylist()


@dataclass
class Source:
    """What reader and counter make of a file."""

    tables: dict = field(default_factory=dict)
    rejects: list = field(default_factory=list)
    counted: dict = field(default_factory=dict)

    @property
    def patients(self):
        return [p for b in self.tables.get("patient", []) for p in b["patient"].to_pylist()]

    def of(self, *patients):
        return {unit: row for unit, row in self.counted.items() if row["patient"] in patients}


def read(file: SourceFile, limits: Limits | None = None) -> Source:
    limits = limits or Limits()
    source, connector = Source(), choose(file)
    for found in connector.read(file, 1, lambda _: None, limits):
        if isinstance(found, Reject):
            source.rejects.append(found)
        else:
            source.tables.setdefault(found.table, []).append(found.rows)
    for found in counter_for(connector.name).count(file, 1, KEY, limits):
        if isinstance(found, Batch) and found.table == "counted_unit":
            source.counted.update({row["unit"]: row for row in found.rows.to_pylist()})
    return source


def compose(source: Source, *patients: int, run: str = RUN, language: str = "fr") -> Chart:
    """One chart of those patients, not yet written."""
    senders = tuple(dict.fromkeys(x for b in source.tables.get("provider", []) for x in b["xml"].to_pylist()))
    envelope = Envelope(run, senders, "2026-01-01T00:00:00Z", language)
    return compose_chart([Rows(source.tables, patient) for patient in patients], envelope)


def write(source: Source, *patients: int, run: str = RUN) -> tuple[ChartOutcome, ChartAccount, bytes]:
    """One chart of those patients."""
    return written(compose(source, *patients, run=run), run)


def written(chart: Chart, run: str = RUN) -> tuple[ChartOutcome, ChartAccount, bytes]:
    """What a composed chart consists of, and what the counter says of it."""
    delivered, out = DeliveredChart(KEY, run_token(run), chart.originals), bytearray()

    def emit(piece: bytes) -> None:
        out.extend(piece)
        delivered.feed(piece)

    chart.write(emit)
    return chart.outcome, delivered.close(), bytes(out)


def recount(chart: bytes) -> ChartAccount:
    """What the counter says of a chart as it is now."""
    delivered = DeliveredChart(KEY, run_token(RUN))
    delivered.feed(chart)
    return delivered.close()
