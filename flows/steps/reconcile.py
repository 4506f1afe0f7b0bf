"""reconcile: hold what was delivered against what came, unit by unit and fact by fact, or turn the run red.

Two books must agree. Every unit that the counter saw has exactly one disposition, and nothing else has one. And
for each chart the multiset of fact digests of the units said to be delivered (whole, or degraded to text) equals
the multiset read back from the plain stream.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from flows import duck
from flows.steps.context import DataContext
from flows.steps.deliver import STAGE as DELIVERED
from flows.steps.inventory import STAGE as COUNTED
from flows.steps.inventory import CountedRows
from flows.steps.match import load_charts
from flows.values import Delivery, Reconciliation
from schemas.books import COUNTED_UNIT, DELIVERED_UNIT, OUTCOME
from schemas.disposition import Disposition
from schemas.errors import CeilingError, CountMismatchError, UnexplainedUnitError
from vault.authorisation import Authorisation

CHARTS_AT_ONCE = 250
_OUTCOME_STAGES = ("scope", "extract", "check", DELIVERED)

# A quarantined unit takes what is nested in it along.
_DISPOSED = """
CREATE OR REPLACE TEMP TABLE disposed AS
WITH taken AS (SELECT unit, disposition FROM outcomes WHERE disposition = 'quarantined')
SELECT u.unit, u.patient, u.kind, u.digest, coalesce(o.disposition, t.disposition) AS disposition,
       coalesce(o.chart, 0) AS chart, coalesce(o.n, CASE WHEN t.unit IS NULL THEN 0 ELSE 1 END) AS n
FROM units u
LEFT JOIN (SELECT unit, any_value(disposition) AS disposition, max(chart) AS chart, count(*) AS n
           FROM outcomes GROUP BY unit) o ON o.unit = u.unit
LEFT JOIN taken t ON o.unit IS NULL AND starts_with(u.unit, t.unit || '.')
"""
_UNEXPLAINED = """
SELECT (SELECT count(*) FROM disposed WHERE n <> 1)
     + (SELECT count(*) FROM (SELECT unit FROM units GROUP BY unit HAVING count(*) > 1))
     + (SELECT count(*) FROM outcomes o WHERE NOT EXISTS (SELECT 1 FROM units u WHERE u.unit = o.unit))
"""
_MISMATCHES = """
WITH came AS (
    SELECT chart, digest, CASE WHEN kind = 'patient_field' AND chart IN (SELECT chart FROM joined) THEN 1
                               ELSE count(*) END AS n
    FROM disposed WHERE disposition IN ('delivered', 'degraded') GROUP BY chart, digest, kind),
went AS (
    SELECT chart, digest, CASE WHEN kind = 'patient_field' AND chart IN (SELECT chart FROM joined) THEN 1
                               ELSE count(*) END AS n
    FROM delivered GROUP BY chart, digest, kind)
SELECT coalesce(sum(greatest(coalesce(c.n, 0) - coalesce(w.n, 0), 0)), 0),
       coalesce(sum(greatest(coalesce(w.n, 0) - coalesce(c.n, 0), 0)), 0)
