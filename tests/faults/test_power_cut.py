"""The power goes in the middle of a run: what of the disk was not synced is lost, and so is every key.

A run works on a file system in a loop file. At a random moment its processes are frozen and the file is copied: the copy
is what a cut would leave. It is mounted under the same path in a boot of its own, and resumed, abandoned or swept.
CI takes a few moments; `make powercuts` takes a hundred.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from support.loop_disk import call, make_disk, mounted, needs_loop_disks
from support.moving_clock import MovingClock
from support.whole_run import WholeRun

from flows.engine import run as engine
from flows.retention._sweep import sweep_home
from flows.session.observer import NoObserver
from trial.practice.write import write_practice
from vault.home_folder import Home
from vault.keys.linux_keyring import KernelKeyring
from vault.runs import lease as leases
from vault.runs.facts import is_ended
from vault.runs.lease import list_runs

ROOT = Path(__file__).resolve().parents[2]
MOMENTS = int(os.environ.get("REPRISE_POWER_CUTS", "3"))
SEED = int(os.environ.get("REPRISE_POWER_SEED", "11"))
pytestmark = [pytest.mark.slow, needs_loop_disks]


class Bench:
    """An image that holds a trial's home and destination, ready to run."""

    def __init__(self, folder: Path) -> None:
        self.place, self.beginning = folder / "disk", folder / "beginning.img"
        self.place.mkdir()
        write_practice(folder / "export", patients=2)
        make_disk(self.beginning)
        with mounted(self.beginning, self.place):
            self.case = WholeRun(self.place / "trial", folder / "export")
        self.folder = folder
        started = time.monotonic()
        with mounted(self._copy("whole.img"), self.place):
            self.carry().wait(300)
            self.content = self.case.content()
        self.seconds = time.monotonic() - started
        assert self.content

    def _copy(self, name: str) -> Path:
        return Path(shutil.copyfile(self.beginning, self.folder / name))

    def carry(self) -> subprocess.Popen[bytes]:
        plan = {"home": str(self.case.home), "order": self.case.order().to_json()}
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        words = [sys.executable, str(ROOT / "tests/faults/carrying.py"), json.dumps(plan)]
        return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def cut_after(self, seconds: float) -> Path:
        """Run, cut the power, and give the image that is left."""
        image, left = self._copy("running.img"), self.folder / "left.img"
        with mounted(image, self.place):
            process = self.carry()
            time.sleep(seconds)
            family = _family(process.pid)
            for pid in family:
                _signal(pid, signal.SIGSTOP)
            shutil.copyfile(image, left)
            for pid in family:
                _signal(pid, signal.SIGKILL)
            process.wait(60)
            for lease in list_runs(Home(self.case.home)):
                ref = KernelKeyring().find(lease.run_id)
                if ref is not None:
                    KernelKeyring().destroy(ref)
        call("e2fsck", "-p", left, allowed=(0, 1))
        return left


def _family(pid: int) -> list[int]:
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    below = [int(word) for word in children.read_text().split()] if children.is_file() else []
    return [pid, *(each for child in below for each in _family(child))]


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def recover(bench: Bench, way: str) -> None:
    case = bench.case
    runs = list_runs(Home(case.home))
    alive = [lease for lease in runs if not is_ended(Home(case.home), lease.run_id)]
    if way == "resume":
        if not runs:
            case.start()
        for lease in alive:
            assert engine.resume(Home(case.home), lease.run_id, "trial", NoObserver()).state == "certified"
        assert case.content() == bench.content
    elif way == "abandon":
        for lease in alive:
            engine.abandon(Home(case.home), lease.run_id, "trial")
    else:
        clock = MovingClock()
        clock.pass_time(hours=73)
        assert sweep_home(Home(case.home), clock).incomplete == 0
    assert case.content() in ({}, bench.content)
    case.nothing_left()


def test_the_power_goes_at_random_moments(tmp_path, monkeypatch):
    bench, chance, seen = Bench(tmp_path), random.Random(SEED), Counter()
    monkeypatch.setattr(leases, "boot_id", lambda: "the boot after")
    monkeypatch.setattr("vault.system.clock.boot_id", lambda: "the boot after")
    for number in range(MOMENTS):
        seconds = chance.uniform(0.3, 1.1) * bench.seconds
        way = ("resume", "abandon", "sweep")[number % 3]
        with mounted(bench.cut_after(seconds), bench.place):
            seen[f"{way} of {len(list_runs(Home(bench.case.home)))}"] += 1
            recover(bench, way)
    print(f"{MOMENTS} power cuts: {dict(seen)}; nothing survived")
