"""A Prefect server with a password and a worker, each a process of the test's own, and the calls that tests make of them."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from flows.worker.prefect_settings import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
AUTH = "reprise:a password of the test"
T = TypeVar("T")
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(look: Callable[[], T | None], seconds: float = 240) -> T:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError("it did not come")


class PrefectServer:
    """A server in a folder of its own, and one worker at a time for some homes."""

    def __init__(self, folder: Path, homes: list[Path], *, auth: str | None = AUTH) -> None:
        port = free_port()
        self.folder, self.homes = folder, homes
        self.url = f"http://127.0.0.1:{port}/api"
        self.environment = {
            **os.environ,
            **SETTINGS,
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": self.url,
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "3",
            "PREFECT_SERVER_SERVICES_SCHEDULER_INSERT_BATCH_SIZE": "50",
            "REPRISE_HOME": str(homes[0]),
            "REPRISE_OPERATOR": "trial",
            "COLUMNS": "250",
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        }
        self.server_only = {"PREFECT_SERVER_API_AUTH_STRING": auth} if auth else {}
        if auth:
            self.environment["PREFECT_API_AUTH_STRING"] = auth
        self.server = self.start("prefect", "server", "start", "--port", str(port), log="server.log")
        self.worker: subprocess.Popen[bytes] | None = None
        wait_for(self._healthy, 240)

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2):
                return True
        except OSError:
            return False

    def start(self, program: str, *words: str, log: str) -> subprocess.Popen[bytes]:
        with (self.folder / log).open("ab") as stream:
            return subprocess.Popen(
                [BIN / program, *words],
                cwd=ROOT,
                env={**self.environment, **(self.server_only if "server" in words else {})},
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start_worker(self) -> None:
        homes = [word for home in self.homes for word in ("--home", str(home))]
        self.worker = self.start("reprise", "worker", *homes, log="worker.log")

    def kill_worker(self) -> None:
        assert self.worker is not None
        os.kill(self.worker.pid, signal.SIGKILL)
        self.worker.wait()
        self.worker = None

    def run(self, program: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BIN / program, *words], cwd=ROOT, env={**self.environment, **environment}, capture_output=True, text=True,
            check=False, timeout=300, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def prefect(self, *words: str) -> str:
        done = self.run("prefect", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def call(self, method: str, path: str, body: Any = None, auth: str | None = AUTH) -> Any:
        headers = {"Content-Type": "application/json"}
        if auth:
            headers["Authorization"] = "Basic " + base64.b64encode(auth.encode()).decode()
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.url}{path}", method=method, data=data, headers=headers)
        until = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(asked, timeout=30) as answer:
                    text = answer.read()
                return json.loads(text) if text else None
            except urllib.error.HTTPError as error:
                if (
                    error.code != 503 or time.monotonic() > until
                ):  # 503: its SQLite is busy; Prefect's own client asks again
                    raise
                time.sleep(1)

    def trigger(self, deployment: str, home: Path, order: str, **fields: Any) -> str:
        made = self.call("GET", f"/deployments/name/{deployment}")
        asked = {"parameters": {"home": str(home), "order": order}, **fields}
        return str(self.call("POST", f"/deployments/{made['id']}/create_flow_run", asked)["id"])

    def flow_run(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/flow_runs/{run_id}")
        return found

    def state_of(self, run_id: str) -> tuple[str, str]:
        state = self.flow_run(run_id)["state"]
        return state["type"], state["message"] or ""

    def wait_until(self, run_id: str, *types: str) -> tuple[str, str]:
        """The state once it is one of these, or any final one when none is named."""
        wanted = set(types) or FINAL
        return wait_for(lambda: found if (found := self.state_of(run_id))[0] in wanted else None)

    def set_state(self, run_id: str, kind: str, name: str) -> None:
        self.call(
            "POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": kind, "name": name}, "force": True}
        )

    def retry(self, run_id: str) -> None:
        """What the Retry of the pages does."""
        self.set_state(run_id, "SCHEDULED", "AwaitingRetry")

    def pid_of(self, run_id: str) -> int:
        """The flow run's process, as the worker noted it."""
        mark = wait_for(lambda: self.flow_run(run_id)["infrastructure_pid"])
        return int(mark.split("/")[2])

    def logs(self, run_id: str) -> list[str]:
        wanted = {"logs": {"flow_run_id": {"any_": [run_id]}}, "sort": "TIMESTAMP_ASC"}
        return [line["message"] for line in self.call("POST", "/logs/filter", wanted)]

    def artifacts(self, run_id: str) -> dict[str, dict[str, Any]]:
        wanted = {"artifacts": {"flow_run_id": {"any_": [run_id]}}}
        return {found["key"]: found for found in self.call("POST", "/artifacts/filter", wanted)}

    def database(self) -> bytes:
        folder = self.folder / "prefect"
        return b"".join(path.read_bytes() for path in folder.glob("prefect.db*"))

    def stop(self) -> None:
        for process in (self.worker, self.server):
            if process is None:
                continue
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def refused(server: PrefectServer, path: str, auth: str | None) -> int:
    """The status with which the server answers a stranger."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.call("POST", path, {}, auth=auth)
    return caught.value.code
