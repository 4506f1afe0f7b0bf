"""Units that a data contract handed to the doctor: left out of the charts, verbatim in the sealed report."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from schemas.disposition import Disposition
from schemas.tables import TABLES
from vault.staging import StagingReader

STAGE = "check"


class Quarantined:
    """The paths of the units that failed a contract of severity `quarantine`."""

    def __init__(self, units: dict[str, int]) -> None:
        self.units = units  # with the patient of each

    @classmethod
    def load(cls, reader: StagingReader) -> Quarantined:
        """Those that `check` sealed."""
        units: dict[str, int] = {}
        for batch in reader.batches("outcome"):
            kept_back = batch.filter(pc.equal(batch["disposition"], Disposition.QUARANTINED.value))
            units.update(zip(kept_back["unit"].to_pylist(), kept_back["patient"].to_pylist(), strict=True))
        return cls(units)

    def takes(self, unit: str) -> bool:
        """Whether this unit, or one that it lies in, is among them."""
        while unit:
            if unit in self.units:
                return True
            unit = unit.rpartition(".")[0]
        return False

    def sound(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of the others."""
        if not self.units:
            return rows
        return rows.filter(pa.array([not self.takes(unit) for unit in rows["unit"].to_pylist()], pa.bool_()))


def staged_rows(reader: StagingReader, unit: str, patient: int) -> Iterator[bytes]:
    """A unit and all in it as JSON lines: table and columns; attachments follow by themselves."""
    one = Quarantined({unit: patient})
    for table in TABLES:
        if table == "document_chunk":
            continue
        for batch in reader.rows_of(table, patient):
            for row in batch.to_pylist():
                if one.takes(row["unit"]):
                    told = json.dumps({"table": table, **row}, ensure_ascii=False, default=bytes.hex)
                    yield told.encode() + b"\n"


def staged_documents(reader: StagingReader, unit: str, patient: int) -> Iterator[str]:
    """The paths of the attachments that a unit is, or holds."""
    for batch in reader.rows_of("document", patient):
        for path in batch["unit"].to_pylist():
            if path == unit or path.startswith(unit + "."):
                yield path
