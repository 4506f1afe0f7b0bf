"""Units that failed a data contract: left out of the charts, and verbatim in the sealed report for the doctor."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from schemas.disposition import Disposition
from schemas.shapes import to_xml
from schemas.tables import TABLES
from vault.staging.segments import StagingReader

STAGE = "check"


class Quarantined:
    """The paths of the units that failed a contract of severity `quarantine`."""

    def __init__(self, units: dict[str, int]) -> None:
        self.units = units  # unit to patient

    @classmethod
    def load(cls, reader: StagingReader) -> Quarantined:
        """Load the units that `check` sealed."""
        units: dict[str, int] = {}
        for batch in reader.batches("outcome"):
            kept_back = batch.filter(pc.equal(batch["disposition"], Disposition.QUARANTINED.value))
            units.update(zip(kept_back["unit"].to_pylist(), kept_back["patient"].to_pylist(), strict=True))
        return cls(units)

    def takes(self, unit: str) -> bool:
        """Return whether this unit, or a unit that contains it, is quarantined."""
        return next(self.around(unit), None) is not None

    def around(self, unit: str) -> Iterator[str]:
        """Yield the quarantined units that are or contain this unit, innermost first."""
        while unit:
            if unit in self.units:
                yield unit
            unit = unit.rpartition(".")[0]

    def sound(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows of all other units."""
        if not self.units:
            return rows
        return rows.filter(pa.array([not self.takes(unit) for unit in rows["unit"].to_pylist()], pa.bool_()))


class KeptBack:
    """The staged rows of quarantined units: each row once for every unit that contains it.

    One pass over a patient's tables serves all units of that patient, so request units grouped by patient. Memory holds the rows
    of one patient, without the content of attachments.
    """

    def __init__(
        self,
        reader: StagingReader,
        units: Quarantined,
        tables: Iterable[str] = TABLES.keys() - {"document_chunk"},
    ) -> None:
        self._reader, self._units = reader, units
        self._tables = [table for table in TABLES if table in set(tables)]
        self._patient: int | None = None
        self._found: dict[str, list[tuple[str, pa.RecordBatch, int]]] = {}

    def rows(self, unit: str) -> Iterator[bytes]:
        """Yield a unit and its content as JSON lines: table and columns; attachments are separate members."""
        for table, batch, at in self._of(unit):
            row = {"table": table, **batch.slice(at, 1).to_pylist()[0]}
            if table == "unit":
                row["xml"] = to_xml(row.pop("shape"), row.pop("texts"))
            yield json.dumps(row, ensure_ascii=False, default=bytes.hex).encode() + b"\n"

    def paths(self, unit: str) -> list[str]:
        """Return the paths of these rows."""
        return [batch["unit"][at].as_py() for _, batch, at in self._of(unit)]

    def _of(self, unit: str) -> list[tuple[str, pa.RecordBatch, int]]:
        patient = self._units.units[unit]
        if self._patient != patient:
            self._patient, self._found = patient, {}
            for table in self._tables:
                for batch in self._reader.rows_of(table, patient):
                    self._note(table, batch)
        return self._found.get(unit, [])

    def _note(self, table: str, batch: pa.RecordBatch) -> None:
        for at, path in enumerate(batch["unit"].to_pylist()):
            for unit in self._units.around(path):
                self._found.setdefault(unit, []).append((table, batch, at))
