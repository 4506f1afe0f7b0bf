"""The practice's documents in the sealed report, made chart by chart: memory holds one chart, and sums."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import msgspec
import pyarrow as pa

from connectors.targets.findings import contradictory, doubtful
from connectors.targets.medinect import chart_name
from connectors.targets.points import Draft, Teller
from connectors.targets.reports import (
    Account,
    Totals,
    codes_csv,
    index_row,
    json_of,
    page_of_chart,
    patients_csv,
    patients_json,
    patients_page,
    reconciliation_page,
    reconciliation_values,
    work_list_json,
    work_list_page,
)
from connectors.targets.sheet import Sheet, place_set_aside, tell_set_aside
from flows.steps._set_aside import HandedOver
from flows.steps.context import DataContext
from flows.steps.deliver import STAGE as DELIVERED
from flows.steps.extract import STAGE as EXTRACTED
from flows.steps.match import load_charts, load_notices, load_review
from flows.steps.parts import SealedZip
from flows.steps.transform import load_coverage
from flows.steps.values import Reconciliation
from schemas.practice_documents import (
    ChartOf,
    Danger,
    FidelityFile,
    Language,
    Persons,
    Point,
    Run,
    WorkListFile,
)
from vault.staging.segments import StagingReader, StagingWriter

STAGE = "report"
ROW = pa.schema([("chart", pa.int32()), ("patient", pa.int32()), ("value", pa.large_binary())])
_SHEET = msgspec.json.Decoder(Sheet)
_POINT = msgspec.json.Decoder(Point)


class Papers:
    """The documents of one run."""

    def __init__(self, context: DataContext, reconciliation: Reconciliation, handed: HandedOver) -> None:
        self._context, self._reconciliation, self._handed = context, reconciliation, handed
        self._charts = load_charts(context)
        self._run = Run(
            id=context.run_id,
            begun_at=context.begun_at,
            signed_at=context.authorisation.signed_at,
            source_system=context.authorisation.instruction.source_system,
            language=msgspec.convert(context.authorisation.language, Language),
        )
        self._teller = Teller(self._run.language)
        self._totals = Totals()
        self._writer: StagingWriter = context.writer(STAGE)

    def seal(self, archive: SealedZip) -> None:
        """Write all documents into the report."""
        self._seal_charts(archive)
        self._rest()
        self._writer.close()
        reader = self._context.reader(STAGE)
        self._seal_work_list(archive, reader)
        patients = partial(_values, reader, "index")
        _put(archive, "patients.json", patients_json(self._run, patients()))
        _put(archive, "patients.csv", patients_csv(self._run, patients()))
        _put(archive, "patients.html", patients_page(self._run, patients()))
        _put(archive, "codes.csv", codes_csv(self._run.language, load_coverage(self._context)))
        values = reconciliation_values(
            self._run, self._persons(), self._totals, _account(self._reconciliation)
        )
        _put(archive, "reconciliation.json", iter([json_of(values)]))
        _put(archive, "reconciliation.html", reconciliation_page(values))

    def _seal_charts(self, archive: SealedZip) -> None:
        doubts = self._doubts()
        for chart, sheet in _sheets(self._context):
            patient = self.chart_of(chart, sheet)
            drafts = [(draft, None) for draft in sheet.drafts] + doubts.get(chart, [])
            points = [
                draft.point(f"{chart}.{number}", patient, other)
                for number, (draft, other) in enumerate(drafts, start=1)
            ]
            page = FidelityFile(
                version=1,
                run=self._run,
                patient=patient,
                rows=Totals(sheet).rows(self._run.language),
                attachments=sheet.attachments,
                points=points,
            )
            _put(archive, patient.page.replace(".html", ".json"), iter([json_of(page)]))
            _put(archive, patient.page, page_of_chart(page))
            first = self._charts[chart][0]
            self._keep("index", chart, first, json_of(index_row(patient, sheet, points)))
            for point in points:
                self._keep(f"point_{point.danger}", chart, first, json_of(point))
            self._totals.add(sheet)

    def _rest(self) -> None:
        """Points about what is in no chart."""
        charted = frozenset(patient for patients in self._charts.values() for patient in patients)
        for number, each in enumerate(self._handed.without(charted), start=1):
            draft = tell_set_aside(self._teller, each)
            self._keep(f"point_{draft.danger}", 0, 0, json_of(draft.point(f"0.{number}", None)))
            self._totals.add_set_aside(place_set_aside(each), each)

    def _seal_work_list(self, archive: SealedZip, reader: StagingReader) -> None:
        def points(danger: Danger) -> Iterator[bytes]:
            return _values(reader, f"point_{danger}")

        inventory = self._reconciliation.delivery.plan.drafts.matched.checked.staged.inventory
        head = WorkListFile(
            version=1,
            run=self._run,
            patients=len(self._charts),
            checked=sum(inventory.units.values()),
            dangers={danger: count for danger in Danger if (count := _rows(reader, f"point_{danger}"))},
            points=[],
        )
        _put(archive, "work-list.json", work_list_json(head, points))
        _put(archive, "work-list.html", work_list_page(head, lambda d: map(_POINT.decode, points(d))))

    def chart_of(self, chart: int, sheet: Sheet) -> ChartOf:
        """The patient of a chart, and their files."""
        name = chart_name(self._context.run_id, chart)
        page = f"fidelity/{name.rpartition('/')[2].removesuffix('.xml')}.html"
        return ChartOf(sheet.name, sheet.birth_date, sheet.inss, name, page)

    def _doubts(self) -> dict[int, list[tuple[Draft, ChartOf | None]]]:
        """The points about who a chart's patient is, by chart."""
        review, notices = list(load_review(self._context)), list(load_notices(self._context))
        if not review and not notices:
            return {}
        chart_of = {patient: chart for chart, patients in self._charts.items() for patient in patients}
        concerned = {chart_of[patient] for pair in review for patient in pair[:2]}
        people = {c: self.chart_of(c, sheet) for c, sheet in _sheets(self._context) if c in concerned}
        stated = _describe(
            self._context, {*(p for pair in review for p in pair[:2]), *(p for p, _ in notices)}
        )
        doubts: dict[int, list[tuple[Draft, ChartOf | None]]] = {}
        for patient, other, why in review:
            both = " | ".join(stated[each][1] for each in (patient, other))
            draft = self._teller.tell(doubtful(stated[other][0], why, both))
            doubts.setdefault(chart_of[patient], []).append((draft, people[chart_of[other]]))
        for patient, why in notices:
            draft = self._teller.tell(contradictory(stated[patient][0], why, stated[patient][1]))
            doubts.setdefault(chart_of[patient], []).append((draft, None))
        return doubts

    def _persons(self) -> Persons:
        matched = self._reconciliation.delivery.plan.drafts.matched
        inventory = matched.checked.staged.inventory
        return Persons(inventory.patients, matched.charts, matched.joined, matched.review)

    def _keep(self, table: str, chart: int, patient: int, value: bytes) -> None:
        columns = zip((chart, patient, value), ROW, strict=True)
        self._writer.write(table, pa.record_batch([pa.array([v], f.type) for v, f in columns], schema=ROW))


