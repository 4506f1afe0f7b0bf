"""The part of a run's page that is sent anew while the run goes on."""

from __future__ import annotations

import anyio
import pytest
from starlette.datastructures import FormData
from starlette.requests import Request
from support.dashboard_people import OTHER, OWN, make_people

from dashboard.application import _answer, _refuse, _visit
from dashboard.pages import runs
from dashboard.routes import ROUTES
from schemas.roles import WHO_SEES_RUNS, Role
from vault.runs.journal import Journal

LIVE = next(route for route in ROUTES if route.name == "run_live")


@pytest.fixture
def people(tmp_path):
    return make_people(tmp_path)


def request_of(people, role: Role, run: str) -> Request:
    """What the browser of somebody who has signed in sends."""
    browser = people.signed_in(role.value)
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": f"/runs/{run}/live",
            "path_params": {"run": run},
            "query_string": b"",
            "headers": [(b"cookie", cookies.encode()), (b"accept-language", b"nl")],
        }
    )


def visit_of(people, role: Role, run: str = OWN):
    return _visit(people.dashboard, request_of(people, role, run), FormData())


@pytest.mark.parametrize("role", sorted(WHO_SEES_RUNS))
def test_whoever_sees_runs_gets_a_stream_of_events(people, role):
    assert _refuse(visit_of(people, role), LIVE) is None
    answer = _answer(people.dashboard, LIVE, request_of(people, role, OWN), FormData())
    assert (answer.status_code, answer.media_type) == (200, "text/event-stream")


def test_a_doctor_gets_none_of_another_s_run(people):
    answer = _answer(people.dashboard, LIVE, request_of(people, Role.DOCTOR, OTHER), FormData())
    assert answer.status_code == 404


def test_a_change_is_sent_and_the_stream_ends_with_the_session(people):
    visit = visit_of(people, Role.ENGINEER)

    async def follow() -> list[str]:
        changes = runs._changes(visit)
        seen = [await anext(changes)]
        Journal(people.dashboard.home, OWN).append("inventory", {"files": 1})
        seen.append(await anext(changes))
        people.dashboard.sessions.end(visit.session)
        seen += [change async for change in changes]
        return seen

    before, after = anyio.run(follow)
    assert before.startswith("event: way\ndata: ")
    assert after.startswith("event: way\ndata: ")
    assert before != after
