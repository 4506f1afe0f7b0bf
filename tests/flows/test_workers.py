"""Several data processes: the same package as of one, one lock over all, and none that outlives the first."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from support.whole_run import WholeRun

from flows.engine._workers import Workers
from flows.session.observer import NoObserver
from schemas.errors import KeyUnavailableError
from trial.practice.write import write_practice
from vault.age.sealing import seal_stream
from vault.home_folder import Home
from vault.runs.lease import data_process_ended, list_runs
from vault.system.liveness import announce, data_process_lives, starting, wait

pytestmark = pytest.mark.slow
CORES = len(os.sched_getaffinity(0))


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("practice") / "export"
    write_practice(folder, patients=30, seed=7)
    return folder


def at_work(folder: Path, export: Path, workers: int | None) -> WholeRun:
    case = WholeRun(folder, export)
    site = case.home / "site.toml"
    if workers is not None:
        site.write_text(f"workers = {workers}\n{site.read_text()}")
    return case


@pytest.fixture
def case(export, tmp_path):
    return at_work(tmp_path / "trial", export, 2)


def workers_of(case: WholeRun) -> list[int]:
    """The workers of the data process that lives."""
    pid = list_runs(Home(case.home))[-1].data_pid
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class During(NoObserver):
    """Acts once, while a step is in progress, when the workers hold the key."""

    def __init__(self, case: WholeRun, step: str, act: Callable[[list[int]], Any]) -> None:
        self._case, self._step, self._act = case, step, act
        self.workers: list[int] = []
        self.seen: Any = None

    def progress(self, step: str, done: int, total: int) -> None:
        if step == self._step and not self.workers:
            self.workers = workers_of(self._case)
            self.seen = self._act(self.workers)


def gone(pids: list[int]) -> bool:
    until = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def test_several_give_what_one_gives_and_the_certificate_says_how_many(export, tmp_path):
    told, contents = {}, {}
    for workers in (1, 2, 3):
        case = at_work(tmp_path / str(workers), export, workers)
        case.start()
        told[workers], contents[workers] = case.told(), list(case.content().items())
        case.nothing_left()
        certificate = json.loads(
            (case.home / "runs" / case.run_id / "proof" / "certificate.json").read_bytes()
        )
        processes = 1 if workers == 1 else 1 + workers
        assert certificate["destruction"]["key"]["processes"] == processes
        page = (case.home / "runs" / case.run_id / "proof" / "certificate.html").read_text()
        assert re.search(rf"détenant la clé en même temps.*?\b{processes}\b", page, re.DOTALL)
    assert contents[1] == contents[2] == contents[3]
    counts = [each["run"]["counts"] for each in told.values()]
    assert counts[0] == counts[1] == counts[2]


def test_a_sealed_zip_is_opened_by_each(tmp_path):
    """The identity of its intake by reference, its members at places of their own."""
    write_practice(tmp_path / "export", patients=24, patients_per_file=7)
    case = at_work(tmp_path / "trial", tmp_path / "export", 2)
    recipient = case.open_intake().recipient
    with seal_stream([recipient], tmp_path / "export.age") as sealed, BytesIO() as held:
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted((tmp_path / "export").iterdir()):
                archive.write(path, path.name)
        sealed.write(held.getvalue())
    case.start(source=str(tmp_path / "export.age"))
    told = case.told()["destruction"]
    assert (told["key"]["processes"], told["source"]["encryptedAlways"]) == (3, True)
    clear = at_work(tmp_path / "clear", tmp_path / "export", 1)
    clear.start()
    assert case.content() == clear.content()
    case.nothing_left()


def test_two_by_default_where_there_are_two_cores_and_one_with_a_key_in_memory(export, tmp_path):
    case = at_work(tmp_path / "default", export, None)
    case.start()
    assert case.told()["destruction"]["key"]["processes"] == (3 if CORES > 1 else 1)
    case = at_work(tmp_path / "memory", export, 2)
    case.start(keys="memory")
    assert case.told()["destruction"]["key"]["processes"] == 1


def test_the_number_is_on_record_before_a_worker_holds_the_key(case):
    during = During(case, "extract", lambda _: list_runs(Home(case.home))[-1].data_processes)
    case.start(during)
    assert len(during.workers) == 2
    assert during.seen == 3


def test_workers_cannot_be_dumped_and_say_nothing(case):
    def look(workers: list[int]) -> list[tuple[str, set[str]]]:
        return [
            (
                re.search(r"Max core file size +(\S+)", Path(f"/proc/{pid}/limits").read_text())[1],
                {os.readlink(f"/proc/{pid}/fd/{number}") for number in (0, 1, 2)},
            )
            for pid in workers
        ]

    during = During(case, "deliver", look)
    case.start(during)
    assert during.seen == [("0", {"/dev/null"})] * 2
    assert gone(during.workers)


@pytest.mark.parametrize("step", ["extract", "deliver"])
def test_a_killed_worker_stops_the_run_which_resumes_to_the_same(step, case, export, tmp_path):
    during = During(case, step, lambda workers: os.kill(workers[-1], signal.SIGKILL))
    with pytest.raises(KeyUnavailableError, match="data_process_died"):
        case.start(during)
    assert gone(during.workers)
    assert data_process_ended(list_runs(Home(case.home))[-1])
    assert not case.content()
    assert case.resume().state == "certified"
    undisturbed = at_work(tmp_path / "undisturbed", export, 1)
    undisturbed.start()
    assert case.content() == undisturbed.content()
    case.nothing_left()


@pytest.mark.parametrize("step", ["extract", "deliver"])
def test_workers_die_with_the_first_data_process_and_hold_its_lock_till_then(step, case):
    def kill(workers: list[int]) -> bool:
        os.kill(workers[0], signal.SIGSTOP)  # it would not end by itself
        os.kill(list_runs(Home(case.home))[-1].data_pid or 0, signal.SIGKILL)
        return True

    during = During(case, step, kill)
    with pytest.raises(KeyUnavailableError, match="data_process_died"):
        case.start(during)
    assert gone(during.workers)
    assert data_process_lives(case.home / "runs" / case.run_id) is False
    assert case.resume().state == "certified"
    case.nothing_left()


def test_while_a_worker_lives_the_lock_says_that_the_data_process_does(tmp_path, monkeypatch):
    """Even if the death of the first one had not reached it."""
    monkeypatch.setattr("vault.system.child_process.die_with_parent", lambda _: None)
    asked, tell = os.pipe()
    with starting(tmp_path) as lock:
        first = os.fork()
        if first == 0:
            announce(lock)
            workers = Workers(1, lambda _step, _report: time.sleep(60), (), lambda _count: None)
            os.write(tell, str(workers._all[0].pid).encode())
            time.sleep(60)
    worker = int(os.read(asked, 32))
    os.kill(worker, signal.SIGSTOP)  # it would end by itself with its line
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    assert data_process_lives(tmp_path)
    os.kill(worker, signal.SIGKILL)
    assert wait(lambda: not data_process_lives(tmp_path))
