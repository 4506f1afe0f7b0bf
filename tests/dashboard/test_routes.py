"""Every line of the table of routes, tried by every role and by somebody who is not signed in."""

from __future__ import annotations

import re

import pytest
from starlette.routing import Route as Address
from support.dashboard_people import DOCTORS, OTHER, OTHER_AUTHORISATION, OWN, OWN_AUTHORISATION, token_in

from dashboard.application import make_application
from dashboard.pages.runs import WORDS
from dashboard.routes import EVERYBODY, ROUTES, SIGNED_IN, Route
from schemas.roles import Role
from schemas.texts import LANGUAGES, catalogue

NEEDS = {
    "run": OWN,
    "authorisation": OWN_AUTHORISATION,
    "order": "0" * 16,
    "intake": "0" * 16,
    "proposal": "0" * 24,
}
"""A value for each place in an address, which exists and concerns the doctor who signs in; `conftest` adds the doctor's id."""
PAGES = [route for route in ROUTES if not route.for_machines]  # the others: test_machine.py
BY_ROLE = [
    (route, role)
    for route in PAGES
    for role in Role
    if route.name != "run_live" or role not in route.who  # it goes on while the run does: test_live.py
]
ENDS_THE_SESSION = ("sign_out",)


def address(route: Route) -> str:
    return re.sub(r"{(\w+)}", lambda found: NEEDS[found[1]], route.path)


@pytest.fixture(scope="module")
def signed_in(people):
    return {role: people.signed_in(role.value) for role in Role}


def ask(browser, route: Route, csrf: str):
    if route.name == "run_live":  # it goes on while the run does; of this run nothing will ever change
        return browser.head(address(route))
    return browser.request(
        route.method, address(route), data={"csrf": csrf} if route.method == "POST" else None
    )


@pytest.mark.parametrize(("route", "role"), BY_ROLE, ids=lambda x: getattr(x, "name", str(x)))
def test_each_route_answers_those_whom_the_table_names_and_no_others(people, signed_in, route, role):
    browser = people.signed_in(role.value) if route.name in ENDS_THE_SESSION else signed_in[role]
    csrf = token_in(browser.get("/account").text)
    answer = ask(browser, route, csrf)
    allowed = route.who == EVERYBODY or role in route.who
    assert (answer.status_code != 403) == allowed, answer.text
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.name)
def test_nobody_gets_further_than_the_sign_in(people, route):
    browser = people.browser()
    answer = browser.request(route.method, address(route))
    if route.who != EVERYBODY:
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
    elif route.method == "POST":
        assert answer.status_code == 403, "no form of ours was shown to this browser"
    else:
        assert answer.status_code in (200, 409, 410)


@pytest.mark.parametrize("route", [r for r in ROUTES if r.method == "POST"], ids=lambda route: route.name)
@pytest.mark.parametrize("wrong", ["missing", "of another session", "of another site"])
def test_no_act_without_a_form_of_this_session(people, signed_in, route, wrong):
    role = next(iter(sorted(route.who or SIGNED_IN)))
    browser = signed_in[role]
    csrf = token_in(browser.get("/account").text)
    other = token_in(people.browser().get("/sign-in").text)
    given = {"missing": "", "of another session": other, "of another site": csrf}[wrong]
    headers = {"Origin": "https://elsewhere.example"} if wrong == "of another site" else {}
    answer = browser.post(address(route), data={"csrf": given}, headers=headers)
    assert answer.status_code == 403
    assert "form_of_another" in answer.text


def test_the_application_serves_the_table_and_its_assets_alone(people):
    application = make_application(people.dashboard).application
    served = {
        (method, address.path)
        for address in application.routes
        if isinstance(address, Address)
        for method in address.methods - {"HEAD"}
    }
    assert served == {(route.method, route.path) for route in ROUTES} | {("GET", "/assets/{name}")}
    assert len(served) == len(application.routes)


def test_each_name_is_one_route_and_has_its_texts():
    assert len({route.name for route in ROUTES}) == len(ROUTES)
    for language in LANGUAGES:
        told = catalogue(language)
        assert {f"dashboard.access.done.{route.name}" for route in ROUTES} <= told.keys()
        assert {f"dashboard.menu.{route.name}" for route in ROUTES if route.menu} <= told.keys()
        assert {f"dashboard.run.is.{word}" for word in WORDS} <= told.keys()


FORBIDDEN = ("/access", "/deletion", "/deletion.csv", "/deletion.pdf", "/deletion.zip", "/ledger", "/host")
OF_ANOTHER = (f"/runs/{OTHER}", f"/runs/{OTHER}/certificate.pdf", f"/runs/{OTHER}/proof.zip", f"/authorisations/{OTHER_AUTHORISATION}")  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/runs", "/", "/authorisations", *OF_ANOTHER, f"/runs/{OTHER}/live", *FORBIDDEN]
)
def test_a_doctor_sees_nothing_of_another(signed_in, path):
    browser = signed_in[Role.DOCTOR]
    answer = browser.get(path)
    assert OTHER not in answer.text.replace(path, "")
    assert "Other" not in answer.text
    other = path in OF_ANOTHER or OTHER in path
    assert answer.status_code == (403 if path in FORBIDDEN else 404 if other else 200)


def test_a_doctor_gets_to_their_own_page_and_to_no_other(people, signed_in):
    own, other = (people.doctors[inss] for inss in DOCTORS)
    browser = signed_in[Role.DOCTOR]
    assert browser.get("/doctors").headers["location"] == f"/doctors/{own}"
    assert browser.get(f"/doctors/{own}").status_code == 200
    assert browser.get(f"/doctors/{other}").status_code == 404


@pytest.mark.parametrize("path", ["/", "/runs", f"/runs/{OWN}", "/authorisations", f"/authorisations/{OWN_AUTHORISATION}"])  # fmt: skip
@pytest.mark.parametrize(("role", "names"), [("auditor", False), ("engineer", True), ("officer", True)])
def test_who_reads_names(people, path, role, names):
    page = people.signed_in(role).get(path).text
    assert ("Specimen" in page) == names
    assert "<b>" not in page, "a name is text, whatever is in it"
    assert not names or "Dr &lt;b&gt;Own&lt;/b&gt; Specimen" in page
    assert not any(inss in page for inss in DOCTORS)
    told = [word for word in ("Canary Wording", "/nowhere/of/canary", "age1") if word in page]
    assert names or told == []


@pytest.mark.parametrize("path", ["/runs/..%2f..%2fetc%2fpasswd", "/assets/..%2f..%2fsite.toml", "/assets/x", "/runs/%00", "/nowhere", "/runs/..%2f..%2fkeys/proof.zip", "/runs/../keys/proof.zip", "/runs/1111/../../keys/certificate.pdf", "/authorisations/..%2fkeys", "/doctors/..%2fkeys", "/doctors/%2e%2e"])  # fmt: skip
def test_no_path_leads_elsewhere(signed_in, path):
    browser = signed_in[Role.ENGINEER]
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text
