"""The practice's documents as data and as pages, written piece by piece: none is held in memory as a whole."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import groupby
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from connectors.targets.readings import say_moment, say_size
from connectors.targets.sheet import SetAside, Sheet
from connectors.targets.sorts import DATED, UNITS, Place
from schemas.disposition import UnitKind
from schemas.practice_documents import (
    Appendix,
    ByteCount,
    ChartOf,
    Counted,
    Danger,
    FidelityFile,
    PatientIndexFile,
    PatientRow,
    Persons,
    Point,
    ReconciliationFile,
    Row,
    Run,
    SizeRow,
    Sort,
    State,
    Tally,
    Undivided,
    WorkListFile,
    YearTally,
)
from schemas.texts import section, text

_SIZES: tuple[int | None, ...] = (100_000, 1_000_000, 10_000_000, None)
_BUFFERED = 500  # pieces of a page that are written at once
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COUNTED = (
    Sort.PROBLEM, Sort.MEDICATION, Sort.ALLERGY, Sort.VACCINATION, Sort.MEASUREMENT, Sort.LAB_RESULT, Sort.CONTACT,
    Sort.LAB_REPORT, Sort.LETTER, Sort.IMAGE, Sort.DOCUMENT, Sort.REMINDER,
)  # fmt: skip
"""The columns of the index."""
_PATIENT = msgspec.json.Decoder(PatientRow)
json_of = msgspec.json.encode


@dataclass
class Account:
    """What the run counted beside the charts."""

    units: dict[str, dict[str, int]]  # by UnitKind, then by Disposition
    bytes: dict[str, int]  # by rule
    bytes_total: int
    filled: dict[str, int]
    repaired: dict[str, int]
    files: int


@dataclass
class _Size:
    tally: Counter[State] = field(default_factory=Counter)
    bytes: int = 0


class Totals:
    """What became of the units of one chart or of all."""

    def __init__(self, *sheets: Sheet) -> None:
        self._lines: Counter[tuple[Place, State]] = Counter()
        self._sizes = [_Size() for _ in _SIZES]
        self.set_aside: Counter[UnitKind] = Counter()
        for sheet in sheets:
            self.add(sheet)

    def add(self, sheet: Sheet) -> None:
        """Add a chart."""
        for line in sheet.lines:
            self._lines[Place(line.sort, line.part, line.year), line.state] += line.count
        for document in sheet.attachments:
            self._add_size(document.bytes, document.state)
        self.set_aside.update(sheet.set_aside)

    def add_set_aside(self, place: Place, each: SetAside) -> None:
        """Add a unit handed over outside of the charts."""
        self._lines[place, "set_aside"] += 1
        self.set_aside[UnitKind(each.kind)] += 1
        if each.kind == UnitKind.ATTACHMENT:
            self._add_size(each.bytes, "set_aside")

    def _add_size(self, size: int, state: State) -> None:
        at = next(i for i, most in enumerate(_SIZES) if most is None or size <= most)
        self._sizes[at].tally[state] += 1
        self._sizes[at].bytes += size

    def counts(self) -> dict[Sort, int]:
        """The units of each sort."""
        found: Counter[Sort] = Counter()
        for (place, _), count in self._lines.items():
            found[place.sort] += count
        return dict(found)

    def in_state(self, state: State) -> int:
        """The units in a state."""
        return sum(count for (_, each), count in self._lines.items() if each == state)

    def rows(self, language: str, out_of_scope: Mapping[Sort, int] | None = None) -> list[Row]:
        """A row for each sort and part, in the order in which doctors think of them."""
        outside = out_of_scope or {}
        found: dict[tuple[Sort, str], dict[int, Counter[State]]] = {(sort, ""): {} for sort in outside}
        for (place, state), count in self._lines.items():
            years = found.setdefault((place.sort, place.part), {})
            years.setdefault(place.year, Counter())[state] += count
        order = list(Sort)
        return [
            _row(sort, part, language, years, 0 if part else outside.get(sort, 0))
            for (sort, part), years in sorted(
                found.items(), key=lambda each: (order.index(each[0][0]), each[0][1])
            )
        ]

    def sizes(self, language: str) -> list[SizeRow]:
        """Attachments by size."""
        rows = []
        for most, size in zip(_SIZES, self._sizes, strict=True):
            said = say_size(most or int(_SIZES[-2] or 0), language)
            name = "up_to" if most else "above"
            label = text(language, f"count.size.{name}", size=said)
            rows.append(SizeRow(most, label, _tally(size.tally), size.bytes))
        return rows


def _row(sort: Sort, part: str, language: str, years: dict[int, Counter[State]], outside: int) -> Row:
    whole: Counter[State] = Counter()
    for each in years.values():
        whole.update(each)
    by_year = sorted(years.items()) if sort in DATED else []
    return Row(
        sort=sort,
        part=part or None,
        label=label_of(sort, part, language),
        tally=_tally(whole, outside),
        years=[YearTally(year or None, _tally(each)) for year, each in by_year],
    )


def _tally(counts: Counter[State], outside: int = 0) -> Tally:
    return Tally(
        source=counts.total() + outside,
        delivered=counts["delivered"],
        as_text=counts["as_text"],
        set_aside=counts["set_aside"],
        out_of_scope=outside,
    )


def label_of(sort: Sort, part: str, language: str) -> str:
    """The words for a sort, or for a part of it."""
    words = text(language, f"count.sort.{sort}")
    if not part:
        return words
    if sort is Sort.MEDICATION:
        return text(language, f"count.part.{part}")
    kind = section(language, "report.kind").get(part) or part
    return text(language, "count.of_part", sort=words, part=kind)


def index_row(patient: ChartOf, sheet: Sheet, points: list[Point]) -> PatientRow:
    """The line of a chart in the index."""
    totals = Totals(sheet)
    return PatientRow(
        patient, totals.counts(), totals.in_state("as_text"), totals.in_state("set_aside"), len(points)
    )


def reconciliation_values(run: Run, persons: Persons, totals: Totals, account: Account) -> ReconciliationFile:
    """The reconciliation of a run."""
    language = run.language
    outside, undivided = _outside(totals, account, language)
    return ReconciliationFile(
        version=1,
        run=run,
        patients=persons,
        rows=totals.rows(language, outside),
        attachments=totals.sizes(language),
        undivided=undivided,
        appendix=_appendix(account, language),
    )


def _outside(totals: Totals, account: Account, language: str) -> tuple[dict[Sort, int], list[Undivided]]:
    """Units that were not read: those of a known sort, and the others."""
    outside: Counter[Sort] = Counter()
    rest: list[Undivided] = []
    kinds = section(language, "report.kind")
    for kind, tally in sorted(account.units.items()):
        count = tally.get("out_of_scope", 0) + tally.get("unscoped", 0)
        if count and UnitKind(kind) in (UnitKind.TRANSACTION, UnitKind.ITEM, UnitKind.ATTACHMENT):
            rest.append(Undivided(UnitKind(kind), "out_of_scope", kinds[kind], count))
        elif count:
            outside[UNITS[UnitKind(kind)]] += count
        inside = tally.get("quarantined", 0) - totals.set_aside[UnitKind(kind)]
        if inside > 0:
            rest.append(Undivided(UnitKind(kind), "set_aside", kinds[kind], inside))
    return dict(outside), rest


def _appendix(account: Account, language: str) -> Appendix:
    kinds, ends = section(language, "report.kind"), section(language, "report.disposition")
    return Appendix(
        bytes=[
            ByteCount(rule, text(language, f"report.rule.{rule}"), count)
            for rule, count in account.bytes.items()
        ],
        bytes_total=account.bytes_total,
        filled=[
            Counted(name, section(language, "prose").get(name, name), count)
            for name, count in sorted(account.filled.items())
        ],
        repaired=[
            Counted(rule, text(language, f"report.repair.{rule}"), count)
            for rule, count in sorted(account.repaired.items())
        ],
        units=[
            Counted(f"{kind}.{end}", f"{kinds[kind]}: {ends[end]}", count)
            for kind, tally in sorted(account.units.items())
            for end, count in sorted(tally.items())
        ],
        files=account.files,
    )


def work_list_json(head: WorkListFile, points: Callable[[Danger], Iterator[bytes]]) -> Iterator[bytes]:
    """`work-list.json`; `points`: those of a danger, encoded."""
    return _listed(head, (point for danger in Danger for point in points(danger)))


def patients_json(run: Run, rows: Iterable[bytes]) -> Iterator[bytes]:
    """`patients.json`."""
    return _listed(PatientIndexFile(1, run, []), rows)


def _listed(head: Any, values: Iterable[bytes]) -> Iterator[bytes]:
    """A document whose last field is a list that is empty in `head`."""
    yield json_of(head).removesuffix(b"]}")
    for at, value in enumerate(values):
        yield b",\n" + value if at else b"\n" + value
    yield b"]}\n"


def patients_csv(run: Run, rows: Iterable[bytes]) -> Iterator[bytes]:
    """`patients.csv`."""
    say = partial(text, run.language)
    names = ("name", "birth", "inss", "file")
    ends = ("as_text", "set_aside", "open_points")
    head = [say(f"count.column.{name}") for name in names]
    head += [say(f"count.sort.{sort}") for sort in _COUNTED] + [say(f"count.column.{name}") for name in ends]
    yield b"\xef\xbb\xbf" + _csv_line(head)
    for row in map(_PATIENT.decode, rows):
        who = row.patient
        cells = [who.name or "", who.birth_date or "", who.inss or "", who.chart]
        cells += [str(row.counts.get(sort, 0)) for sort in _COUNTED]
        yield _csv_line([*cells, str(row.as_text), str(row.set_aside), str(row.open_points)])


def codes_csv(language: str, rows: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    """`codes.csv`: each distinct code of the source with its status (docs/formats/practice.md)."""
    names = (
        "system",
        "code",
        "label",
        "status",
        "records",
        "bare",
        "scheme",
        "value",
        "owner",
        "source",
        "dated",
    )
    yield b"\xef\xbb\xbf" + _csv_line(text(language, f"codes.column.{name}") for name in names)
    for row in rows:
        said = {**row, "status": text(language, f"codes.status.{row['status']}")}
        yield _csv_line(str(said[name]) for name in names)


def _csv_line(cells: Iterable[str]) -> bytes:
    out = io.StringIO()
    safe = [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerow(safe)
    return out.getvalue().encode()


def work_list_page(head: WorkListFile, points: Callable[[Danger], Iterable[Point]]) -> Iterator[bytes]:
    """`work-list.html`."""
    return _render("work-list.html", head.run, head=head, points=points, root="")


def patients_page(run: Run, rows: Iterable[bytes]) -> Iterator[bytes]:
    """`patients.html`."""
    return _render("patients.html", run, rows=map(_PATIENT.decode, rows), sorts=_COUNTED, root="")


def reconciliation_page(values: ReconciliationFile) -> Iterator[bytes]:
    """`reconciliation.html`."""
    return _render("reconciliation.html", values.run, values=values, root="")


def page_of_chart(values: FidelityFile) -> Iterator[bytes]:
    """`fidelity/CHART.html`."""
    return _render("fidelity.html", values.run, values=values, root="../")


def _by_patient(points: Iterable[Point]) -> Iterator[tuple[ChartOf | None, Iterator[Point]]]:
    return groupby(points, key=lambda point: point.patient)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("connectors.targets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _render(name: str, run: Run, **values: Any) -> Iterator[bytes]:
    return render(name, run.language, run=run, **values)


def render(name: str, language: str, **values: Any) -> Iterator[bytes]:
    """A page of these values, in a language."""
    helpers = {
        "say": partial(text, language),
        "moment": lambda stated: say_moment(stated, language),
        "size": lambda count: say_size(count, language),
        "by_patient": _by_patient,
    }
    made = _environment().get_template(name).stream(language=language, **helpers, **values)
    made.enable_buffering(_BUFFERED)
    return (piece.encode() for piece in made)
