"""inventory: count the source to the byte, without the readers; decide what is in scope."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import Batch, SourceFile, Tiling, Verdict
from connectors.beside import no_record
from connectors.inventory.kmehr.counter import KmehrCounter
from connectors.inventory.kmehr.names import NamesInUse
from connectors.inventory.registry import counter_for, whole_file
from connectors.nested import is_archive
from connectors.twins import seen_before
from flows.steps.context import DataContext
from flows.steps.headers import Stated
from flows.steps.values import FileEntry, Inventory, Reasons, add_reason
from schemas.books import OUTCOME
from schemas.dialect import Names
from schemas.disposition import Disposition, Reason, UnitKind
from schemas.errors import (
    ScopeError,
    SourceError,
    UnknownFormatError,
    UnreadableSourceError,
    UnsafeSourceError,
)
from schemas.persons import fold_words
from vault.keys.provider import derive
from vault.staging.segments import StagingReader, StagingWriter

STAGE = "inventory"
APART = "counted_apart"  # rows of `counted_unit` whose patient is 0
FILE = pa.schema(
    [
        ("ordinal", pa.int32()),
        ("format", pa.string()),
        ("first_patient", pa.int32()),
        ("patients", pa.int32()),
        ("size", pa.int64()),
        ("damaged", pa.string()),
    ]
)
EXCLUSION = pa.schema([("unit", pa.string()), ("disposition", pa.string()), ("reason", pa.string())])


def count_source(context: DataContext, known: dict[int, tuple[str, bytes | None]]) -> Inventory:
    """Tile every file, seal the counted units, and seal which of them are out of scope.

    `known` is the result of `check_headers`. Raises ScopeError, and UnexplainedUnitError if the counter finds other headers than
    the reader.
    """
    fact_key = derive(context.run_key, "facts")
    writer = context.writer(STAGE)
    total = sum(file.size for file in context.files)
    tally = _Totals()
    unheaded: list[str] = []
    first, done = 1, 0
    repeated = seen_before(file for file in context.files if file.ordinal in known and len(known) > 1)
    for file in context.files:
        counting = _FileCount(context, file, first, fact_key, writer)
        entry, tiling = counting.count(known.get(file.ordinal), repeated=file.ordinal in repeated)
        unheaded += counting.unheaded
        tally.add(entry, tiling)
        first += entry.patients
        done += file.size
        context.report("inventory", done, total)
    if not context.drafting:
        _refuse_without_patient(tally.files)
    writer.write("file", _file_rows(tally.files))
    writer.close()
    reasons = _seal_exclusions(context, unheaded)
    return tally.inventory(reasons, context.software, _names_of(context, tally.files))


_SHORTEST_WORD = 3
"""Letters of a word of a doctor's name that no told name may contain; shorter ones are particles."""


def _names_of(context: DataContext, files: list[FileEntry]) -> Names:
    """The names that the readable files use, and their formats."""
    used, formats = NamesInUse(), Tally(entry.format for entry in files if entry.format and not entry.damaged)
    sound = {entry.ordinal for entry in files if entry.format == KmehrCounter.name and not entry.damaged}
    for file in context.files:
        if file.ordinal in sound:
            used.add(file)
    names = (controller.name for controller in context.authorisation.instruction.controllers)
    told = used.told({word for word in fold_words(names) if len(word) >= _SHORTEST_WORD})
    return Names({**told.names, "formats": dict(sorted(formats.items()))}, told.rare)


