"""A run whose control process stands still, looked at where /proc hides its data process: `python hidden_run.py PLAN`.

PLAN: {"home": path, "order": Order as JSON}. Prints what was seen, as JSON. With `carry` behind the plan it is the run's
control process, which stops itself when the data process waits at a checkpoint.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from flows.engine import run as engine
from flows.retention import _sweep as retention
from flows.retention.round import sweep_round
from flows.session.observer import NoObserver
from flows.session.orders import Order
from vault.destruction.destroy import destroy_run
from vault.home_folder import Home
from vault.runs.facts import is_ended
from vault.runs.lease import Lease, data_process_ended, list_runs, owner_alive
from vault.system import liveness


class Stopping(NoObserver):
    def step(self, step: str, counts: dict[str, Any]) -> None:
        if step == "inventory":
            os.kill(os.getpid(), signal.SIGSTOP)


def look(home: Path, lease: Lease) -> dict[str, Any]:
    ended = data_process_ended(lease)
    return {
        "in_proc": Path(f"/proc/{lease.data_pid}/stat").exists(),
        "ended": ended,
        "owner": owner_alive(lease),
    }


def main() -> None:
    plan = json.loads(sys.argv[1])
    home = Path(plan["home"])
    if sys.argv[2:] == ["carry"]:
        engine.start(Home(home), Order(**plan["order"]), Stopping())
        return
    control = subprocess.Popen([sys.executable, __file__, sys.argv[1], "carry"])
    try:
        assert os.WIFSTOPPED(os.waitpid(control.pid, os.WUNTRACED)[1]), "the run ended before it came there"
        print(json.dumps(observe(home, control.pid)))
    finally:
        control.kill()


def observe(home: Path, control: int) -> dict[str, Any]:
    lease = list_runs(Home(home))[0].update(Home(home), boot_deadline=1.0)  # its deadline has passed
    seen: dict[str, Any] = {"before": look(home, lease)}
    kill, liveness.end_data_process = liveness.end_data_process, lambda folder: None
    seen["destroyed_beside_it"] = msgspec.structs.asdict(destroy_run(Home(home), lease, [], 0).verification)
    liveness.end_data_process = kill
    retention.END_WAIT_SECONDS = 0
    report = sweep_round(Home(home))
    seen["swept"] = {"incomplete": report.incomplete, "certified": is_ended(Home(home), lease.run_id)}
    seen["after"] = look(home, lease)
    os.kill(control, signal.SIGKILL)
    os.waitpid(control, 0)
    seen["swept_again"] = {
        "incomplete": sweep_round(Home(home)).incomplete,
        "certified": is_ended(Home(home), lease.run_id),
    }
    return seen


if __name__ == "__main__":
    main()
