"""A whole run whose file-system calls fail, or during which its processes are killed, at every such call.

The calls on the run's own files are listed once, from an undisturbed run under strace. Then each is made to fail (EIO,
ENOSPC, EDQUOT), or to be the last of its process (KILL), in a run of its own. Afterwards `resume` publishes the same
decrypted content, or `abandon` or the sweep leaves no file, no key, one certificate and a clean ledger.

CI takes a sample; `make faults` takes all in random order, those at reading calls last, until REPRISE_FAULT_MINUTES are
over.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from queue import Empty, Queue

import pytest
from carrying import carry
from support.moving_clock import MovingClock
from support.whole_run import WholeRun
from warm import load_forks, run_apart, run_traced

from flows.engine import run as engine
from flows.retention._sweep import sweep_home
from flows.session.observer import NoObserver
from trial.practice.write import write_practice
from vault.home_folder import Home
from vault.runs.facts import is_ended
from vault.runs.lease import list_runs

CALLS = (
    "openat", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "fsync",
    "fdatasync", "write", "pwrite64", "ftruncate", "getdents64", "flock", "link", "linkat", "read", "pread64",
)  # fmt: skip
READING = {"read", "pread64"}
WRITING = {"openat", "mkdir", "write", "pwrite64", "fsync", "rename"}
FAULTS = ("signal=KILL", "error=EIO", "error=ENOSPC", "error=EDQUOT")
ALL = bool(os.environ.get("REPRISE_ALL_FAULTS"))
MINUTES = float(os.environ.get("REPRISE_FAULT_MINUTES", "inf"))
SAMPLE = 28
WAYS = ("resume", "abandon", "sweep")
WORKERS = (os.cpu_count() or 1) if ALL else 1
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="no strace: system calls are not made to fail"),
]


@dataclass(frozen=True)
class Case:
    """One fault at one call, and how what it leaves is ended."""

    call: str
    nth: int
    fault: str
    way: str


@dataclass(frozen=True)
class Verdict:
    """Whether the fault was met, whether it stopped the run, and what survived."""

    case: Case
    met: bool
    stopped: bool
    survivor: str | None


class Bench:
    """A home that is put back to its beginning for each case."""

    def __init__(self, folder: Path, patients: int = 2, workers: int = 1) -> None:
        folder.mkdir()
        write_practice(folder / "export", patients=patients)
        self.folder = folder
        self.case = WholeRun(folder / "trial", folder / "export")
        site = self.case.home / "site.toml"
        site.write_text(f"workers = {workers}\n{site.read_text()}")
        self._beginning = folder / "beginning"
        shutil.copytree(self.case.home, self._beginning)
        assert self.carry("-o", "/dev/null") == 0
        self.content = self.case.content()
        assert self.content

    def reset(self) -> None:
        host = self.case.home.with_name(f".{self.case.home.name}.host")  # else it is a home rolled back
        for left in (self.case.home, host, self.case.destination):
            shutil.rmtree(left, ignore_errors=True)
        shutil.copytree(self._beginning, self.case.home)

    def carry(self, *strace: str) -> int:
        plan = {"home": str(self.case.home), "order": self.case.order().to_json()}
        return run_traced(strace, carry, plan)

    def calls(self) -> list[tuple[str, int]]:
        """Each call on the home or the destination, by its number within its thread, as strace counts for `when`."""
        self.reset()
        assert self.carry("-ff", "-y", "-o", str(self.folder / "log"), "-e", f"trace={','.join(CALLS)}") == 0
        return sorted(set(self._ours()))

    def _ours(self) -> Iterator[tuple[str, int]]:
        ours = (str(self.case.home), str(self.case.destination))
        for log in self.folder.glob("log.*"):
            seen: Counter[str] = Counter()
            for line in log.read_text(errors="replace").splitlines():
                call = re.match(r"(\w+)\(", line)
                if call:
                    seen[call[1]] += 1
                    if any(place in line for place in ours):
                        yield call[1], seen[call[1]]

    def judge(self, case: Case) -> Verdict:
        """Run one case and recover from it."""
        self.reset()
        log = self.folder / "case"
        inject = f"inject={case.call}:{case.fault}:when={case.nth}"
        status = self.carry("-o", str(log), "-e", f"trace={case.call}", "-e", inject)
        met = re.search(r"INJECTED|killed by SIGKILL", log.read_text(errors="replace")) is not None
        return Verdict(case, met, status != 0, run_apart(recover, self.case, self.content, case.way))


def every_case(calls: list[tuple[str, int]]) -> list[Case]:
    """A call that does not write does not find the disk full."""
    faulty = [
        (call, nth, fault)
        for call, nth in calls
        for fault in FAULTS
        if call in WRITING or fault in ("signal=KILL", "error=EIO")
    ]
    return [Case(*what, WAYS[number % len(WAYS)]) for number, what in enumerate(faulty)]


def shuffled(cases: list[Case]) -> list[Case]:
    """In the same random order each time, those at reading calls last."""
    chance = random.Random(7)
    return sorted(cases, key=lambda case: (case.call in READING, chance.random()))


def sample(cases: list[Case]) -> list[Case]:
    """As many of each call as of any other."""
    chosen = random.Random(7)
    by_call: dict[str, list[Case]] = {}
    for case in cases:
        by_call.setdefault(case.call, []).append(case)
    return [chosen.choice(by_call[call]) for call in [*sorted(by_call)] * 9][:SAMPLE]


def recover(case: WholeRun, content: dict[str, bytes], way: str) -> None:
    """End what the fault left, and hold it against the promise."""
    leases = list_runs(Home(case.home))
    alive = [lease for lease in leases if not is_ended(Home(case.home), lease.run_id)]
    if way == "resume":
        if not leases:
            assert case.start().state == "certified"
        for lease in alive:
            assert engine.resume(Home(case.home), lease.run_id, "trial", NoObserver()).state == "certified"
        assert case.content() == content
    elif way == "abandon":
        for lease in alive:
            engine.abandon(Home(case.home), lease.run_id, "trial")
    else:
        clock = MovingClock()
        clock.pass_time(hours=73)
        report = sweep_home(Home(case.home), clock)
        assert report.incomplete == report.unknown == 0
    assert case.content() in ({}, content)
    case.nothing_left()


def work_off(bench: Bench, cases: Queue[Case], until: float) -> list[Verdict]:
    """Judge cases until there are none or the time is over; tell each survivor at once."""
    verdicts: list[Verdict] = []
    while time.monotonic() < until:
        try:
            case = cases.get_nowait()
        except Empty:
            return verdicts
        verdict = bench.judge(case)
        verdicts.append(verdict)
        if verdict.survivor is not None:
            print("survivor:", case, verdict.survivor, flush=True)
        if len(verdicts) % 100 == 0:
            print(f"{cases.qsize()} cases to go", flush=True)
    return verdicts


def test_at_every_file_system_call(tmp_path):
    load_forks()
    benches = [Bench(tmp_path / f"{number}") for number in range(WORKERS)]
    calls = benches[0].calls()
    cases: Queue[Case] = Queue()
    for case in shuffled(every_case(calls)) if ALL else sample(every_case(calls)):
        cases.put(case)
    total, until = cases.qsize(), time.monotonic() + 60 * MINUTES
    with ThreadPoolExecutor(WORKERS) as pool:
        verdicts = list(chain(*pool.map(lambda bench: work_off(bench, cases, until), benches)))
    met, stopped = sum(v.met for v in verdicts), sum(v.stopped for v in verdicts)
    survivors = [v for v in verdicts if v.survivor is not None]
    print(
        f"{len(verdicts)} of {total} cases over {len(calls)} calls: {met} met, "
        f"{stopped} stopped the run, {len(survivors)} survivors"
    )
    assert met >= len(verdicts) * 9 // 10, "the faults were not met"
    assert survivors == []


def test_at_file_system_calls_of_workers(tmp_path):
    """A sample with two workers: a call of this number in any process, so mostly of one that writes segments and parts."""
    load_forks()
    bench = Bench(tmp_path / "shared", patients=12, workers=2)
    calls = [(call, nth) for call, nth in bench.calls() if call in WRITING]
    chosen = random.Random(11).sample(every_case(calls), 12)
    verdicts = [bench.judge(case) for case in chosen]
    assert sum(v.met for v in verdicts) >= 10, "the faults were not met"
    assert [v for v in verdicts if v.survivor is not None] == []
