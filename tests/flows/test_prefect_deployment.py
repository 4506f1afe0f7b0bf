"""`prefect deploy --all`, a worker, a triggered run: against a local Prefect server of the test's own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from whole_run import WholeRun

from flows.quiet_prefect import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
pytestmark = [pytest.mark.slow, pytest.mark.service]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: str, seconds: int = 120) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(ready, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    pytest.fail("the server did not start")


class Prefect:
    """A server with its own home, and the commands against it."""

    def __init__(self, folder: Path, home: Path) -> None:
        port = free_port()
        self.environment = {
            **os.environ,
            **SETTINGS,
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "REPRISE_HOME": str(home),
            "COLUMNS": "250",
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        }
        self._started = [self._start("server", "start", "--port", str(port), log=folder / "server.log")]
        wait_until(f"http://127.0.0.1:{port}/api/health")

    def _start(self, *words: str, log: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [BIN / "prefect", *words],
            cwd=ROOT,
            env=self.environment,
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
        )

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [BIN / "prefect", *words], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
            timeout=300, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start_worker(self, log: Path) -> None:
        self._started.append(self._start("worker", "start", "--pool", "reprise", log=log))

    def stop(self) -> None:
        for process in reversed(self._started):
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture
def deployed(shared, tmp_path) -> Iterator[tuple[WholeRun, Prefect]]:
    source = tmp_path / "export"
    source.mkdir()
    (source / "1.xml").write_bytes((shared / "samples/kmehr/_ours/smf_reference.xml").read_bytes())
    case = WholeRun(tmp_path / "trial", source)
    prefect = Prefect(tmp_path, case.home)
    try:
        prefect.run("work-pool", "create", "reprise", "--type", "process")
        prefect.run("--no-prompt", "deploy", "--all")
        prefect.start_worker(tmp_path / "worker.log")
        yield case, prefect
    finally:
        prefect.stop()


def test_a_deployed_flow_is_triggered_and_ends_certified(deployed):
    case, prefect = deployed
    listed = prefect.run("deployment", "ls")
    assert {"migrate/reprise", "rehearse/reprise", "sweep/reprise"} <= set(listed.replace("│", " ").split())
    made = case.reprise(
        "order",
        case.made["source"],
        "--authorisation",
        case.made["authorisation"],
        "--to",
        case.made["destination"],
    )
    assert made.returncode == 0, made.stderr
    order = made.stdout.strip()
    told = prefect.run(
        "deployment",
        "run",
        "migrate/reprise",
        "--param",
        f"home={case.home}",
        "--param",
        f"order={order}",
        "--watch",
    )
    assert "Completed" in told or "COMPLETED" in told, told
    runs = json.loads(case.reprise("runs", "--json").stdout)
    assert [run["state"] for run in runs] == ["certified"]
    assert len(case.content()) == 3
    case.nothing_left()
    artifacts = prefect.run("artifact", "ls")
    assert "reprise-progress" in artifacts
