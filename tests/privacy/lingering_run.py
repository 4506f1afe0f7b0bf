"""Carry one order, wait at each step and at the end for leave: `python lingering_run.py PLAN` (home and Order as JSON)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from flows.engine import run as engine
from flows.session.observer import NoObserver
from flows.session.orders import Order
from vault.home_folder import Home


def wait(said: str) -> None:
    sys.stdout.write(said + "\n")
    sys.stdout.flush()
    sys.stdin.readline()


class WaitingWatch(NoObserver):
    """Stands still while somebody looks."""

    def step(self, step: str, counts: dict[str, Any]) -> None:
        wait(step)


if __name__ == "__main__":
    plan = json.loads(sys.argv[1])
    wait(engine.start(Home(Path(plan["home"])), Order(**plan["order"]), WaitingWatch()).state)
