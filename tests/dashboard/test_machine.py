"""What programs get: each route with each role and each scope, from the table; tokens; the description; numbers and health."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import jsonschema_rs
import msgspec
import pytest
from starlette.testclient import TestClient
from support.dashboard_people import DOCTORS, ORIGIN, OTHER, OWN

from dashboard.machine import metrics
from dashboard.machine.endpoint import REQUESTS_A_MINUTE
from dashboard.machine.openapi import OPERATIONS, document
from dashboard.routes import ROUTES
from flows.admin import accounts as acts
from flows.session.control import Control
from flows.views import runs
from flows.views import today as today_view
from schemas.errors import AccountError
from schemas.roles import Role, Scope
from vault.accounts.account import TOKEN_MARK
from vault.destruction.heartbeat import beat
from vault.runs.lease import Lease

MACHINE = [route for route in ROUTES if route.for_machines]
SCOPED = [route for route in MACHINE if route.scope is not None]


def address(route) -> str:
    return route.path.replace("{run}", OWN)


def issue(people, login: str, *scopes: Scope, days: int = 30) -> str:
    control = Control.open(people.dashboard.home, "one", people.clock)
    return acts.issue_token(control, login, tuple(scopes), "a test", days)[1]


def program(people, shown: str = "", *, host: str = ORIGIN) -> TestClient:
    """A program on another host, which follows no redirection and has no cookie."""
    headers = {"Authorization": f"Bearer {shown}"} if shown else {}
    return TestClient(
        people.application,
        base_url=host,
        follow_redirects=False,
        headers=headers,
        client=("192.0.2.7", 50000),
    )


@pytest.fixture(scope="module")
def tokens(people) -> dict[Role, TestClient]:
    return {role: program(people, issue(people, role.value, *Scope)) for role in Role}


@pytest.fixture(autouse=True)
def no_limit(people):
    """Each test begins with what a minute allows."""
    people.dashboard.attempts._requests.clear()
    people.dashboard.attempts._tallies.clear()


@pytest.mark.parametrize("route", SCOPED, ids=lambda route: route.name)
@pytest.mark.parametrize("role", Role)
def test_a_token_reads_what_the_role_and_the_scope_allow(people, tokens, route, role):
    answer = tokens[role].get(address(route))
    assert (answer.status_code == 200) == (role in route.who), answer.text
    assert answer.status_code in (200, 403)
    scopes = [scope for scope in Scope if scope is not route.scope]
    without = program(people, issue(people, role.value, *scopes)).get(address(route))
    assert (without.status_code, without.json()["code"]) == (403, "scope_missing")


@pytest.mark.parametrize("route", MACHINE, ids=lambda route: route.name)
@pytest.mark.parametrize("shown", ["", "x", "reprise_" + "0" * 24 + ".00000000." + "A" * 43])
def test_without_a_valid_token_there_is_nothing(people, route, shown):
    answer = program(people, shown).get(address(route))
    if route.scope is None and not shown:
        assert answer.status_code in (200, 503)
    else:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("route", SCOPED, ids=lambda route: route.name)
def test_a_cookie_is_no_token(people, route):
    browser = people.signed_in(Role.ENGINEER.value)
    answer = browser.get(address(route), headers={"X-Forwarded-For": "192.0.2.1"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(tokens, method):
    for route in MACHINE:
        answer = tokens[Role.ENGINEER].request(method, address(route))
        assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert tokens[Role.ENGINEER].get("/api/v1/nowhere").json()["status"] == 404


def test_a_token_ends_with_its_time_its_account_and_by_revocation(people):
    account = people.dashboard.accounts.identify("spare")
    people.open_account("spare", Role.AUDITOR)
    control = Control.open(people.dashboard.home, "one", people.clock)
    short, long = issue(people, "spare", Scope.LEDGER, days=1), issue(people, "spare", Scope.LEDGER)
    one, other = program(people, short), program(people, long)
    assert [p.get("/api/v1/ledger").status_code for p in (one, other)] == [200, 200]
    acts.give_roles(control, "spare", ("officer",))
    assert other.get("/api/v1/ledger").status_code == 200
    people.clock.on += timedelta(days=1).total_seconds()
    try:
        assert [p.get("/api/v1/ledger").status_code for p in (one, other)] == [401, 200]
    finally:
        people.clock.on -= timedelta(days=1).total_seconds()
    made = people.dashboard.accounts.get(account).tokens
    acts.revoke_token(control, "spare", made[-1].id)
    assert other.get("/api/v1/ledger").status_code == 401
    third = program(people, issue(people, "spare", Scope.LEDGER))
    acts.close_account(control, "spare")
    assert third.get("/api/v1/ledger").status_code == 401
    with pytest.raises(AccountError, match="account_closed"):
        issue(people, "spare", Scope.LEDGER)


def test_a_token_is_kept_as_a_digest_and_its_issue_is_recorded(people):
    shown = issue(people, "auditor", Scope.LEDGER)
    secret = shown.rpartition(".")[2]
    account = people.dashboard.accounts.get(people.dashboard.accounts.identify("auditor"))
    assert shown.startswith(TOKEN_MARK)
    assert secret not in msgspec.json.encode(account).decode()
    kept = b"".join(path.read_bytes() for path in people.dashboard.home.path.rglob("*") if path.is_file())
    assert secret.encode() not in kept
    store = Control.open_to_look(people.dashboard.home).ledger.store
    last = json.loads(store.read(store.head().size - 1, store.head().size)[0])
    assert (last["type"], last["code"]) == ("account.changed", "token_issued")
    assert "c" in last and set(last["c"]) == {"operator"}


@pytest.mark.parametrize(("scopes", "name", "days", "code"), [
    ((), "n", 30, "token_without_scope"), (("all",), "n", 30, "scope_not_known"), (("runs",), "n", 0, "token_too_long"),
    (("runs",), "n", 367, "token_too_long"), (("runs",), "", 30, "token_name_malformed"), (("runs",), "a\x1b[31m", 30, "token_name_malformed"),
])  # fmt: skip
def test_a_token_that_cannot_be_is_refused(people, scopes, name, days, code):
    with pytest.raises(AccountError, match=code):
        acts.issue_token(
            Control.open(people.dashboard.home, "one", people.clock), "auditor", scopes, name, days
        )


def test_guessing_waits_and_asking_too_often_too(people, tokens):
    stranger = program(people, "x")
    answers = [stranger.get("/api/v1/ledger") for _ in range(31)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    people.dashboard.attempts._tallies.clear()
    answers = [
        tokens[Role.AUDITOR].get("/api/v1/openapi.json").status_code for _ in range(REQUESTS_A_MINUTE + 1)
    ]
    assert (answers[0], answers[-1]) == (200, 429)


def test_a_look_at_a_run_is_in_the_access_log_and_a_refusal_too(people, tokens):
    before = len(list(people.dashboard.access_log.read()))
    tokens[Role.ENGINEER].get(f"/api/v1/runs/{OWN}")
    tokens[Role.DOCTOR].get(f"/api/v1/runs/{OTHER}")
    tokens[Role.DOCTOR].get("/api/v1/host")
    new = list(people.dashboard.access_log.read())[before:]
    identify = people.dashboard.accounts.identify
    assert [(e.account, e.kind, e.what, e.about, e.result) for e in new] == [
        (identify("engineer"), "view", "api_run", OWN, "done"),
        (identify("doctor"), "view", "api_run", OTHER, "not_found"),
        (identify("doctor"), "view", "api_host", "", "forbidden"),
    ]


def test_a_doctor_s_program_sees_nothing_of_another_and_no_program_sees_a_name(people, tokens):
    for path in ("/api/v1/runs", "/api/v1/today", f"/api/v1/runs/{OTHER}"):
        assert OTHER not in tokens[Role.DOCTOR].get(path).text.replace(path, "")
    own = people.doctors["85073003328"]
    assert tokens[Role.ENGINEER].get(f"/api/v1/runs/{OWN}").json()["doctor"] == own
    assert tokens[Role.AUDITOR].get(f"/api/v1/runs/{OWN}").json()["doctor"] is None
    for route in MACHINE:
        answer = tokens[Role.ENGINEER].get(address(route))
        seen = answer.text + str(answer.headers)
        assert "Specimen" not in seen
        assert not any(number in seen for number in DOCTORS)


def test_the_facts_are_those_of_the_pages(people, tokens):
    control = Control.open_to_look(people.dashboard.home, people.clock)
    told = tokens[Role.ENGINEER].get("/api/v1/today").json()
    shown = today_view.today(control)
    assert [one["run"] for one in told["staged"]] == [row.run for row in shown.staged]
    listed = tokens[Role.ENGINEER].get("/api/v1/runs").json()
    assert [one["run"] for one in listed["runs"]] == [row.run for row in runs.run_rows(control)]
    assert listed["total"] == 2
    head = tokens[Role.AUDITOR].get("/api/v1/ledger").json()
    assert head["checkpoint"].encode() == control.ledger.store.checkpoint()
    assert head["size"] == control.ledger.store.head().size
    found = tokens[Role.AUDITOR].get("/api/v1/completeness").json()
    assert (found["complete"], found["started"], found["size"]) == (True, 0, head["size"])


@pytest.mark.parametrize("values", [
    "state=x", "state=", "use=x", "since=2026-13-01", "since=2026-01-01x", "limit=0", "limit=501", "limit=-1", "limit=%00", "offset=x",
    "limit=1&limit=2", "offset=99999999999999999999", "limit=\u0663",
])  # fmt: skip
def test_a_value_that_cannot_be_is_refused(tokens, values):
    answer = tokens[Role.ENGINEER].get(f"/api/v1/runs?{values}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_the_description_names_each_route_and_each_answer_is_as_described(people, tokens):
    told = tokens[Role.ENGINEER].get("/api/v1/openapi.json").json()
    assert told == json.loads(json.dumps(document(ROUTES)))
    assert told["openapi"].startswith("3.1")
    api = [route for route in SCOPED if route.path.startswith("/api/")]
    assert set(told["paths"]) == {route.path for route in api}
    assert {route.name for route in api} == set(OPERATIONS)
    for route in api:
        (media,) = told["paths"][route.path]["get"]["responses"]["200"]["content"].items()
        answer = tokens[Role.ENGINEER].get(address(route))
        assert answer.headers["content-type"] == media[0]
        described = {**media[1]["schema"], "components": told["components"]}
        jsonschema_rs.Draft202012Validator(described).validate(answer.json())
        refused = program(people).get(address(route))
        problem = {"$ref": "#/components/schemas/Problem", "components": told["components"]}
        jsonschema_rs.Draft202012Validator(problem).validate(refused.json())


def test_a_failure_is_said_by_its_code_alone(people, tokens, capfd, monkeypatch):
    def failing(*_, **__):
        raise ValueError(f"Canary {OWN} 85073003328")

    monkeypatch.setattr(runs, "run_page", failing)
    answer = tokens[Role.ENGINEER].get("/api/v1/runs")
    printed = "".join(capfd.readouterr())
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_ValueError")
    assert "Canary" not in answer.text + printed


@pytest.mark.parametrize(("client", "host", "headers", "allowed"), [
    ("127.0.0.1", "http://127.0.0.1:8710", {}, True), ("127.0.0.1", "http://localhost:8710", {}, True), ("::1", "http://[::1]:8710", {}, True),
    ("127.0.0.1", "http://127.0.0.1:8710", {"X-Forwarded-For": "192.0.2.1"}, False), ("192.0.2.7", "http://localhost:8710", {}, False),
    ("127.0.0.1", "http://localhost:8710", {"Sec-Fetch-Site": "cross-site"}, False), ("127.0.0.1", "http://elsewhere.example:8710", {}, False),
])  # fmt: skip
def test_numbers_are_for_a_token_or_for_this_host(people, client, host, headers, allowed):
    browser = TestClient(people.application, base_url=host, headers=headers, client=(client, 5))
    assert (browser.get("/metrics").status_code == 200) == allowed


def test_the_numbers_are_in_the_form_that_prometheus_reads(people, tokens):
    answer = tokens[Role.AUDITOR].get("/metrics")
    assert answer.headers["content-type"] == metrics.TYPE
    name, label = r"[a-z_]+", r'{[a-z]+="[A-Za-z0-9_.+-]+"}'
    for line in answer.text.splitlines():
        assert re.fullmatch(
            rf"# HELP {name} .+|# TYPE {name} (?:gauge|counter)|{name}(?:{label})? -?\d+", line
        ), line
    values = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if line[0] != "#")
    assert values["reprise_staging_overdue"] == "0"
    assert sum(int(v) for k, v in values.items() if k.startswith("reprise_runs_alive")) == 2
    assert values["reprise_ledger_entries"] == str(
        Control.open_to_look(people.dashboard.home).ledger.store.head().size
    )
    assert 'reprise_runs_ended_total{outcome="delivered"}' in values


def test_health_fails_when_the_sweep_is_late_or_something_is_overdue_and_says_no_more(people, tokens):
    home, stranger = people.dashboard.home, program(people)
    beat(home, people.clock, {})
    assert (stranger.get("/health").status_code, stranger.get("/health").json()) == (
        200,
        {"status": "ok", "alarms": None},
    )
    people.clock.on += 16 * 60
    try:
        late = stranger.get("/health")
        assert (late.status_code, late.json()) == (503, {"status": "failing", "alarms": None})
        told = tokens[Role.AUDITOR].get("/health")
        assert (told.status_code, told.json()["alarms"]) == (503, ["sweep_late"])
        assert people.signed_in("engineer").get("/health").json()["alarms"] == ["sweep_late"]
        assert people.signed_in("doctor").get("/health").json()["alarms"] is None
        beat(home, people.clock, {})
        assert stranger.get("/health").status_code == 200
        Lease.load(home, OTHER).update(home, boot_deadline=1.0)
        assert stranger.get("/health").status_code == 503
        assert tokens[Role.AUDITOR].get("/health").json()["alarms"] == ["run_overdue"]
    finally:
        people.clock.on -= 16 * 60
        (home.runs / OTHER / "lease.json").unlink()


def test_a_home_that_cannot_be_opened_fails_the_health_check(people, monkeypatch, tokens):
    (people.dashboard.home.ledger / "checkpoint").rename(people.dashboard.home.path / "aside")
    try:
        answer = program(people).get("/health")
        assert (answer.status_code, answer.json()["status"]) == (503, "failing")
        assert tokens[Role.ENGINEER].get("/api/v1/runs").status_code == 503
    finally:
        (people.dashboard.home.path / "aside").rename(people.dashboard.home.ledger / "checkpoint")