class _FileCount:
    """The count of one file."""

    def __init__(
        self, context: DataContext, file: SourceFile, first: int, fact_key: bytes, writer: StagingWriter
    ) -> None:
        self.unheaded: list[str] = []
        self._context, self._file, self._first = context, file, first
        self._fact_key, self._writer = fact_key, writer

    def count(self, known: tuple[str, bytes | None] | None, *, repeated: bool) -> tuple[FileEntry, Tiling]:
        """Count the file in units, or as a whole if it is unreadable, holds no record, or repeats an earlier file."""
        position: dict[str, int] = {}
        if known is None:
            damaged = no_record(self._file) or _unknown(self._file)
        elif repeated:
            damaged = Reason.SAME_FILE_TWICE
        else:
            try:
                return self._count_readable(*known)
            except (UnsafeSourceError, ScopeError):
                raise
            except SourceError as error:
                damaged = no_record(self._file) or _file_reason(error)
                position = {name: int(error.facts.get(name, 0)) for name in ("line", "column")}
        # Units counted before the damage was found stay sealed under this file's ordinal: `CountedRows` skips them.
        batch, tiling = whole_file(self._file, self._fact_key)
        self._writer.write(APART, batch.rows)
        if damaged is Reason.UNKNOWN_FORMAT and tiling.size < self._file.size:
            damaged = Reason.UNREADABLE_FILE
        name = known[0] if known else None
        entry = FileEntry(
            self._file.ordinal, name, self._first, 0, self._file.size, damaged.value, **position
        )
        return entry, tiling

    def _count_readable(self, format_name: str, headers: bytes | None) -> tuple[FileEntry, Tiling]:
        file, tiling = self._file, None
        stated = Stated(self._context.authorisation)
        for piece in counter_for(format_name).count(file, self._first, self._fact_key, self._context.limits):
            if isinstance(piece, Tiling):
                tiling = piece
            elif isinstance(piece, Batch):
                self._seal(piece)
            else:
                stated.take(piece)
        if tiling is None:
            raise SourceError("count_without_tiling", file=file.ordinal)
        stated.compare(headers, file)
        self.unheaded = stated.unheaded
        entry = FileEntry(file.ordinal, format_name, self._first, tiling.patients, file.size, None)
        return entry, tiling

    def _seal(self, batch: Batch) -> None:
        """Seal a batch; units without a patient go into a separate table, or every segment would begin with patient 0."""
        if batch.table != "counted_unit":
            self._writer.write(batch.table, batch.rows)
            return
        no_patient = pc.equal(batch.rows["patient"], 0)
        self._writer.write("counted_unit", batch.rows.filter(pc.invert(no_patient)))
        self._writer.write(APART, batch.rows.filter(no_patient))


def _unknown(file: SourceFile) -> Reason:
    return Reason.ARCHIVE_UNOPENED if is_archive(file) else Reason.UNKNOWN_FORMAT


def _file_reason(error: SourceError) -> Reason:
    known = {
        "not_well_formed": Reason.NOT_WELL_FORMED,
        "cut_short": Reason.CUT_SHORT,
        "too_deep": Reason.TOO_DEEP,
    }
    return known.get(error.code, Reason.UNREADABLE_FILE)


def _refuse_without_patient(files: list[FileEntry]) -> None:
    """Refuse an export without patients, with the fault of the first damaged file if there is one."""
    if any(f.patients for f in files):
        return
    damaged = [f for f in files if f.damaged and f.format and f.holds_records]
    if damaged:
        first = damaged[0]
        position = {"line": first.line, "column": first.column} if first.line else {}
        raise SourceError(first.damaged or "unreadable", file=first.ordinal, count=len(damaged), **position)
    if all(f.damaged for f in files):
        raise UnknownFormatError("no_known_file", count=len(files))
    raise UnreadableSourceError("no_patient", count=len(files))


def _file_rows(files: list[FileEntry]) -> pa.RecordBatch:
    columns = [
        [f.ordinal for f in files],
        [f.format for f in files],
        [f.first_patient for f in files],
        [f.patients for f in files],
        [f.size for f in files],
        [f.damaged for f in files],
    ]
    return pa.record_batch([pa.array(c, t.type) for c, t in zip(columns, FILE, strict=True)], schema=FILE)


