"""Great Expectations validates the counts in a short-lived process, started by `flows.engine._contracts`.

It is imported only here (it takes seconds and much memory), and sees one row of counts per table: no value of a patient
can reach its results.

    <- {"contract": {"passed": n, "failed": n, "not_applicable": n, "error": n}, ...}    once, while it loads or after
    -> [{"id": ..., "severity": ..., "outcome": ..., ...}, ...]                          what it says of each contract
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.engine._left_out import empty_modules, hide_modules
from schemas.contracts import OUTCOMES, Contract, Counted, Suite, load_suites
from schemas.errors import ContractError, UnexplainedUnitError


@dataclass(frozen=True)
class ContractVerdict:
    """One contract: its name and severity, its outcome for all rows together, and the rows by outcome."""

    id: str
    name: str
    severity: str
    then: str | None
    rule: str
    outcome: str
    rows: dict[str, int]


def refuse_broken(verdicts: Sequence[ContractVerdict]) -> None:
    """Raise ContractError if a contract that stops a run is broken or could not be judged; UnexplainedUnitError: a unit twice.

    A contract that keeps units back must be judged too: else something might pass that it would have kept back.
    """
    broken = [v for v in verdicts if v.then == "stop" and v.outcome == "failed"]
    twice = [v for v in broken if v.rule == "unique"]
    if twice:
        raise UnexplainedUnitError(twice[0].id, count=sum(v.rows["failed"] for v in twice))
    broken += [v for v in verdicts if v.severity == "never" and (v.outcome == "error" or v.rows.get("error"))]
    if broken:
        count = sum(v.rows.get("failed", 0) + v.rows.get("error", 0) for v in broken)
        raise ContractError(broken[0].id, count=count)


def judge_counts(outcomes: Callable[[], Counted]) -> list[ContractVerdict]:
    """Load Great Expectations, then fetch the counts and validate them.

    Three expectations a contract (no row breaks it; none is without a judgement; some keep it) give its outcome. A fourth, that
    the outcomes of a contract add up to the rows of its table, must hold too: else the contract could not be judged.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("TQDM_DISABLE", "1")
    hide_modules("sqlalchemy")  # only for databases
    empty_modules(
        "scipy", "scipy.stats"
    )  # only for distributions; both together cost a second of CPU and 60 MiB
    import great_expectations as gx
    import great_expectations.expectations as gxe
    import pandas as pd

    logging.getLogger(gx.data_context.types.base.__name__).setLevel(
        logging.WARNING
    )  # else it logs the name of a temporary folder
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("counts").add_dataframe_asset("counts")
    batch = asset.add_batch_definition_whole_dataframe(
        "counts"
    )  # each addition writes the whole configuration anew
    found = outcomes()
    verdicts: list[ContractVerdict] = []
    for suite in load_suites():
        counted = {c.id: {o: found.get(c.id, {}).get(o, 0) for o in OUTCOMES} for c in suite.contracts}
        rules = gx.ExpectationSuite(name=suite.table)
        for rule in _expectations(gxe, suite, max(sum(rows.values()) for rows in counted.values())):
            rules.add_expectation(rule)
        row = {f"{name}.{o}": n for name, rows in counted.items() for o, n in rows.items()}
        frame = batch.get_batch({"dataframe": pd.DataFrame([row])})
        holds: dict[str, dict[str, bool]] = {}
        for result in frame.validate(rules, result_format="BOOLEAN_ONLY").results:
            meta = result.expectation_config.meta
            holds.setdefault(meta["contract"], {})[meta["says"]] = bool(result.success)
        verdicts.extend(_verdict(c, counted[c.id], holds[c.id]) for c in suite.contracts)
    return verdicts


def _expectations(gxe: Any, suite: Suite, total: int) -> Iterator[Any]:
    """The expectations of a suite on one row of counts; `total`: the rows of its table."""
    for contract in suite.contracts:
        names = {o: f"{contract.id}.{o}" for o in OUTCOMES}
        meta = {"name": contract.name, "severity": contract.severity, "contract": contract.id}
        for o in ("failed", "error"):
            yield gxe.ExpectColumnMaxToBeBetween(column=names[o], max_value=0, meta={**meta, "says": o})
        yield gxe.ExpectColumnMinToBeBetween(
            column=names["passed"], min_value=1, meta={**meta, "says": "passed"}
        )
        yield gxe.ExpectMulticolumnSumToEqual(
            column_list=list(names.values()), sum_total=total, meta={**meta, "says": "sum"}
        )


def _verdict(contract: Contract, rows: dict[str, int], holds: Mapping[str, bool]) -> ContractVerdict:
    """The outcome of a contract by the expectations that hold."""
    if not holds["failed"]:
        outcome = "failed"
    elif not holds["error"] or not holds["sum"]:
        outcome = "error"
    else:
        outcome = "passed" if holds["passed"] else "not_applicable"
    return ContractVerdict(
        contract.id, contract.name, contract.severity, contract.then, contract.rule, outcome, rows
    )


def main() -> None:
    """Validate the counts on stdin. Ends without output if stdin closes without a question."""
    findings = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # output of libraries must not mix with the verdict
    verdicts = judge_counts(_asked)
    findings.write(json.dumps([verdict.__dict__ for verdict in verdicts]) + "\n")
    findings.flush()


def _asked() -> Counted:
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    found: Counted = json.loads(line)
    return found


if __name__ == "__main__":
    main()