def _account(reconciliation: Reconciliation) -> Account:
    inventory = reconciliation.delivery.plan.drafts.matched.checked.staged.inventory
    return Account(
        units=reconciliation.by_kind,
        bytes={
            "units": inventory.unit_bytes,
            "structural": inventory.structural_bytes,
            **{rule: count for rule, count in sorted(inventory.ignored_bytes.items()) if count},
        },
        bytes_total=inventory.bytes_total,
        filled=reconciliation.delivery.filled,
        repaired=inventory.repaired,
        files=len(inventory.files),
    )


def count_points(context: DataContext) -> dict[str, int]:
    """The points of the finished documents, by danger."""
    reader = context.reader(STAGE)
    return {danger.value: n for danger in Danger if (n := _rows(reader, f"point_{danger}"))}


def _rows(reader: StagingReader, table: str) -> int:
    return sum(segment.rows for segment in reader.segments(table))


def _values(reader: StagingReader, table: str) -> Iterator[bytes]:
    for batch in reader.batches(table):
        yield from batch["value"].to_pylist()


def _sheets(context: DataContext) -> Iterator[tuple[int, Sheet]]:
    for batch in context.reader(DELIVERED).batches("sheet"):
        for chart, value in zip(batch["chart"].to_pylist(), batch["value"].to_pylist(), strict=True):
            yield chart, _SHEET.decode(value)


def _describe(context: DataContext, patients: set[int]) -> dict[int, tuple[str, str]]:
    """Return, for each of these patients, the unit that states them and who they are, for the sealed report."""
    described: dict[int, tuple[str, str]] = {}
    for batch in context.reader(EXTRACTED).batches("patient") if patients else ():
        columns = ("patient", "unit", "family_name", "first_names", "birth", "inss")
        for patient, unit, family, first, *others in zip(
            *(batch[name].to_pylist() for name in columns), strict=True
        ):
            if patient in patients:
                said = ", ".join(part for part in (family, *(first or ()), *others) if part)
                known = described.get(patient)
                described[patient] = (unit, said if known is None else f"{known[1]} / {said}")
    return described


def _put(archive: SealedZip, name: str, pieces: Iterator[bytes]) -> None:
    with archive.member(name) as emit:
        for piece in pieces:
            emit(piece)
