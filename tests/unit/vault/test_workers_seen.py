"""What is made of the answers of a Prefect server about its workers (tests/flows/test_prefect_server.py asks a real one)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from vault.diagnostics.workers import Worker, seen_workers

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
POOLS = [{"name": "reprise", "type": "reprise"}, {"name": "others", "type": "process"}]
ANSWERS: dict[str, object] = {}


class _Server(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        answer = ANSWERS.get(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if answer is not None else 404)
        self.end_headers()
        self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(autouse=True)
def server(monkeypatch) -> Iterator[None]:
    served = HTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{served.server_port}/api")
    monkeypatch.delenv("PREFECT_API_AUTH_STRING", raising=False)
    ANSWERS.clear()
    yield
    served.shutdown()


def test_only_workers_of_our_pools_count_and_a_silent_one_is_late():
    ANSWERS["/api/work_pools/filter"] = POOLS
    ANSWERS["/api/work_pools/reprise/workers/filter"] = [
        {"name": "a", "last_heartbeat_time": "2026-05-04T11:59:50.123456Z"},
        {"name": "b", "last_heartbeat_time": "2026-05-04T11:00:00+00:00"},
        {"name": "c", "last_heartbeat_time": None},
    ]
    ANSWERS["/api/work_pools/others/workers/filter"] = [{"name": "d", "last_heartbeat_time": None}]
    found = seen_workers(NOW)
    assert found == (
        Worker("reprise", "a", "2026-05-04T11:59:50Z", 9),
        Worker("reprise", "b", "2026-05-04T11:00:00Z", 3600),
        Worker("reprise", "c", None, None),
    )
    assert [worker.late for worker in found] == [False, True, True]


@pytest.mark.parametrize("answer", [b"", b"<html>", b"{}", b"[1, 2]", b"null", None])
def test_odd_answers_are_no_workers(answer):
    ANSWERS["/api/work_pools/filter"] = answer
    assert seen_workers(NOW) == ()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/api", "no address", "http://[", "http://127.0.0.1:99999"]
)
def test_a_server_that_is_not_there_is_silent(monkeypatch, url):
    monkeypatch.setenv("PREFECT_API_URL", url)
    assert seen_workers(NOW) == ()


def test_without_a_server_there_is_nothing_to_ask(monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL")
    assert seen_workers(NOW) is None
