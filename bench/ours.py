"""One migration, whole, from its order to its certificate: `python bench/ours.py FOLDER`, a folder that `prepare` made.

Prints, as JSON, the CPU seconds of the data process up to each step, as the kernel counts them (in hundredths).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from flows.session.observer import NoObserver
from vault.home_folder import Home

TICK = os.sysconf("SC_CLK_TCK")


def prepare(folder: Path, export: Path) -> None:
    """A trial whose source is a copy of the export: the run removes it."""
    import shutil

    from trial.home import OPERATORS, make_trial

    folder.mkdir()
    shutil.copytree(export, folder / "export")
    made = make_trial(folder / "trial", folder / "export")
    (folder / "order.json").write_text(json.dumps({**made, "operator": OPERATORS[0]}))


class Steps(NoObserver):
    """CPU seconds of the data process at the end of each of its steps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._before = 0.0

    def step(self, step: str, counts: dict[str, Any]) -> None:
        now = cpu_of_data_processes()
        if now is not None:
            self.seconds[step], self._before = now - self._before, now


def cpu_of_data_processes() -> float | None:
    """CPU seconds of the child that holds the data and of its workers, those that have ended included; None without one."""
    for pid in children(Path("/proc/self")):
        if b"flows.engine.data_process" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return cpu(pid, ended=True) + sum(cpu(worker) for worker in children(Path(f"/proc/{pid}")))
    return None


def children(process: Path) -> list[str]:
    return [pid for listed in process.glob("task/*/children") for pid in listed.read_text().split()]


def cpu(pid: str, *, ended: bool = False) -> float:
    """CPU seconds of a process; with `ended`, its children that have ended counted in."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if ended else 13])) / TICK


def main(folder: Path) -> None:
    from flows.engine import run as engine
    from flows.session.orders import Order

    made = json.loads((folder / "order.json").read_text())
    order = Order(
        made["source"], made["authorisation"], "migration", made["destination"], "keyring", made["operator"]
    )
    steps = Steps()
    engine.start(Home(Path(made["home"])), order, steps)
    print(json.dumps(steps.seconds))


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(Path(sys.argv[1]))
