"""reconcile: compare delivery and source, unit by unit and fact by fact; a difference fails the run.

Two accounts must agree. Every counted unit has exactly one disposition, and nothing else has one. And for each chart, the
multiset of fact digests of the units reported as delivered (whole, or degraded to text) equals the multiset read back from the
plain stream.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from connectors.inventory.facts.units import bare_summary
from flows.steps import _duck as duck
from flows.steps._ceilings import Balance, check_ceilings
from flows.steps.context import DataContext
from flows.steps.deliver import STAGE as DELIVERED
from flows.steps.inventory import STAGE as COUNTED
from flows.steps.inventory import CountedRows
from flows.steps.match import load_charts
from flows.steps.values import Delivery, Reconciliation
from schemas.books import COUNTED_UNIT, DELIVERED_UNIT, OUTCOME
from schemas.disposition import Disposition
from schemas.errors import CountMismatchError, UnexplainedUnitError
from vault.keys.provider import derive

CHARTS_AT_ONCE = 250
PATIENTS_AT_ONCE = 1000
_OUTCOME_STAGES = ("scope", "extract", "check", DELIVERED)

# A quarantined unit includes the units nested in it. Only units without an outcome of their own are looked up, by the paths
# that enclose them: comparing every pair would be quadratic.
_DISPOSED = """
CREATE OR REPLACE TEMP TABLE disposed AS
WITH ended AS (SELECT unit, any_value(disposition) AS disposition, any_value(reason) AS reason, max(chart) AS chart,
                      count(*) AS n
               FROM outcomes GROUP BY unit),
around AS (SELECT unit, unnest(list_transform(list_filter(range(1, length(unit) + 1),
                                                          lambda i: substr(unit, i, 1) IN ('.', '#')),
                                              lambda i: substr(unit, 1, i - 1))) AS enclosing
           FROM units ANTI JOIN ended USING (unit)),
inside AS (SELECT a.unit, min(o.reason) AS reason FROM around a JOIN outcomes o
           ON o.unit = a.enclosing AND o.disposition = 'quarantined' GROUP BY a.unit)
SELECT u.unit, u.patient, u.kind, u.digest,
       coalesce(o.disposition, CASE WHEN i.unit IS NOT NULL THEN 'quarantined' END) AS disposition,
       coalesce(o.reason, i.reason, 'none') AS reason,
       coalesce(o.chart, 0) AS chart, coalesce(o.n, CASE WHEN i.unit IS NULL THEN 0 ELSE 1 END) AS n
FROM units u
LEFT JOIN ended o ON o.unit = u.unit
LEFT JOIN inside i ON i.unit = u.unit
"""
_UNEXPLAINED = """
SELECT (SELECT count(*) FROM disposed WHERE n <> 1)
     + (SELECT count(*) FROM (SELECT unit FROM units GROUP BY unit HAVING count(*) > 1))
     + (SELECT count(*) FROM outcomes o WHERE NOT EXISTS (SELECT 1 FROM units u WHERE u.unit = o.unit))
"""
# A chart of several folders states a field of its patient once, and once that its summary is one. One line may be a header in one
# file and a remark in another: a fact counts whatever its kind.
_MISMATCHES = """
WITH came_by_kind AS (
    SELECT chart, digest, CASE WHEN (kind = 'patient_field' OR digest = $bare) AND chart IN (SELECT chart FROM joined) THEN 1
                               ELSE count(*) END AS n
    FROM disposed WHERE disposition IN ('delivered', 'degraded') GROUP BY chart, digest, kind),
went_by_kind AS (
    SELECT chart, digest, CASE WHEN (kind = 'patient_field' OR digest = $bare) AND chart IN (SELECT chart FROM joined) THEN 1
                               ELSE count(*) END AS n
    FROM delivered GROUP BY chart, digest, kind),
came AS (SELECT chart, digest, sum(n) AS n FROM came_by_kind GROUP BY chart, digest),
went AS (SELECT chart, digest, sum(n) AS n FROM went_by_kind GROUP BY chart, digest)
SELECT coalesce(sum(greatest(coalesce(c.n, 0) - coalesce(w.n, 0), 0)), 0),
       coalesce(sum(greatest(coalesce(w.n, 0) - coalesce(c.n, 0), 0)), 0)
FROM came c FULL JOIN went w ON c.chart = w.chart AND c.digest = w.digest
WHERE c.n IS DISTINCT FROM w.n
"""
# The files are listed up to one more than an error names (`FILES_NAMED`).
_BY_KIND = """
SELECT kind, disposition, reason, count(*),
       list_slice(list_sort(list(DISTINCT CAST(split_part(unit, '/', 1) AS INTEGER))
                            FILTER (disposition IN ('degraded', 'quarantined'))), 1, 11)
