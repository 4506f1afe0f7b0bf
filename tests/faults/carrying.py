"""Carry one order to its end: called, or run as `python carrying.py PLAN`. Great Expectations, slow and no part of what is
tested here, is left out; contracts are still evaluated by duckdb."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Self

import flows.engine._supervise
from flows.engine import run as engine
from flows.session.observer import NoObserver
from flows.session.orders import Order
from schemas.errors import RepriseError
from vault.home_folder import Home


class NoJudge:
    """Nobody judges the counts."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def ask(self, violations: object) -> None:
        return

    def verdicts(self) -> list[dict[str, Any]]:
        return []


flows.engine._supervise.ContractJudge = NoJudge  # type: ignore[assignment, misc]


def carry(plan: dict[str, Any]) -> int:
    """The exit code: 0, that of the error, or 40 for one of the system's."""
    try:
        engine.start(Home(Path(plan["home"])), Order(**plan["order"]), NoObserver())
    except RepriseError as error:
        return error.exit_code
    except OSError:
        return 40
    return 0


if __name__ == "__main__":
    sys.exit(carry(json.loads(sys.argv[1])))
