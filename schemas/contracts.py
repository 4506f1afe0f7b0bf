"""The data contracts of the canonical tables, as suites that clinicians can read (`schemas/checks/suites.json`).

A contract has a name, a severity and a reason, and of each row it says one of four things (`OUTCOMES`). The duckdb queries are
compiled from the suites, so editing them changes the outcome. Severities:

* `never`: must not be. `then` says what follows: `stop` fails the run, `quarantine` hands the unit to the doctor, sealed.
* `resolve`: the unit is delivered as it came, and is a point of the work list with the contract's reason.
* `source`: tells about the source; its numbers are counted.

docs/contracts.md is made of the same table (`contracts_page`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from schemas.contract_rules import DATES, columns_of, conditions, outcome
from schemas.errors import ContractError

OUTCOMES = ("passed", "failed", "not_applicable", "error")
"""Of one row: it keeps the contract; it breaks it; the contract says nothing about it, for example as a value is missing; it
could not be judged, for example as a value is unreadable."""
SEVERITIES = ("never", "resolve", "source")
KEPT_BACK = frozenset({"item", "document"})
"""The suites whose rows are units that can be handed to the doctor individually."""
Counted = dict[str, dict[str, int]]
"""Contract to outcome to number of rows."""


@dataclass(frozen=True)
class Contract:
    """One contract, with the SQL expression that gives the outcome of a row."""

    id: str
    name: str
    severity: str
    then: str | None  # stop | quarantine, if it must never be broken
    reason: str | None  # of its points on the work list, if they are to be resolved
    why: str
    rule: str
    columns: frozenset[str]
    outcome: str


@dataclass(frozen=True)
class Suite:
    """The contracts about one canonical table, or about its rows of one `kind`."""

    table: str  # the name of the suite
    staged: str  # the table that holds its rows
    kind: str | None
    contracts: tuple[Contract, ...]

    @property
    def reads(self) -> frozenset[str]:
        """The columns that its contracts read."""
        return frozenset().union(*(contract.columns for contract in self.contracts))

    def judging_sql(self, contracts: tuple[Contract, ...] | None = None) -> str:
        """Makes the table `judged`: for each row its unit, file and patient, and a column for each contract with its outcome.

        Reads a relation `facts`: unit, file, patient, and what the contracts read (`contract_rules`).
        """
        chosen = self.contracts if contracts is None else contracts
        outcomes = "".join(f", {contract.outcome} AS {contract.id}" for contract in chosen)
        repeated = "row_number() OVER (PARTITION BY unit) > 1 AS repeated"
        return (
            f"CREATE OR REPLACE TEMP TABLE judged AS SELECT unit, file, patient{outcomes}"  # noqa: S608 - our suite
            f" FROM (SELECT *{', ' + repeated if self._counts_repeated(chosen) else ''} FROM facts)"
        )

    @staticmethod
    def counting_sql(contract: Contract) -> str:
        """Counts the rows of `judged` by the outcome of one contract."""
        return f"SELECT {contract.id}, count(*) FROM judged GROUP BY ALL"  # noqa: S608 - our suite

    @staticmethod
    def failing_sql(contract: Contract) -> str:
        """Selects unit, file and patient of the rows of `judged` that break a contract."""
        return f"SELECT DISTINCT unit, file, patient FROM judged WHERE {contract.id} = 'failed' ORDER BY ALL"  # noqa: S608

    @staticmethod
    def _counts_repeated(contracts: tuple[Contract, ...]) -> bool:
        return any(contract.rule == "unique" for contract in contracts)


def load_suites() -> tuple[Suite, ...]:
    """Read and compile the suites.

    Raises ContractError for an unknown rule or severity, or if a severity or what follows is not possible there.
    """
    text = files("schemas").joinpath("checks/suites.json").read_text(encoding="utf-8")
    return tuple(
        Suite(
            suite["table"],
            suite.get("staged", suite["table"]),
            suite.get("kind"),
            tuple(_compile(suite["table"], raw) for raw in suite["contracts"]),
        )
        for suite in json.loads(text)["suites"]
    )


def reasons() -> tuple[str, ...]:
    """The reasons of points that a person resolves, in the order of the suites."""
    return tuple(c.reason for suite in load_suites() for c in suite.contracts if c.reason is not None)


def dates_read(suite: Suite) -> tuple[str, ...]:
    """The columns of dates that its contracts compare."""
    return tuple(sorted(suite.reads & DATES)) if any(c.rule == "not_after" for c in suite.contracts) else ()


def verdict(counts: Mapping[str, int]) -> str:
    """The outcome of a contract for all its rows: one that breaks it decides, then one that could not be judged."""
    return next((o for o in ("failed", "error", "passed") if counts.get(o)), "not_applicable")


def _compile(table: str, raw: Mapping[str, Any]) -> Contract:
    severity, then, reason = str(raw["severity"]), raw.get("then"), raw.get("reason")
    if severity not in SEVERITIES or (severity == "never") != (then in ("stop", "quarantine")):
        raise ContractError("severity_not_possible", table=table)
    if (severity == "resolve") != (reason is not None) or (then == "quarantine" and table not in KEPT_BACK):
        raise ContractError("severity_not_possible", table=table)
    return Contract(
        id=str(raw["id"]),
        name=str(raw["name"]),
        severity=severity,
        then=then,
        reason=reason,
        why=str(raw["why"]),
        rule=str(raw["rule"]),
        columns=columns_of(raw),
        outcome=outcome(conditions(raw)),
    )
