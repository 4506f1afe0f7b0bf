"""Not one byte of the canary patient in any page, answer, header, cookie, number, notice, line of a log, or file of the home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import canary
import pytest
from aiosmtpd.controller import Controller
from starlette.testclient import TestClient
from support.dashboard_people import ORIGIN, PASSWORD, sign_in
from support.whole_run import WholeRun

from dashboard.application import make_application, make_dashboard
from dashboard.routes import ROUTES
from flows.admin import accounts as acts
from flows.notices._webhook import SECRET
from flows.notices.after_sweep import sweep_and_tell
from flows.notices.outbox import counts
from flows.session.control import Control
from flows.views.names import doctors
from schemas.roles import Role, Scope
from vault.accounts.passwords import digest_of
from vault.home_folder import Home
from vault.runs.lease import list_runs

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow


class Received:
    """What a mail server and a program were sent, byte for byte."""

    def __init__(self) -> None:
        self.all: list[bytes] = []
        self.settings = ""  # of the site that sends to both

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.all.append(envelope.content)
        return "250 OK"

    def handler(self) -> type[BaseHTTPRequestHandler]:
        received = self.all

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append(
                    str(self.headers).encode() + self.rfile.read(int(self.headers["Content-Length"]))
                )
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_) -> None:
                pass

        return Handler


@pytest.fixture
def received():
    found = Received()
    mail = Controller(found, hostname="127.0.0.1", port=0)
    mail.port = _free_port()
    mail.start()
    web = ThreadingHTTPServer(("127.0.0.1", 0), found.handler())
    threading.Thread(target=web.serve_forever, daemon=True).start()
    found.settings = (
        f'[notices]\nserver = "127.0.0.1"\nport = {mail.port}\ntls = "none"\nsender = "reprise@host.example"\n'
        f'[[notices.to]]\nmail = "it@practice.example"\n[[notices.to]]\nwebhook = "http://127.0.0.1:{web.server_address[1]}/"\n'
    )
    yield found
    web.shutdown()
    web.server_close()
    mail.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def run(made: WholeRun, folder: Path, **environment: str) -> int:
    (folder / "tmp").mkdir()
    settings = {
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": os.pathsep.join(map(str, (HERE.parents[1], HERE.parent, HERE, HERE.parent / "faults"))),
        **environment,
    }
    words = [
        sys.executable,
        HERE / "canary_run.py",
        "direct",
        str(folder),
        json.dumps(made.order().to_json()),
    ]
    return subprocess.run(
        words, capture_output=True, check=False, env={**os.environ, **settings}, timeout=600
    ).returncode


def everything_asked(home: Home) -> list[bytes]:
    """Each page as each role, each answer for programs, and all headers and cookies with them."""
    dashboard = make_dashboard(home, ORIGIN)
    application, control = make_application(dashboard), Control.open(home, "trial")
    (lease, *_), found = list_runs(home)[::-1], []
    for role in Role:
        links = (
            {"doctor": doctors(control)[0]}
            if role is Role.DOCTOR
            else {"operator": "trial"}
            if role in ("engineer", "administrator")
            else {}
        )
        acts.invite(control, role.value, (role.value,), **links)
        account = dashboard.accounts.identify(role.value)
        dashboard.accounts.set_password(account, digest_of(PASSWORD, role.value))
        browser = TestClient(application, base_url=ORIGIN, follow_redirects=False)
        sign_in(browser, role.value)
        token = acts.issue_token(control, role.value, tuple(Scope), "canary", 1)[1]
        program = TestClient(application, base_url=ORIGIN, headers={"Authorization": f"Bearer {token}"})
        for route in (
            route for route in ROUTES if route.method == "GET" and not route.path.endswith("/live")
        ):
            answer = (program if route.for_machines else browser).get(
                route.path.replace("{run}", lease.run_id)
            )
            assert answer.status_code < 500 or route.name == "health"
            found.append(answer.content + str(answer.headers).encode() + str(browser.cookies).encode())
    return found


@pytest.mark.parametrize("mutant", [None, "writer:raise:."])
def test_programs_people_and_logs_get_nothing_of_the_patient(shared, tmp_path, received, capfd, mutant):
    """Also while a run fails in the middle of a record, with an error whose text is the whole chart."""
    source = canary.write_practice(tmp_path / "export", shared)
    watched = tmp_path / "watched"
    watched.mkdir()
    made = WholeRun(watched / "trial", source)
    with (made.home / "site.toml").open("a") as settings:
        settings.write(received.settings)
    home = Home(made.home)
    (home.keys / SECRET).write_bytes(b"k" * 40)
    sweep_and_tell(home)
    done = run(made, watched, **({"REPRISE_MUTANT": mutant} if mutant else {}))
    assert (done == 0) is (mutant is None)
    sweep_and_tell(home)
    assert counts(home) == {"sent": 2, "waiting": 0, "given_up": 0}, "that it ended, or that it failed"
    answers = everything_asked(home)
    assert len(answers) >= 90
    assert not any(canary.holds_canary(answer) for answer in answers)
    assert len(received.all) == 2
    assert not any(canary.holds_canary(message) for message in received.all)
    assert home.access_log.stat().st_size > 0
    assert (home.index / "runs.sqlite").stat().st_size > 0
    assert canary.traces(watched)[0] == []
    assert not canary.holds_canary("".join(capfd.readouterr()).encode())
