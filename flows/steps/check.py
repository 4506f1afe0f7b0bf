"""check: test every staged table against the data contracts, one table at a time; returns counts only."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from flows.steps import _duck as duck
from flows.steps._facts import columns_of, prepare, register_facts
from flows.steps._quarantine import STAGE
from flows.steps.context import DataContext
from flows.steps.extract import STAGE as EXTRACTED
from flows.steps.values import Checked, Staged
from schemas.books import OUTCOME
from schemas.contracts import OUTCOMES, Contract, Counted, Suite, load_suites
from schemas.disposition import Disposition, Reason
from vault.staging.segments import StagingReader, StagingWriter

BREACH = pa.schema(
    [("unit", pa.string()), ("file", pa.int32()), ("patient", pa.int32()), ("reason", pa.string())]
)
"""Units that break a contract of severity `resolve`, with its reason: points of the work list."""
_KINDS = {"item": "item", "document": "attachment"}
_PEOPLE = ["patient", "birth", "death", "sex"]


def check(context: DataContext, staged: Staged) -> Checked:
    """Count the outcomes of every contract; seal the disposition of units to keep back, and the reasons of those to resolve."""
    reader = context.reader(EXTRACTED)
    judged = _Judged(context.writer(STAGE))
    people = _people(reader)
    for suite in load_suites():
        connection = duck.connect()
        try:
            prepare(connection, people, context.begun_at[:10])
            for batch in reader.batches(suite.staged, columns=columns_of(suite)):
                register_facts(connection, suite, batch)
                judged.add(connection, suite)
        finally:
            connection.close()
    judged.writer.close()
    return Checked(staged, judged.counted(), judged.quarantined, judged.to_resolve)


class _Judged:
    """The outcomes so far. No unit path spans two segments, so sums over segments are exact."""

    def __init__(self, writer: StagingWriter) -> None:
        self.writer = writer
        self.quarantined = self.to_resolve = 0
        self._totals: dict[str, Tally[str]] = {
            contract.id: Tally() for suite in load_suites() for contract in suite.contracts
        }

    def counted(self) -> Counted:
        """The number of rows by contract and outcome."""
        return {contract: {o: found[o] for o in OUTCOMES} for contract, found in self._totals.items()}

    def add(self, connection: duckdb.DuckDBPyConnection, suite: Suite) -> None:
        """Judge the rows of `facts`. A contract whose query fails could judge none of them."""
        for contracts in _judge(connection, suite):
            for contract in contracts:
                found = dict(connection.execute(suite.counting_sql(contract)).fetchall())
                self._totals[contract.id].update({str(o): int(n) for o, n in found.items()})
                if found.get("failed") and contract.severity != "source" and contract.then != "stop":
                    self._seal(contract, suite, connection.execute(suite.failing_sql(contract)).fetchall())

    def _seal(self, contract: Contract, suite: Suite, rows: list[tuple[str, int, int]]) -> None:
        units, files, patients = zip(*rows, strict=True)
        columns = [pa.array(units), pa.array(files, pa.int32()), pa.array(patients, pa.int32())]
        if contract.severity == "resolve":
            self.to_resolve += len(rows)
            reasons = pa.array([contract.reason] * len(rows))
            self.writer.write("breach", pa.record_batch([*columns, reasons], schema=BREACH))
            return
        self.quarantined += len(rows)
        same = [0, _KINDS[suite.table], Disposition.QUARANTINED.value, Reason.CONTRACT.value]
        columns += [pa.array([v] * len(rows), f.type) for v, f in zip(same, list(OUTCOME)[3:], strict=True)]
        self.writer.write("outcome", pa.record_batch(columns, schema=OUTCOME))


def _judge(connection: duckdb.DuckDBPyConnection, suite: Suite) -> Iterator[tuple[Contract, ...]]:
    """Make `judged` for all contracts at once; if that fails, for each alone."""
    if _made(connection, suite.judging_sql()):
        yield suite.contracts
        return
    for contract in suite.contracts:
        if not _made(connection, suite.judging_sql((contract,))):
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE judged AS"  # noqa: S608 - our own names
                f" SELECT unit, file, patient, 'error' AS {contract.id} FROM facts"
            )
        yield (contract,)


def _made(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    try:
        connection.execute(sql)
    except duckdb.Error:
        return False
    return True


def _people(reader: StagingReader) -> pa.Table:
    batches = [batch.select(_PEOPLE) for batch in reader.batches("patient", columns=_PEOPLE)]
    if batches:
        return pa.Table.from_batches(batches)
    empty = {"patient": pa.int32(), "birth": pa.string(), "death": pa.string(), "sex": pa.string()}
    return pa.table({name: pa.array([], kind) for name, kind in empty.items()})


def load_breaches(reader: StagingReader) -> dict[int, list[tuple[str, str]]]:
    """Units to resolve, by patient: (unit, reason). Memory holds paths and reasons only."""
    found: dict[int, list[tuple[str, str]]] = {}
    for batch in reader.batches("breach"):
        columns = (batch[name].to_pylist() for name in ("unit", "patient", "reason"))
        for unit, patient, reason in zip(*columns, strict=True):
            found.setdefault(patient, []).append((unit, reason))
    return found
