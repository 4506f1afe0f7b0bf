"""One process or two for extract and deliver: `python bench/workers.py FOLDER [ROUNDS]`, in turns, on practices of three shapes.

Prints for each shape the wall seconds of extract, deliver and both, with one process and with two: medians and spread, and the
ratio. Beside them CPU seconds: of all processes, and of the busiest of two, to which the wall time shrinks on two idle cores.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ours import children, cpu, cpu_of_data_processes, prepare

from flows.session.observer import NoObserver
from vault.home_folder import Home

SHAPES = {"ordinary": 400, "items": 120, "attachments": 40}
STEPS = ("extract", "deliver")


class Walls(NoObserver):
    """Of each step: wall seconds, CPU seconds of all data processes, and of the busiest worker as last seen."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[float, float, float]] = {}
        self._before = time.monotonic(), 0.0
        self._workers: dict[str, float] = {}
        self._seen: dict[str, float] = {}

    def progress(self, step: str, done: int, total: int) -> None:
        for process in children(Path("/proc/self")):
            for worker in children(Path(f"/proc/{process}")):
                with contextlib.suppress(OSError):  # it has just ended
                    self._seen[worker] = cpu(worker)

    def step(self, step: str, counts: dict[str, Any]) -> None:
        now = time.monotonic(), cpu_of_data_processes() or 0.0
        wall, every = now[0] - self._before[0], now[1] - self._before[1]
        busiest = max((at - self._workers.get(pid, 0) for pid, at in self._seen.items()), default=0.0)
        self.found[step] = wall, every, busiest or every
        self._before, self._workers = now, dict(self._seen)


def carry(folder: Path) -> None:
    """Carry the prepared run in this process and print its steps."""
    from flows.engine import run as engine
    from flows.session.orders import Order

    made = json.loads((folder / "order.json").read_text())
    order = Order(
        made["source"], made["authorisation"], "migration", made["destination"], "keyring", made["operator"]
    )
    walls = Walls()
    engine.start(Home(Path(made["home"])), order, walls)
    print(json.dumps({step: walls.found[step] for step in STEPS}))


def measure(folder: Path, export: Path, workers: int) -> dict[str, list[float]]:
    shutil.rmtree(folder, ignore_errors=True)
    prepare(folder, export)
    site = Path(json.loads((folder / "order.json").read_text())["home"]) / "site.toml"
    site.write_text(f"workers = {workers}\n{site.read_text()}")
    done = subprocess.run(
        [sys.executable, __file__, "--carry", str(folder)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main(folder: Path, rounds: int) -> None:
    from trial.practice.write import write_practice

    folder.mkdir(parents=True, exist_ok=True)
    for shape, patients in SHAPES.items():
        export = folder / shape
        write_practice(export, patients=patients, shape=shape)
        taken: dict[int, list[dict[str, list[float]]]] = {1: [], 2: []}
        for _ in range(rounds):
            for workers in (1, 2):
                taken[workers].append(measure(folder / "run", export, workers))
        for steps in (("extract",), ("deliver",), STEPS):
            sums = {
                n: [[sum(one[s][k] for s in steps) for one in taken[n]] for k in (0, 1, 2)] for n in (1, 2)
            }
            least = [two / one for one, two in zip(sums[1][1], sums[2][2], strict=True)]
            ratios = [two / one for one, two in zip(sums[1][0], sums[2][0], strict=True)]
            print(f"{shape}, {' and '.join(steps)}:")
            for name, at in (("wall", 0), ("CPU of all", 1)):
                print(f"    {name}: one {spread(sums[1][at])}, two {spread(sums[2][at])}")
            print(f"    wall, two to one: {spread(ratios)}; CPU, busiest to one: {spread(least)}", flush=True)
        shutil.rmtree(export)


if __name__ == "__main__":
    if sys.argv[1] == "--carry":
        carry(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]).absolute(), int(sys.argv[2]) if len(sys.argv) > 2 else 3)
