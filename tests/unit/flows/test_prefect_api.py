"""Whether a Prefect API asks for a password, asked of servers that answer as such ones do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.commands.runs import _carry, _through_prefect
from schemas.errors import HostError
from vault.diagnostics.host import Host
from vault.diagnostics.prefect_api import Answer, ask
from vault.home_folder import Home


@contextmanager
def answering(status: int, **headers: str) -> Iterator[tuple[str, list[str]]]:
    """A server on loopback that answers everything with one status; gives its API's address and what was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(f"{self.path} {self.headers.get('Authorization')}")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, Answer.OPEN),
        (401, Answer.CLOSED),
        (403, Answer.CLOSED),
        (404, Answer.SILENT),
        (500, Answer.SILENT),
    ],
)
def test_what_a_stranger_gets(monkeypatch, status, answer):
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "reprise:secret")
    with answering(status) as (url, asked):
        assert ask(url) is answer
    assert asked == ["/api/flows/filter None"]  # as a stranger, without the password that is set


def test_no_redirect_is_followed():
    with (
        answering(200) as (elsewhere, asked),
        answering(307, Location=f"{elsewhere}/flows/filter") as (url, _),
    ):
        assert ask(url) is Answer.SILENT
    assert asked == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/api", "not an address", "http://[::1", "file:///etc/passwd"]
)
def test_nothing_there(url):
    assert ask(url) is Answer.SILENT


def test_a_server_without_a_password_is_refused():
    from flows.worker.work_pool import serve

    with answering(200) as (url, _), pytest.raises(HostError, match="prefect_open"):
        serve(url, [], "reprise", 1, print)


def test_a_run_through_it_is_refused_before_anything_else(tmp_path, monkeypatch):
    for status, code in ((200, "prefect_open"), (404, "prefect_silent")):
        with answering(status) as (url, _):
            monkeypatch.setenv("PREFECT_API_URL", url)
            with pytest.raises(HostError, match=code):
                _through_prefect(Home(tmp_path), None)  # type: ignore[arg-type] # nothing of it is looked at


def test_what_the_doctor_sees(monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    assert Host().prefect() is None
    with answering(200) as (url, _):
        monkeypatch.setenv("PREFECT_API_URL", url)
        assert Host().prefect() is Answer.OPEN


def test_without_an_address_worker_and_prefect_say_so(tmp_path, monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    done = CliRunner().invoke(app, ["worker"])
    assert done.exit_code == 17
    with pytest.raises(HostError, match="prefect_api_not_given"):
        _carry(Home(tmp_path), None, prefect=True)  # type: ignore[arg-type] # nothing of it is looked at
