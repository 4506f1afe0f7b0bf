"""The data contracts of the canonical tables, as suites that clinicians can read (`schemas/checks/suites.json`).

Each expectation has a name, a severity and a reason code. The duckdb queries are compiled from them, so editing the suite
changes the outcome. Severities: `critical` fails the run, `quarantine` hands the failing units to the doctor sealed (possible
for items, results and documents), `warning` puts their number in the report.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files

from schemas.errors import ContractError

KEPT_BACK = frozenset({"item", "document"})
"""The suites whose rows are units that can be handed to the doctor individually."""


@dataclass(frozen=True)
class Expectation:
    """One expectation about one column, with the SQL predicate that matches violating rows."""

    id: str
    name: str
    severity: str
    reason: str
    rule: str
    column: str
    violation: str


@dataclass(frozen=True)
class Suite:
    """The expectations about one canonical table, or about its rows of one `kind`."""

    table: str  # the name of the suite
    staged: str  # the table that holds its rows
    kind: str | None
    expectations: tuple[Expectation, ...]

    def counting_sql(self) -> str:
        """One scan: a column for each rule with its number of violations. Reads a relation named `rows`."""
        columns = ", ".join(_count(e) for e in self.expectations)
        return f"SELECT count(*) AS total, {columns} FROM rows WHERE {self._mine}"  # noqa: S608 - our suite

    def failing_sql(self) -> str:
        """Selects the unit paths that violate an expectation of severity `quarantine`."""
        rules = [e.violation for e in self.expectations if e.severity == "quarantine" and e.rule != "unique"]
        failing = " OR ".join(rules) or "false"
        return f"SELECT unit FROM rows WHERE {self._mine} AND ({failing})"  # noqa: S608 - our suite

    @property
    def columns(self) -> list[str]:
        """The columns that the queries read."""
        return sorted({"unit", *(["kind"] if self.kind else []), *(e.column for e in self.expectations)})

    @property
    def _mine(self) -> str:
        return "true" if self.kind is None else f"kind = {_quoted(self.kind)}"


def load_suites() -> tuple[Suite, ...]:
    """Read and compile the suites.

    Raises ContractError for an unknown rule, or for severity `quarantine` on units that cannot be kept back.
    """
    text = files("schemas").joinpath("checks/suites.json").read_text(encoding="utf-8")
    return tuple(
        Suite(
            suite["table"],
            suite.get("staged", suite["table"]),
            suite.get("kind"),
            tuple(_compile(suite["table"], e) for e in suite["expectations"]),
        )
        for suite in json.loads(text)["suites"]
    )


def _count(expectation: Expectation) -> str:
    if expectation.rule == "unique":
        column = expectation.column
        return f"count({column}) - count(DISTINCT {column}) AS {expectation.id}"
    return f"count(*) FILTER (WHERE {expectation.violation}) AS {expectation.id}"


def _compile(table: str, raw: dict[str, object]) -> Expectation:
    if raw["severity"] == "quarantine" and table not in KEPT_BACK:
        raise ContractError("severity_not_possible", table=table)
    column = str(raw["column"])
    rule = str(raw["rule"])
    return Expectation(
        id=str(raw["id"]),
        name=str(raw["name"]),
        severity=str(raw["severity"]),
        reason=str(raw["reason"]),
        rule=rule,
        column=column,
        violation=_violation(rule, column, raw),
    )


def _violation(rule: str, column: str, raw: dict[str, object]) -> str:
    violations = {
        "not_null": f"{column} IS NULL",
        "not_blank": f"({column} IS NULL OR trim({column}) = '')",
        "unique": f"{column} IS NULL",
        "positive": f"({column} IS NULL OR {column} <= 0)",
        "matches": f"({column} IS NOT NULL AND NOT regexp_full_match({column}, {_quoted(raw.get('pattern'))}))",
        "in_set": f"({column} IS NULL OR {column} NOT IN ({_listed(raw.get('values'))}))",
        "not_in_set": f"({column} IS NOT NULL AND {column} IN ({_listed(raw.get('values'))}))",
    }
    if rule in violations:
        return violations[rule]
    raise ContractError("unknown_rule", case=rule)


def _listed(values: object) -> str:
    return ", ".join(_quoted(value) for value in values) if isinstance(values, list) else "NULL"


def _quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
