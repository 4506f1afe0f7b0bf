"""Against one real Prefect server with a password: schedule, trigger, cancel, retry, crash, automation, and strangers' deployments."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from support.dashboard_people import ORIGIN, MovedClock, People, token_in
from support.prefect_server import AUTH, ROOT, PrefectServer, refused, wait_for
from support.terminal import at_a_terminal, last_line
from support.whole_run import WholeRun

from dashboard.application import make_application, make_dashboard
from flows.lifecycle.run_views import list_runs, run_of_order
from schemas.steps import STEPS
from trial.practice.write import write_practice
from vault.destruction.heartbeat import last_heartbeat
from vault.diagnostics.prefect_api import Answer, ask
from vault.diagnostics.workers import seen_workers
from vault.home_folder import Home
from vault.runs.outcome_words import RunView

pytestmark = [pytest.mark.slow, pytest.mark.service]
USES = {"inventory": 5, "rehearsal": 5, "migration": 9, "delta": 0}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[SimpleNamespace]:
    """A server, a worker for one home, our deployments, the automation with a shorter wait, and a schedule that fires at once."""
    folder = tmp_path_factory.mktemp("prefect")
    write_practice(folder / "export", patients=12)
    case = WholeRun(folder / "trial", folder / "export", uses=USES)
    server = PrefectServer(folder, [case.home])
    try:
        server.start_worker()
        wait_for(lambda: "Working" in (folder / "worker.log").read_text())
        server.prefect("--no-prompt", "deploy", "--all")
        fire_the_sweep_at_once(server)
        yield SimpleNamespace(server=server, case=case, folder=folder, lost=lose_a_flow_run(server, folder))
    finally:
        server.stop()


def fire_the_sweep_at_once(server: PrefectServer) -> None:
    sweep = server.call("GET", "/deployments/name/sweep/reprise")
    schedule = {"schedule": {"interval": 20, "anchor_date": datetime.now(UTC).isoformat()}, "active": True}
    server.call("POST", f"/deployments/{sweep['id']}/schedules", [schedule])


def lose_a_flow_run(server: PrefectServer, folder: Path) -> str:
    """A flow run of another host that tells once that it lives, and never again; our automation waits ten seconds for it."""
    sweep = server.call("GET", "/deployments/name/sweep/reprise")
    run = server.call("POST", "/flow_runs/", {"flow_id": sweep["flow_id"], "state": {"type": "RUNNING"}})
    resource = {"prefect.resource.id": f"prefect.flow-run.{run['id']}"}
    automation = yaml.safe_load((ROOT / "prefect-automation.yaml").read_text())
    automation["trigger"] |= {"within": 10, "match": resource}
    (folder / "automation.yaml").write_text(yaml.safe_dump(automation))
    server.prefect("automation", "create", "-f", str(folder / "automation.yaml"))
    time.sleep(2)  # the server's triggers read it
    beat = {
        "id": str(uuid.uuid4()), "event": "prefect.flow-run.heartbeat", "occurred": datetime.now(UTC).isoformat(),
        "resource": resource, "payload": {}, "related": [],
    }  # fmt: skip
    server.call("POST", "/events", [beat])
    return str(run["id"])


def order(site: SimpleNamespace, export: str = "export") -> str:
    """An order made where a person stands: its paths are relative."""
    made = site.case.made
    done = subprocess.run(
        [
            Path(sys.executable).with_name("reprise"), "order", export, "--home", str(site.case.home), "--operator", "trial",
            "--authorisation", os.path.relpath(made["authorisation"], site.folder), "--to", made["destination"],
        ],
        cwd=site.folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def staged(site: SimpleNamespace) -> bool:
    return any((site.case.home / "staging").glob("*/*"))


def outcome(site: SimpleNamespace, order_id: str) -> RunView:
    found = run_of_order(Home(site.case.home), order_id)
    assert found is not None
    return found


def test_a_stranger_is_refused(site):
    assert refused(site.server, "/flows/filter", None) == 401
    assert refused(site.server, "/flows/filter", "reprise:guessed") == 401
    assert ask(site.server.url) is Answer.CLOSED


def test_the_worker_is_seen_by_its_last_sign_of_life(site, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", site.server.url)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", AUTH)
    (worker,) = seen_workers(datetime.now(UTC))
    assert (worker.pool, worker.late) == ("reprise", False)
    assert seen_workers(datetime.now(UTC) + timedelta(minutes=5))[0].late
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "reprise:another password")
    assert seen_workers(datetime.now(UTC)) == ()


def test_a_triggered_run_ends_certified_and_a_retry_of_it_does_nothing(site):
    order_id = order(site)
    flow_run = site.server.trigger("migrate/reprise", site.case.home, order_id)
    state, said = site.server.wait_until(flow_run)
    run = outcome(site, order_id)
    assert (state, run.state, run.outcome) == ("COMPLETED", "certified", "delivered"), said
    shown = site.server.flow_run(flow_run)
    assert shown["name"] == run.run_id[:8]
    assert run.run_id[:8] in shown["tags"]
    wanted = {"flow_runs": {"id": {"any_": [flow_run]}}, "sort": "EXPECTED_START_TIME_ASC"}
    tasks = site.server.call("POST", "/task_runs/filter", wanted)
    assert [(t["name"], t["state_type"]) for t in tasks] == [
        (step, "COMPLETED") for step in ("authorise", "lease", *STEPS["migration"], "destroy", "certify")
    ]
    wait_for(lambda: any("certify" in line for line in site.server.logs(flow_run)))
    lines = site.server.logs(flow_run)
    for step in ("authorise", "lease", "inventory", "extract", "reconcile", "publish", "destroy", "certify"):
        assert any(line.startswith(f"{step}: ") for line in lines), lines
    balance = site.server.artifacts(flow_run)["reprise-balance"]
    assert balance["description"]
    rows = {row["disposition"]: row["units"] for row in json.loads(balance["data"])}
    assert rows["delivered"] > 0
    assert set(rows) >= {"delivered", "degraded", "quarantined"}
    runs = len(list_runs(Home(site.case.home)))
    site.server.retry(flow_run)
    state, said = wait_for(
        lambda: s if "nothing was done" in (s := site.server.state_of(flow_run))[1] else None
    )
    assert state == "COMPLETED"
    assert run.run_id in said
    assert len(list_runs(Home(site.case.home))) == runs
    site.case.nothing_left()


def test_a_run_is_started_in_the_dashboard_and_cancelled_there(site, monkeypatch):
    """Through the server's API: the order's opaque id is all that goes there."""
    for name in ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING"):
        monkeypatch.setenv(name, site.server.environment[name])
    write_practice(site.folder / "wide", patients=240)
    home = Home(site.case.home)
    dashboard = make_dashboard(home, ORIGIN)
    people = People(dashboard, MovedClock(), make_application(dashboard), operator="trial")
    people.open_account("engineer", "engineer", operator="trial", language="en")
    browser = people.signed_in("engineer")
    form = {"csrf": token_in(browser.get("/work").text)}
    document, signature = (Path(site.case.made["authorisation"] + end) for end in ("", ".p7s"))
    files = {
        name: (path.name, path.read_bytes())
        for name, path in (("document", document), ("signature", signature))
    }
    browser.post("/instructions/record", data=form, files=files)
    browser.post("/work/sources", data={**form, "path": str(site.folder / "wide")})
    page = browser.get("/work").text
    chosen = {
        name: re.search(rf'name="{name}">\s*<option value="(\w+)"', page)[1]
        for name in ("source", "authorisation")
    }
    order_at = browser.post(
        "/work/start", data={**form, **chosen, "use": "rehearsal", "keys": "keyring"}
    ).headers["location"]
    assert order_at.startswith("/orders/")
    assert browser.get(order_at).status_code == 200
    run_at = wait_for(lambda: browser.get(order_at).headers.get("location"))
    run = run_at.removeprefix("/runs/")
    wait_for(lambda: staged(site))
    wait_for(lambda: "/cancel" in browser.get(run_at).text)
    wrong = browser.post(f"{run_at}/cancel", data={**form, "code": "00000000"})
    assert wrong.headers["location"] == run_at
    assert "Nothing was done" in browser.get(run_at, headers={"Accept-Language": "en"}).text
    browser.post(f"{run_at}/cancel", data={**form, "code": run[:8]})
    wait_for(lambda: outcome(site, order_at.removeprefix("/orders/")).state == "certified")
    assert outcome(site, order_at.removeprefix("/orders/")).outcome == "cancelled"
    site.case.nothing_left()


def test_a_cancelled_run_is_destroyed_and_certified_as_cancelled(site):
    write_practice(
        site.folder / "large", patients=240
    )  # it lasts longer than a worker needs to hear of the end
    order_id = order(site, "large")
    flow_run = site.server.trigger("migrate/reprise", site.case.home, order_id)
    wait_for(lambda: staged(site))
    site.server.set_state(flow_run, "CANCELLING", "Cancelling")
    assert site.server.wait_until(flow_run)[0] == "CANCELLED"
    run = outcome(site, order_id)
    assert (run.state, run.outcome) == ("certified", "cancelled")
    site.case.nothing_left()


def test_a_crashed_run_is_marked_and_a_retry_goes_on_with_it(site):
    """First its process is killed, then process and worker together, as by a power cut."""
    order_id = order(site)
    flow_run = site.server.trigger("migrate/reprise", site.case.home, order_id)
    wait_for(lambda: staged(site))
    os.kill(site.server.pid_of(flow_run), signal.SIGKILL)
    assert site.server.wait_until(flow_run, "CRASHED")
    first = outcome(site, order_id).run_id
    before = site.server.pid_of(flow_run)
    site.server.retry(flow_run)
    second = wait_for(lambda: pid if (pid := site.server.pid_of(flow_run)) != before else None)
    site.server.wait_until(flow_run, "RUNNING")
    site.server.kill_worker()
    os.kill(second, signal.SIGKILL)
    time.sleep(1)
    assert site.server.state_of(flow_run)[0] == "RUNNING"  # nobody is there to say otherwise
    site.server.start_worker()
    assert site.server.wait_until(flow_run, "CRASHED")
    site.server.retry(flow_run)
    state, said = site.server.wait_until(flow_run, "COMPLETED", "FAILED")
    run = outcome(site, order_id)
    assert (state, run.run_id, run.outcome) == ("COMPLETED", first, "delivered"), said
    site.case.nothing_left()


SHELL = [{"prefect.deployments.steps.run_shell_script": {"script": "touch PWNED"}}]
EVIL = "import pathlib\npathlib.Path('PWNED').touch()\nfrom prefect import flow\n@flow\ndef migrate(home, order): pass\n"


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ({"pull_steps": SHELL}, "pull_step_refused"),
        ({"entrypoint": "EVIL.py:migrate"}, "entry_point_unknown"),
        (
            {"job_variables": {"command": "touch PWNED", "env": {"PYTHONSTARTUP": "EVIL.py"}}},
            "job_variables_refused",
        ),
        ({"parameters": {"home": "/tmp", "order": "0" * 16}}, "home_not_served"),
    ],
    ids=["pull_steps", "entry_point", "job_variables", "home"],
)
def test_nothing_that_a_deployment_says_is_executed(site, says, code):
    """Posted by somebody who has the password of the API."""
    mark, evil = site.folder / "pwned", site.folder / "evil.py"
    evil.write_text(EVIL.replace("PWNED", str(mark)))
    says = json.loads(json.dumps(says).replace("PWNED", str(mark)).replace("EVIL.py", str(evil)))
    parameters = says.pop("parameters", {"home": str(site.case.home), "order": "0" * 16})
    ours = site.server.call("GET", "/deployments/name/migrate/reprise")
    posted = {
        "name": f"mallory-{code}", "flow_id": ours["flow_id"], "work_pool_name": "reprise",
        "entrypoint": ours["entrypoint"], **says,
    }  # fmt: skip
    made = site.server.call("POST", "/deployments/", posted)
    run = site.server.call("POST", f"/deployments/{made['id']}/create_flow_run", {"parameters": parameters})[
        "id"
    ]
    state, said = site.server.wait_until(run)
    assert (state, said) == ("FAILED", f"{code} (exit 10)")
    assert not mark.exists()


def test_a_home_that_is_not_there_says_so(site, tmp_path):
    done = site.server.run(
        sys.executable, "-c", f"from flows.migrate import migrate; print(migrate({str(tmp_path)!r}, '0' * 16, return_state=True).message)"
    )  # fmt: skip
    assert done.stdout.strip().splitlines()[-1] == "home_not_found (exit 17)", done.stderr


def test_at_a_terminal_a_failure_is_told_in_one_line(site, tmp_path):
    """Not by Prefect's own log of the failure, twice and with tracebacks."""
    case = WholeRun(tmp_path / "trial", Path(site.case.made["source"]))
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "1.xml").write_bytes(b"\x00\x01\x02 not at all")
    words = (
        "--authorisation",
        case.made["authorisation"],
        "--home",
        str(case.home),
        "--to",
        case.made["destination"],
    )
    done = site.server.run("reprise", "migrate", str(tmp_path / "export"), *words)
    assert done.returncode == 21, done.stderr
    assert done.stderr.count("reprise:") == 1
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_a_run_through_a_server_that_went_silent(site):
    """The client asks a server for an answer that does not come."""
    server = os.getpgid(site.server.server.pid)
    environment = {
        name: site.server.environment[name] for name in ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING")
    }
    try:
        seen = at_a_terminal(
            site.case, interrupt_at="sealing into", environment=environment,
            before=lambda: os.killpg(server, signal.SIGSTOP),
        )  # fmt: skip
    finally:
        os.killpg(server, signal.SIGCONT)
    assert f"reprise resume {site.case.run_id}" in last_line(seen)
    assert site.case.resume().outcome == "delivered"
    site.case.nothing_left()


def test_the_scheduled_sweep_has_run(site):
    """A schedule that never fires says so nowhere but in the server's log."""
    wanted = {
        "flows": {"name": {"any_": ["sweep"]}},
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
    }

    def scheduled() -> list[dict[str, Any]]:
        return [run for run in site.server.call("POST", "/flow_runs/filter", wanted) if run["auto_scheduled"]]

    assert wait_for(scheduled)
    assert last_heartbeat(Home(site.case.home)) is not None


def test_the_automation_marks_what_is_lost(site):
    _, said = site.server.wait_until(site.lost, "CRASHED")
    assert "heartbeat" in said


def test_the_database_holds_no_path_of_a_source(site):
    database = site.server.database()
    assert str(site.case.home).encode() in database  # it is looked in the right place
    assert site.case.made["source"].encode() + b"\x22" not in database
    assert site.case.made["authorisation"].encode() not in database
