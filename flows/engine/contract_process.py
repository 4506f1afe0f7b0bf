"""Great Expectations validates the counts in a short-lived process, started by `flows.engine._contracts`.

It is imported only here (it takes seconds and much memory), and sees one row of counts per table: no value of a patient
can reach its results.

    <- {"contract": violations, ...}                            once, while it loads or after
    -> [{"id": ..., "severity": ..., "holds": ..., ...}, ...]   what holds and what does not
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flows.engine._left_out import empty_modules, hide_modules
from schemas.contracts import load_suites
from schemas.errors import ContractError, UnexplainedUnitError


@dataclass(frozen=True)
class ContractVerdict:
    """One expectation: its name, severity, number of violations, and whether it holds."""

    id: str
    name: str
    severity: str
    rule: str
    violations: int
    holds: bool


def refuse_broken(verdicts: Sequence[ContractVerdict]) -> None:
    """Raise ContractError if a critical contract does not hold, UnexplainedUnitError if a unit is staged twice."""
    broken = [v for v in verdicts if v.severity == "critical" and not v.holds]
    twice = [v for v in broken if v.rule == "unique"]
    if twice:
        raise UnexplainedUnitError(twice[0].id, count=sum(v.violations for v in twice))
    if broken:
        raise ContractError(broken[0].id, count=sum(v.violations for v in broken))


def validate_counts(violations: Callable[[], Mapping[str, int]]) -> list[ContractVerdict]:
    """Load Great Expectations, then fetch the counts and validate them."""
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
    verdicts: list[ContractVerdict] = []
    found = violations()
    for suite in load_suites():
        rules = gx.ExpectationSuite(name=suite.table)
        for expectation in suite.expectations:
            rules.add_expectation(
                gxe.ExpectColumnMaxToBeBetween(
                    column=expectation.id, max_value=0, meta={"name": expectation.name}
                )
            )
        counts = pd.DataFrame([{e.id: found[e.id] for e in suite.expectations}])
        result = batch.get_batch({"dataframe": counts}).validate(rules, result_format="BOOLEAN_ONLY")
        holds = {r.expectation_config.kwargs["column"]: bool(r.success) for r in result.results}
        verdicts.extend(
            ContractVerdict(e.id, e.name, e.severity, e.rule, found[e.id], holds[e.id])
            for e in suite.expectations
        )
    return verdicts


def main() -> None:
    """Validate the counts on stdin. Ends without output if stdin closes without a question."""
    findings = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # output of libraries must not mix with the verdict
    verdicts = validate_counts(_asked)
    findings.write(json.dumps([verdict.__dict__ for verdict in verdicts]) + "\n")
    findings.flush()


def _asked() -> Mapping[str, int]:
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    found: dict[str, int] = json.loads(line)
    return found


if __name__ == "__main__":
    main()