class CountedRows:
    """The valid counted rows: for a file damaged as a whole, only the row of the file itself."""

    def __init__(self, reader: StagingReader) -> None:
        self._reader = reader
        self._damaged = {
            ordinal
            for batch in reader.batches("file")
            for ordinal, damage in zip(
                batch["ordinal"].to_pylist(), batch["damaged"].to_pylist(), strict=True
            )
            if damage
        }

    def units(self, first: int | None = None, last: int | None = None) -> Iterator[pa.RecordBatch]:
        """Yield batches of `counted_unit`; at least those of the patients from `first` to `last`."""
        apart = () if first else self._reader.batches(APART)
        for batch in chain(apart, self._reader.batches("counted_unit", first, last)):
            whole = pc.equal(batch["kind"], UnitKind.FILE.value)
            yield batch.filter(pc.or_(whole, self._sound(batch))) if self._damaged else batch

    def patients(self) -> Iterator[pa.RecordBatch]:
        """Yield batches of `counted_patient`."""
        for batch in self._reader.batches("counted_patient"):
            yield batch.filter(self._sound(batch)) if self._damaged else batch

    def _sound(self, batch: pa.RecordBatch) -> pa.Array:
        return pc.invert(pc.is_in(batch["file"], pa.array(sorted(self._damaged), pa.int32())))


class _Totals:
    """Sums over all files."""

    def __init__(self) -> None:
        self.files: list[FileEntry] = []
        self.units: Tally[str] = Tally()
        self.ignored: Tally[str] = Tally()
        self.repaired: Tally[str] = Tally()
        self.walked: Tally[str] = Tally()
        self.patients = self.bytes_total = self.unit_bytes = self.structural = 0
        self.years: set[int] = set()

    def add(self, entry: FileEntry, tiling: Tiling) -> None:
        self.files.append(entry)
        self.units.update(tiling.units)
        self.ignored.update(tiling.ignored_bytes)
        self.repaired.update(tiling.repaired)
        self.walked.update(tiling.walked)
        self.patients += entry.patients
        self.bytes_total += tiling.size
        self.unit_bytes += tiling.unit_bytes
        self.structural += tiling.structural_bytes
        self.years.update(tiling.years)

    def inventory(self, reasons: Reasons, software: dict[str, int], dialect: Names) -> Inventory:
        """Return the sums; `reasons` are those of excluded units, to which damaged files are added."""
        excluded = {
            d: sum(n for kinds in found.values() for n in kinds.values()) for d, found in reasons.items()
        }
        for file in self.files:
            if file.damaged:
                add_reason(reasons, Disposition.QUARANTINED, file.damaged, UnitKind.FILE, 1)
        return Inventory(
            files=tuple(self.files),
            units=dict(self.units),
            patients=self.patients,
            bytes_total=self.bytes_total,
            unit_bytes=self.unit_bytes,
            structural_bytes=self.structural,
            ignored_bytes=dict(self.ignored),
            repaired=dict(self.repaired),
            excluded=excluded,
            reasons=reasons,
            years=(min(self.years), max(self.years)) if self.years else (),
            software=dict(software),
            walked=dict(self.walked),
            dialect=dialect,
        )


def _seal_exclusions(context: DataContext, unheaded: list[str]) -> Reasons:
    """Decide the scope from the counted units; seal one verdict per subtree and one outcome per unit below it."""
    counted = CountedRows(context.reader(STAGE))
    verdicts = dict.fromkeys(unheaded, Verdict(Disposition.UNSCOPED, Reason.NO_HEADER))
    verdicts.update(_folder_verdicts(context, counted))
    verdicts.update(_loose_verdicts(context, counted))
    verdicts.update(_transaction_verdicts(context, counted, verdicts))
    writer = context.writer("scope")
    reasons: Reasons = {}
    if verdicts:
        rows = [(unit, v.disposition.value, v.reason.value) for unit, v in verdicts.items()]
        writer.write("exclusion", _rows(rows, EXCLUSION))
        for batch in counted.units():
            outcomes = _excluded_outcomes(batch, verdicts)
            for (kind, disposition, reason), count in Tally(row[4:7] for row in outcomes).items():
                add_reason(reasons, str(disposition), str(reason), str(kind), count)
            if outcomes:
                writer.write("outcome", _rows(outcomes, OUTCOME))
    writer.close()
    return reasons


