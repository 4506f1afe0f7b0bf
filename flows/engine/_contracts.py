"""The control process's side of Great Expectations: a process of its own judges the counts while the data process goes on.

Great Expectations takes seconds and some 200 MiB to load, and judges in a moment. So it loads while the source is read, judges
while charts are written, and its verdict is awaited before anything goes to a destination.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from flows.engine.contract_process import ContractVerdict, refuse_broken
from schemas.errors import StagingError
from vault.system.child_process import start_python

MODULE = "flows.engine.contract_process"


class ContractJudge:
    """The process that judges: started when this is made, ended at the latest when the context ends."""

    def __init__(self) -> None:
        self._process = start_python(MODULE)

    def __enter__(self) -> Self:
        """It loads meanwhile."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.communicate()

    def ask(self, violations: Mapping[str, int]) -> None:
        """Give it the counts; it has one question to answer."""
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        try:
            self._process.stdin.write(json.dumps(dict(violations)) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # its death shows in verdicts()

    def verdicts(self) -> list[dict[str, Any]]:
        """Wait for the verdict on the counts.

        Raises ContractError if a critical contract does not hold, UnexplainedUnitError when a unit is staged twice,
        StagingError (contracts_not_judged) when the process died.
        """
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        told = self._process.stdout.readline()
        if not told.endswith("\n"):
            raise StagingError("contracts_not_judged")
        found: list[dict[str, Any]] = json.loads(told)
        refuse_broken([ContractVerdict(**verdict) for verdict in found])
        return found
