"""The control process's side of Great Expectations: a separate process validates the counts while the data process works.

Great Expectations takes seconds and about 200 MiB to load, but validates in a moment. So it loads while the source is read and
validates while charts are written; the control process waits for the verdict before anything goes to a destination.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from flows.engine.contract_process import ContractVerdict, refuse_broken
from schemas.contracts import Counted
from schemas.errors import StagingError
from vault.system.child_process import start_python


def outcomes_in(counts: Mapping[str, Any]) -> Counted:
    """The outcomes that the step `check` counted. A journal of a release before them holds violations alone."""
    if "outcomes" in counts:
        return dict(counts["outcomes"])
    rows = 1 + max(
        counts["violations"].values(), default=0
    )  # their number is not known: one above any violations
    return {contract: {"failed": n, "passed": rows - n} for contract, n in counts["violations"].items()}


MODULE = "flows.engine.contract_process"


class ContractJudge:
    """The validating process: started by the constructor, ended at the latest on leaving the context."""

    def __init__(self) -> None:
        self._process = start_python(MODULE)

    def __enter__(self) -> Self:
        """Return itself; the process loads in the background."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill the process, whatever it is doing."""
        self._process.kill()
        self._process.communicate()

    def ask(self, outcomes: Counted) -> None:
        """Send the counts; the process answers one question."""
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        try:
            self._process.stdin.write(json.dumps(outcomes) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # verdicts() reports that the process died

    def verdicts(self) -> list[dict[str, Any]]:
        """Wait for the verdict on the counts.

        Raises ContractError if what must never be is there or could not be judged, UnexplainedUnitError if a unit is staged
        twice, StagingError (contracts_not_judged) if the process died.
        """
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            raise StagingError("contracts_not_judged")
        found: list[dict[str, Any]] = json.loads(line)
        refuse_broken([ContractVerdict(**verdict) for verdict in found])
        return found