def _folder_verdicts(context: DataContext, counted: CountedRows) -> Iterator[tuple[str, Verdict]]:
    """Yield verdicts on folders. Rows of tables with the same key are about one person, so they have one verdict."""
    people = _people_of_tables(counted)
    for batch in counted.patients():
        columns = (batch[name].to_pylist() for name in ("unit", "inss", "last_seen", "key"))
        for unit, own_inss, own_seen, key in zip(*columns, strict=True):
            inss, seen = people.get(key, (own_inss, own_seen))
            disposition = context.authorisation.admits_patient(inss, seen)
            if disposition is Disposition.OUT_OF_SCOPE:
                yield unit, Verdict(disposition, Reason.PATIENT_OUT_OF_SCOPE)
            elif disposition is Disposition.UNSCOPED:
                yield unit, Verdict(disposition, Reason.PATIENT_UNKNOWN)


def _people_of_tables(counted: CountedRows) -> dict[bytes, tuple[str | None, str | None]]:
    """Return national number and last day by key. Of a key with several numbers, the owner is unknown."""
    numbers: dict[bytes, set[str]] = {}
    days: dict[bytes, str] = {}
    for batch in counted.patients():
        keyed = batch.filter(pc.is_valid(batch["key"]))
        columns = (keyed[name].to_pylist() for name in ("key", "inss", "last_seen"))
        for key, inss, seen in zip(*columns, strict=True):
            numbers.setdefault(key, set()).update({inss} if inss else ())
            days[key] = max(days.get(key, ""), seen or "")
    return {
        key: (
            next(iter(found)) if len(found) == 1 else None,
            days[key] if len(found) <= 1 and days[key] else None,
        )
        for key, found in numbers.items()
    }


def _loose_verdicts(context: DataContext, counted: CountedRows) -> Iterator[tuple[str, Verdict]]:
    """Yield verdicts on loose text outside folders: it may be about anyone, so under a restricted scope it is not staged."""
    if context.authorisation.admits_patient(None, None) is not Disposition.UNSCOPED:
        return
    loose = pa.array([UnitKind.LOOSE_TEXT.value, UnitKind.REMARK.value])
    for batch in counted.units(0, 0):
        for unit in batch.filter(pc.is_in(batch["kind"], loose))["unit"].to_pylist():
            yield unit, Verdict(Disposition.UNSCOPED, Reason.PATIENT_UNKNOWN)


def _transaction_verdicts(
    context: DataContext, counted: CountedRows, folders: dict[str, Verdict]
) -> Iterator[tuple[str, Verdict]]:
    heads = pa.array([UnitKind.TRANSACTION.value, UnitKind.MESSAGE_HEADER.value])
    kinds = context.authorisation.kinds
    for counted_units in counted.units():
        batch = counted_units.filter(pc.is_in(counted_units["kind"], heads))
        columns = (batch[n].to_pylist() for n in ("unit", "kind", "record_kind", "responsible"))
        for unit, kind, record_kind, responsible in zip(*columns, strict=True):
            if folders and enclosing(unit, folders):
                continue
            if kind == UnitKind.MESSAGE_HEADER:
                unit = unit.rpartition(".")[0]  # its header lines apply to the whole message
            if record_kind is not None and record_kind not in kinds:
                yield unit, Verdict(Disposition.OUT_OF_SCOPE, Reason.KIND_OUT_OF_SCOPE)
            elif responsible is not None and not context.authorisation.admits_responsible(responsible):
                yield unit, Verdict(Disposition.OUT_OF_SCOPE, Reason.RESPONSIBLE_OUT_OF_SCOPE)


def enclosing(unit: str, verdicts: dict[str, Verdict]) -> Verdict | None:
    """Return the verdict on the unit itself or on a unit that encloses it."""
    path = unit.partition("#")[0]
    while path:
        if path in verdicts:
            return verdicts[path]
        path = path.rpartition(".")[0]
    return None


def _excluded_outcomes(batch: pa.RecordBatch, verdicts: dict[str, Verdict]) -> list[tuple[object, ...]]:
    outcomes: list[tuple[object, ...]] = []
    columns = (batch[n].to_pylist() for n in ("unit", "file", "patient", "kind"))
    for unit, file, patient, kind in zip(*columns, strict=True):
        verdict = enclosing(unit, verdicts)
        if verdict is not None:
            outcomes.append((unit, file, patient, 0, kind, verdict.disposition.value, verdict.reason.value))
    return outcomes


def _rows(rows: list[tuple[object, ...]] | list[tuple[str, str, str]], schema: pa.Schema) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True))
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
