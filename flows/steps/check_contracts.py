"""The control process's half of check: Great Expectations validates the counts and keeps the verdict.

It is imported here and nowhere else, late (seconds, and much memory), and sees one row of counts a table:
no value of a patient can reach its results.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass

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


def validate_counts(violations: Mapping[str, int]) -> tuple[ContractVerdict, ...]:
    """Let Great Expectations judge the counts.

    Raises ContractError if a critical contract does not hold, UnexplainedUnitError when a unit is staged twice.
    """
    verdicts = tuple(_validate(violations))
    broken = [v for v in verdicts if v.severity == "critical" and not v.holds]
    twice = [v for v in broken if v.rule == "unique"]
    if twice:
        raise UnexplainedUnitError(twice[0].id, count=sum(v.violations for v in twice))
    if broken:
        raise ContractError(broken[0].id, count=sum(v.violations for v in broken))
    return verdicts


def _validate(violations: Mapping[str, int]) -> list[ContractVerdict]:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("TQDM_DISABLE", "1")
    import great_expectations as gx
    import great_expectations.expectations as gxe
    import pandas as pd

    logging.getLogger(gx.data_context.types.base.__name__).setLevel(
        logging.WARNING
    )  # else it tells of a temporary folder
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("counts")
    verdicts: list[ContractVerdict] = []
    for suite in load_suites():
        asset = source.add_dataframe_asset(suite.table)
        batch = asset.add_batch_definition_whole_dataframe("counts")
        rules = gx.ExpectationSuite(name=suite.table)
        for expectation in suite.expectations:
            rules.add_expectation(
                gxe.ExpectColumnMaxToBeBetween(
                    column=expectation.id, max_value=0, meta={"name": expectation.name}
                )
            )
        counts = pd.DataFrame([{e.id: violations[e.id] for e in suite.expectations}])
        result = batch.get_batch({"dataframe": counts}).validate(rules, result_format="BOOLEAN_ONLY")
        holds = {r.expectation_config.kwargs["column"]: bool(r.success) for r in result.results}
        verdicts.extend(
            ContractVerdict(e.id, e.name, e.severity, e.rule, violations[e.id], holds[e.id])
            for e in suite.expectations
        )
    return verdicts
