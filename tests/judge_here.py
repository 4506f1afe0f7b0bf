"""Great Expectations in the tests' own process: the same verdict, loaded once for all runs instead of once for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from flows.steps.check_contracts import refuse_broken, validate_counts


class JudgeHere:
    """Stands for `flows.contract_judge.ContractJudge`, whose process has tests of its own and works in every command."""

    def __init__(self) -> None:
        self._violations: Mapping[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def ask(self, violations: Mapping[str, int]) -> None:
        """Keep the counts."""
        self._violations = violations

    def verdicts(self) -> list[dict[str, Any]]:
        """Judge them. Raises ContractError, UnexplainedUnitError."""
        found = validate_counts(lambda: self._violations)
        refuse_broken(found)
        return [verdict.__dict__ for verdict in found]