FROM came c FULL JOIN went w ON c.chart = w.chart AND c.digest = w.digest
WHERE c.n IS DISTINCT FROM w.n
"""
_BY_KIND = "SELECT kind, disposition, count(*) FROM disposed GROUP BY ALL"


def reconcile(context: DataContext, delivery: Delivery) -> Reconciliation:
    """Balance both books over all charts.

    Raises UnexplainedUnitError, CountMismatchError (lost or invented facts), or CeilingError.
    """
    if delivery.problems:
        code = min(delivery.problems)
        raise CountMismatchError("rule_" + code, count=sum(delivery.problems.values()))
    by_kind: dict[str, Tally[str]] = {}
    for patients, charts in _cohorts(load_charts(context)):
        for kind, disposition, count in _balance(context, patients, charts):
            by_kind.setdefault(kind, Tally())[disposition] += count
        context.report("reconcile", max(patients, default=0), 0)
    check_ceilings(context.authorisation, by_kind)
    totals: Tally[str] = Tally()
    for tally in by_kind.values():
        totals.update(tally)
    dispositions = {d.value: totals.get(d.value, 0) for d in Disposition}
    return Reconciliation(delivery, dispositions, {kind: dict(t) for kind, t in sorted(by_kind.items())})


def _cohorts(charts: dict[int, tuple[int, ...]]) -> Iterator[tuple[set[int], dict[int, tuple[int, ...]]]]:
    """First what belongs to no chart (None), then the charts in slices."""
    yield set(), {}
    ordinals = list(charts)
    for start in range(0, len(ordinals), CHARTS_AT_ONCE):
        some = {chart: charts[chart] for chart in ordinals[start : start + CHARTS_AT_ONCE]}
        yield {patient for patients in some.values() for patient in patients}, some


def _balance(
    context: DataContext, patients: set[int], charts: dict[int, tuple[int, ...]]
) -> list[tuple[str, str, int]]:
    chartless = not charts
    everyone = _charted(context) if chartless else patients
    connection = duck.connect()
    try:
        counted = CountedRows(context.reader(COUNTED))
        units = list(counted.units()) if chartless else list(counted.units(min(patients), max(patients)))
        _register(connection, "units", units, COUNTED_UNIT, everyone, outside=chartless)
        _register(
            connection, "outcomes", _all_outcomes(context, patients), OUTCOME, everyone, outside=chartless
        )
        delivered = (
            []
            if chartless
            else list(context.reader(DELIVERED).batches("delivered_unit", min(patients), max(patients)))
        )
        _register(connection, "delivered", delivered, DELIVERED_UNIT, everyone, outside=chartless)
        joined = [chart for chart, folders in charts.items() if len(folders) > 1]
        connection.register("joined", pa.table({"chart": pa.array(joined, pa.int32())}))
        return _verdict(connection)
    finally:
        connection.close()


def _charted(context: DataContext) -> set[int]:
    return {patient for patients in load_charts(context).values() for patient in patients}


def _all_outcomes(context: DataContext, patients: set[int]) -> list[pa.RecordBatch]:
    bounds = (min(patients), max(patients)) if patients else (None, None)
    return [batch for stage in _OUTCOME_STAGES for batch in context.reader(stage).batches("outcome", *bounds)]


def _register(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    batches: list[pa.RecordBatch],
    schema: pa.Schema,
    patients: set[int],
    *,
    outside: bool,
) -> None:
    wanted = pa.array(sorted(patients), pa.int32())
    kept = []
    for batch in batches:
        inside = pc.is_in(batch["patient"], wanted)
        kept.append(batch.filter(pc.invert(inside) if outside else inside))
    connection.register(name, pa.Table.from_batches(kept, schema))


def _verdict(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    connection.execute(_DISPOSED)
    unexplained = _single(connection, _UNEXPLAINED)[0]
    if unexplained:
        raise UnexplainedUnitError("units_without_one_disposition", count=unexplained)
    lost, surplus = _single(connection, _MISMATCHES)
    if lost or surplus:
        raise CountMismatchError("facts_lost" if lost else "facts_surplus", count=max(lost, surplus))
    return [(str(k), str(d), int(n)) for k, d, n in connection.execute(_BY_KIND).fetchall()]


def _single(connection: duckdb.DuckDBPyConnection, sql: str) -> list[int]:
    return [int(value) for value in connection.execute(sql).fetchall()[0]]


def check_ceilings(authorisation: Authorisation, by_kind: dict[str, Tally[str]]) -> None:
    """Refuse when a kind has more degraded or quarantined units than the controller agreed to (per mille)."""
    ceilings = (
        (Disposition.DEGRADED, authorisation.ceilings.degraded_permille),
        (Disposition.QUARANTINED, authorisation.ceilings.quarantined_permille),
    )
    for tally in by_kind.values():
        total = sum(tally.values())
        for disposition, ceiling in ceilings:
            found = tally.get(disposition.value, 0)
            if found * 1000 > ceiling * total:
                raise CeilingError(f"too_many_{disposition.value}", count=found, limit=ceiling)
