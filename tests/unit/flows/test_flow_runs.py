"""What becomes of a run that Prefect's server should start or end, whatever that server answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.worker import flow_runs
from schemas.errors import HostError
from vault.home_folder import Home

RUN = "11111111-0000-4000-8000-000000000001"
HOME = Home(Path("/nowhere"))


@contextmanager
def answering(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> Iterator[None]:
    """A server on loopback that answers by the last part of the path; 404 for a part without an answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = answers.get(self.path.rsplit("/", 1)[1])
            self.send_response(404 if answer is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_GET = do_POST  # noqa: N815 - the library asks for this name

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{server.server_port}/api")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({}, "prefect_not_deployed"),
        ({"reprise": {"id": "d"}}, "prefect_not_deployed"),  # it was removed meanwhile
        ({"reprise": {"id": "d"}, "create_flow_run": []}, "prefect_silent"),
        ({"reprise": [1]}, "prefect_silent"),
        ({"reprise": {"name": "d"}}, "prefect_silent"),
    ],
)
def test_a_run_that_does_not_start_has_a_code(monkeypatch, answers, code):
    with answering(monkeypatch, **answers), pytest.raises(HostError) as refused:
        flow_runs.trigger(HOME, "migration", "0" * 16)
    assert refused.value.code == code


def test_a_run_that_starts_has_an_id(monkeypatch):
    with answering(monkeypatch, reprise={"id": "d"}, create_flow_run={"id": "f"}):
        assert flow_runs.trigger(HOME, "migration", "0" * 16) == "f"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/api", "http://[::1", "http://127.0.0.1:99999/api", "nowhere", "http://\0/"])  # fmt: skip
def test_a_server_that_cannot_be_asked_is_silent(monkeypatch, url):
    monkeypatch.setattr(flow_runs.os, "environ", {"PREFECT_API_URL": url})
    with pytest.raises(HostError, match="prefect_silent"):
        flow_runs.trigger(HOME, "migration", "0" * 16)


def test_so_is_one_whose_certificate_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("PREFECT_API_URL", "https://127.0.0.1:1/api")
    monkeypatch.setenv("PREFECT_API_SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(HostError, match="prefect_silent"):
        flow_runs.cancel(RUN)


@pytest.mark.parametrize(
    ("answers", "done"),
    [
        ({"filter": [{"id": "f"}], "set_state": {"status": "ACCEPT"}}, True),
        ({"filter": [{"id": "f"}], "set_state": {"status": "REJECT"}}, False),
        ({"filter": [{"id": "f"}]}, False),  # it was deleted meanwhile
        ({"filter": []}, False),
    ],
)
def test_a_state_is_set_when_the_server_says_so(monkeypatch, answers, done):
    with answering(monkeypatch, **answers):
        assert flow_runs.cancel(RUN) is done
        assert flow_runs.retry(RUN) is done
