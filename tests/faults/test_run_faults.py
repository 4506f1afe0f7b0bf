"""A whole run whose file-system calls fail, or during which its processes are killed, at every such call.

The calls on the run's own files are listed once, from an undisturbed run under strace. Then each is made to fail (EIO,
ENOSPC, EDQUOT), or to be the last of its process (KILL), in a run of its own. Afterwards `resume` publishes the same
decrypted content, or `abandon` or the sweep leaves no file, no key, one certificate and a clean ledger.

CI takes a sample; `make faults` takes all, or every n-th with REPRISE_FAULT_STRIDE=n.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from moving_clock import MovingClock
from whole_run import WholeRun

from flows import engine
from flows.practice.write import write_practice
from flows.retention import sweep_home
from flows.watch import NoWatch
from vault.lease import list_runs
from vault.sweep import is_ended

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests/faults/carrying.py"
CALLS = (
    "openat", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "fsync",
    "fdatasync", "write", "pwrite64", "ftruncate", "getdents64", "flock",
)  # fmt: skip
WRITING = {"openat", "mkdir", "write", "pwrite64", "fsync", "rename"}
FAULTS = ("signal=KILL", "error=EIO", "error=ENOSPC", "error=EDQUOT")
ALL = bool(os.environ.get("REPRISE_ALL_FAULTS"))
STRIDE = int(os.environ.get("REPRISE_FAULT_STRIDE", "1"))
SAMPLE = 14
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="no strace: system calls are not made to fail"),
]


class Bench:
    """A home that is put back to its beginning for each case."""

    def __init__(self, folder: Path) -> None:
        write_practice(folder / "export", patients=2)
        self.case = WholeRun(folder / "trial", folder / "export")
        self._beginning = folder / "beginning"
        shutil.copytree(self.case.home, self._beginning)
        self._log = folder / "log"
        self.carry("-ff", "-y", "-o", str(self._log), "-e", f"trace={','.join(CALLS)}")
        self.content = self.case.content()
        assert self.content
        self.calls = sorted(set(self._ours(folder)))

    def reset(self) -> None:
        shutil.rmtree(self.case.home)
        shutil.rmtree(
            self.case.home.with_name(f".{self.case.home.name}.host")
        )  # else it is a home rolled back
        shutil.rmtree(self.case.destination, ignore_errors=True)
        shutil.copytree(self._beginning, self.case.home)

    def carry(self, *strace: str) -> int:
        plan = {"home": str(self.case.home), "order": self.case.order().__dict__}
        words = [
            "strace",
            "-f",
            "-qq",
            "--seccomp-bpf",
            *strace,
            sys.executable,
            str(SCRIPT),
            json.dumps(plan),
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            words, env=environment, capture_output=True, check=False, timeout=300
        ).returncode

    def _ours(self, folder: Path) -> Iterator[tuple[str, int]]:
        """Each call on the home or the destination, by its number within its thread, as strace counts for `when`."""
        ours = (str(self.case.home), str(self.case.destination))
        for log in folder.glob("log.*"):
            seen: Counter[str] = Counter()
            for line in log.read_text(errors="replace").splitlines():
                call = re.match(r"(\w+)\(", line)
                if call:
                    seen[call[1]] += 1
                    if any(place in line for place in ours):
                        yield call[1], seen[call[1]]


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Bench:
    return Bench(tmp_path_factory.mktemp("faults"))


def cases(bench: Bench) -> list[tuple[str, int, str]]:
    """A call that does not write does not find the disk full."""
    every = [
        (call, nth, fault)
        for call, nth in bench.calls
        for fault in FAULTS
        if call in WRITING or fault in ("signal=KILL", "error=EIO")
    ]
    if ALL:
        return every[::STRIDE]
    chosen = random.Random(7)
    by_call: dict[str, list[tuple[str, int, str]]] = {}
    for case in every:
        by_call.setdefault(case[0], []).append(case)
    return [chosen.choice(by_call[call]) for call in [*sorted(by_call)] * 9][:SAMPLE]


def recover(bench: Bench, way: str) -> None:
    """End what the fault left, and hold it against the promise."""
    case = bench.case
    leases = list_runs(case.home)
    alive = [lease for lease in leases if not is_ended(case.home, lease.run_id)]
    if way == "resume":
        if not leases:
            assert case.start().state == "certified"
        for lease in alive:
            assert engine.resume(case.home, lease.run_id, "trial", NoWatch()).state == "certified"
        assert case.content() == bench.content
    elif way == "abandon":
        for lease in alive:
            engine.abandon(case.home, lease.run_id, "trial")
    else:
        clock = MovingClock()
        clock.pass_time(hours=73)
        report = sweep_home(case.home, clock)
        assert report.incomplete == report.unknown == 0
    assert case.content() in ({}, bench.content)
    case.nothing_left()


def judge(bench: Bench, number: int, case: tuple[str, int, str]) -> tuple[bool, str | None]:
    """Run one case; gives whether it stopped the run, and what survived, or None."""
    call, nth, fault = case
    bench.reset()
    status = bench.carry("-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={nth}")
    try:
        recover(bench, ("resume", "abandon", "sweep")[number % 3])
    except Exception as error:  # noqa: BLE001 - each is a survivor, told with its case
        return status != 0, f"{call} {nth} {fault}: {type(error).__name__} {str(error)[:200]}"
    return status != 0, None


def test_at_every_file_system_call(bench):
    survivors, chosen, stopped = [], cases(bench), 0
    for number, case in enumerate(chosen):
        hurt, found = judge(bench, number, case)
        stopped += hurt
        if found is not None:
            survivors.append(found)
            print("survivor:", found, flush=True)
    print(
        f"{len(chosen)} cases over {len(bench.calls)} calls: {stopped} stopped the run, {len(survivors)} survivors"
    )
    assert stopped >= len(chosen) // 4, "the faults were not met"
    assert not survivors
