"""Carry a run and die where the plan says: `python dying_run.py PLAN` (JSON, see `whole_run.WholeRun.start_apart`).

kill = {"who": "control" | "data" | "worker", "at": "step" | "progress", "name": ARROW}
     | {"who": "control", "at": "call", "name": "module.function", "nth": "1"}    before that call
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from flows.engine import run as engine
from flows.session.orders import Order
from schemas.errors import RepriseError
from vault.home_folder import Home
from vault.runs.lease import list_runs


class DyingWatch:
    """Kills when its moment comes, once."""

    def __init__(self, home: Path, kill: dict[str, str]) -> None:
        self._home, self._kill, self._done = home, kill, False

    def progress(self, step: str, done: int, total: int) -> None:
        self._die("progress", step)

    def step(self, step: str, counts: dict[str, Any]) -> None:
        self._die("step", step)

    def _die(self, at: str, name: str) -> None:
        if self._done or (self._kill.get("at"), self._kill.get("name")) != (at, name):
            return
        self._done = True
        pid = os.getpid() if self._kill["who"] == "control" else list_runs(Home(self._home))[-1].data_pid
        if self._kill["who"] == "worker":
            pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[-1])
        os.kill(pid or os.getpid(), signal.SIGKILL)


def die_before(call: str, nth: int) -> None:
    """Replace a function by one that dies instead of being called the nth time."""
    module_name, _, name = call.rpartition(".")
    module = importlib.import_module(module_name)
    real, seen = getattr(module, name), [0]

    def dying(*args: Any, **kwargs: Any) -> Any:
        seen[0] += 1
        if seen[0] == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    setattr(module, name, dying)


def main() -> int:
    plan = json.loads(sys.argv[1])
    kill = plan["kill"] or {}
    home = Path(plan["home"])
    if kill.get("at") == "call":
        die_before(kill["name"], int(kill.get("nth", "1")))
    try:
        if plan["resume"]:
            engine.resume(Home(home), plan["resume"], "trial", DyingWatch(home, kill))
        else:
            engine.start(Home(home), Order(**plan["order"]), DyingWatch(home, kill))
    except RepriseError as error:
        sys.stdout.write(error.code + "\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