FROM disposed GROUP BY ALL
"""
_Row = tuple[str, str, str, int, list[int]]


def reconcile(context: DataContext, delivery: Delivery) -> Reconciliation:
    """Balance both accounts over all charts.

    Raises UnexplainedUnitError, CountMismatchError (lost or invented facts), or CeilingError.
    """
    if delivery.problems:
        code = min(delivery.problems)
        raise CountMismatchError("rule_" + code, count=sum(delivery.problems.values()))
    balance = Balance()
    inventory = delivery.plan.drafts.matched.checked.staged.inventory
    for cohort in _cohorts(load_charts(context), inventory.patients):
        for kind, disposition, reason, count, files in _balance(context, cohort):
            balance.add(kind, disposition, reason, count, files)
        context.report("reconcile", max(cohort.patients), 0)
    check_ceilings(context.authorisation, balance, inventory.files)
    totals: Tally[str] = Tally()
    for tally in balance.by_kind.values():
        totals.update(tally)
    dispositions = {d.value: totals.get(d.value, 0) for d in Disposition}
    kinds = {kind: dict(t) for kind, t in sorted(balance.by_kind.items())}
    return Reconciliation(delivery, dispositions, kinds, balance.reasons)


@dataclass(frozen=True)
class _Cohort:
    """Patients who are balanced together: those of some charts, or some without a chart."""

    patients: frozenset[int]  # 0: files without a patient
    joined: tuple[int, ...] = ()  # charts with several source folders
    above: int | None = None  # if set: also all patients above it, which should not exist

    @property
    def bounds(self) -> tuple[int, int]:
        return min(self.patients), max(self.patients) if self.above is None else 2**31 - 1

    def of(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows of these patients."""
        inside = pc.is_in(rows["patient"], pa.array(sorted(self.patients), pa.int32()))
        if self.above is not None:
            inside = pc.or_(inside, pc.greater(rows["patient"], self.above))
        return rows.filter(inside)


def _cohorts(charts: dict[int, tuple[int, ...]], patients: int) -> Iterator[_Cohort]:
    """Yield slices of the patients without a chart, then slices of the charts."""
    charted = {patient for folders in charts.values() for patient in folders}
    yield _Cohort(frozenset({0}), above=patients)
    for start in range(1, patients + 1, PATIENTS_AT_ONCE):
        some = frozenset(range(start, min(start + PATIENTS_AT_ONCE, patients + 1))) - charted
        if some:
            yield _Cohort(some)
    ordinals = list(charts)
    for start in range(0, len(ordinals), CHARTS_AT_ONCE):
        chosen = ordinals[start : start + CHARTS_AT_ONCE]
        joined = tuple(chart for chart in chosen if len(charts[chart]) > 1)
        yield _Cohort(frozenset(patient for chart in chosen for patient in charts[chart]), joined)


def _balance(context: DataContext, cohort: _Cohort) -> list[_Row]:
    connection = duck.connect()
    try:
        units = CountedRows(context.reader(COUNTED)).units(*cohort.bounds)
        _register(connection, "units", units, COUNTED_UNIT, cohort)
        _register(connection, "outcomes", _all_outcomes(context, cohort), OUTCOME, cohort)
        delivered = context.reader(DELIVERED).batches("delivered_unit", *cohort.bounds)
        _register(connection, "delivered", delivered, DELIVERED_UNIT, cohort)
        connection.register("joined", pa.table({"chart": pa.array(cohort.joined, pa.int32())}))
        return _verdict(connection, bare_summary(derive(context.run_key, "facts")))
    finally:
        connection.close()


def _all_outcomes(context: DataContext, cohort: _Cohort) -> Iterator[pa.RecordBatch]:
    for stage in _OUTCOME_STAGES:
        yield from context.reader(stage).batches("outcome", *cohort.bounds)


def _register(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    cohort: _Cohort,
) -> None:
    connection.register(name, pa.Table.from_batches(map(cohort.of, batches), schema))


def _verdict(connection: duckdb.DuckDBPyConnection, bare: bytes) -> list[_Row]:
    connection.execute(_DISPOSED)
    unexplained = _single(connection, _UNEXPLAINED)[0]
    if unexplained:
        raise UnexplainedUnitError("units_without_one_disposition", count=unexplained)
    lost, surplus = _single(connection, _MISMATCHES, {"bare": bare})
    if lost or surplus:
        raise CountMismatchError("facts_lost" if lost else "facts_surplus", count=max(lost, surplus))
    rows = connection.execute(_BY_KIND).fetchall()
    return [(str(kind), str(end), str(reason), int(n), files or []) for kind, end, reason, n, files in rows]


def _single(
    connection: duckdb.DuckDBPyConnection, sql: str, values: dict[str, bytes] | None = None
) -> list[int]:
    return [int(value) for value in connection.execute(sql, values).fetchall()[0]]
