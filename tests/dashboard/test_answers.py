"""What every answer carries, and what none does."""

from __future__ import annotations

import re

import pytest
from support.dashboard_people import DOCTORS, OWN, PASSWORD
from test_routes import address

from dashboard.application import POLICY
from dashboard.pages import runs
from dashboard.rendering import ASSETS
from dashboard.routes import ROUTES
from schemas.roles import Role
from schemas.texts import LANGUAGES

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAGES = [r for r in ROUTES if r.method == "GET" and r.name != "run_live" and not r.for_machines]


@pytest.fixture(scope="module")
def signed_in(people):
    return {role: people.signed_in(role.value) for role in Role}


@pytest.mark.parametrize("path", ["/sign-in", "/", "/assets/dashboard.css", "/nowhere", "/runs"])
def test_each_answer_has_the_headers(signed_in, path):
    headers = signed_in[Role.ENGINEER].get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-store" if "assets" not in path else "public, max-age=31536000")


def test_another_host_name_is_refused(people):
    assert people.browser().get("/sign-in", headers={"Host": "elsewhere.example"}).status_code == 421


@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_in_each_language_has_nothing_inline_and_nothing_from_elsewhere(signed_in, route, language):
    role = next(iter(sorted(route.who))) if route.who else Role.ENGINEER
    answer = signed_in[role].get(address(route), headers={"Accept-Language": language})
    assert answer.status_code < 500
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return
    assert f'<html lang="{language}"' in answer.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text)
    assert "dashboard." not in re.sub(r"<[^>]*>", "", answer.text), "a text is missing"


@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.name)
def test_each_link_of_a_page_leads_to_a_page(people, signed_in, route):
    role = next(iter(sorted(route.who))) if route.who else Role.ENGINEER
    page = signed_in[role].get(address(route)).text
    for link in {found.replace("&amp;", "&") for found in re.findall(r'href="(/[^"]*)"', page)}:
        assert signed_in[role].get(link).status_code in (200, 303), link


def test_no_page_no_header_and_no_output_has_what_belongs_to_a_record(people, signed_in, capfd):
    for role, browser in signed_in.items():
        for route in PAGES:
            if role in route.who or not route.who:
                answer = browser.get(address(route))
                seen = answer.text + str(answer.headers)
                assert not any(number in seen for number in DOCTORS)
                assert PASSWORD not in seen
                assert "argon2" not in seen
    out, err = capfd.readouterr()
    assert out + err == ""


def test_a_failure_prints_and_shows_its_code_alone(people, signed_in, capfd, monkeypatch):
    def failing(*_, **__):
        raise ValueError(f"Canary {OWN} 85073003328")

    monkeypatch.setattr(runs, "run_list", failing)
    answer = signed_in[Role.ENGINEER].get("/runs")
    printed = "".join(capfd.readouterr())
    assert answer.status_code == 500
    assert "Canary" not in answer.text + printed
    assert "85073003328" not in answer.text + printed
    assert "internal_ValueError in runs" in printed


@pytest.mark.parametrize("values", ["since=%00&until=x", "page=99999999999999", "page=-1", "state=%3Cb%3E&doctor=%27", "since=9999-99-99"])  # fmt: skip
def test_odd_filters_are_answered(signed_in, values):
    for path, role in (("/runs", Role.ENGINEER), ("/access", Role.OFFICER)):
        answer = signed_in[role].get(f"{path}?{values}")
        assert answer.status_code == 200
        assert "<b>" not in answer.text


LONG, ARABIC = "9" * 5000, "\u0662\u0660\u0662\u0666-\u0661\u0661-\u0663\u0660"


@pytest.mark.parametrize("page", [LONG, "\u0662", "\u00b2", "999999999", "0", "-1", "1e3", ""])
@pytest.mark.parametrize("path", ["/runs", "/access", "/deletion", "/ledger", "/authorisations"])
def test_a_page_is_a_number_of_at_most_nine_digits(signed_in, path, page):
    browser = signed_in[Role.OFFICER if path == "/access" else Role.ENGINEER]
    answer = browser.get(path, params={"page": page})
    assert answer.status_code == 200
    if page != "999999999":
        assert OWN[:8] in answer.text or path != "/runs", "the first page"


@pytest.mark.parametrize(
    "day", [ARABIC, "2026-02-30", "2026-1-5", "20261130", "0000-01-01", "0001-01-01", LONG, "\u0662026-11-30"]
)
@pytest.mark.parametrize("path", ["/runs?since", "/runs?until", "/access?since", "/access?until", "/deletion?day", "/deletion.csv?day"])  # fmt: skip
def test_what_is_no_day_is_no_filter(signed_in, path, day):
    browser = signed_in[Role.OFFICER if path.startswith("/access") else Role.ENGINEER]
    place, _, name = path.partition("?")
    answer = browser.get(place, params={name: day})
    assert answer.status_code == 200
    assert day not in answer.text + str(answer.headers)


@pytest.mark.parametrize("day", ["1000-01-01", "9999-12-31", "2026-11-30"])
@pytest.mark.parametrize("path", ["/runs?since", "/access?until", "/deletion?day"])
def test_a_day_is_a_filter(signed_in, path, day):
    browser = signed_in[Role.OFFICER if path.startswith("/access") else Role.ENGINEER]
    answer = browser.get(f"{path}={day}")
    assert answer.status_code == 200
    assert f'value="{day}"' in answer.text


def test_a_form_that_is_too_long_is_refused_before_it_is_read(signed_in):
    answer = signed_in[Role.ENGINEER].post("/preferences", content=b"x" * 70_000)
    assert answer.status_code == 413


@pytest.mark.parametrize("headers", [FORM, {**FORM, "Content-Length": "20", "Transfer-Encoding": "chunked"}])
def test_a_form_of_no_certain_length_is_refused_before_it_is_read(people, headers):
    asked_for = []

    def body():
        asked_for.append(1)
        yield b"x" * 70_000

    answer = people.browser().post("/preferences", content=body(), headers=headers)
    assert (answer.status_code, asked_for) == (413, [])


@pytest.mark.parametrize("role", [None, Role.AUDITOR])
def test_nobody_sends_a_form_to_what_they_may_not_use(people, signed_in, role):
    asked_for = []

    def body():
        asked_for.append(1)
        yield b"x" * 20

    browser = signed_in.get(role) or people.browser()
    answer = browser.post("/instructions/by-hand", content=body(), headers={**FORM, "Content-Length": "20"})
    assert (answer.status_code, asked_for) == (303 if role is None else 403, [])
    browser.post("/preferences", content=body(), headers={**FORM, "Content-Length": "20"})
    assert asked_for == [1], "what may be sent is read"


def test_a_request_too_many_is_not_read(people):
    browser, asked_for = people.browser(), []

    def body():
        asked_for.append(1)
        yield b"x"

    for _ in range(600):
        people.dashboard.attempts.is_too_many(browser._transport.client[0])
    answer = browser.post("/preferences", content=body(), headers={**FORM, "Content-Length": "1"})
    assert (answer.status_code, asked_for) == (429, [])


def test_the_scripts_of_others_are_those_that_were_looked_at():
    from hashlib import sha256

    for line in (ASSETS / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert sha256((ASSETS / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("path", [f"/runs/{OWN}/proof.zip", "/deletion.zip"])
@pytest.mark.parametrize(("site", "refused"), [("cross-site", True), ("same-site", True), ("none", False), ("same-origin", False), (None, False)])  # fmt: skip
def test_no_page_of_another_site_leads_to_a_download_that_the_ledger_records(signed_in, path, site, refused):
    headers = {} if site is None else {"Sec-Fetch-Site": site}
    answer = signed_in[Role.AUDITOR].get(path, headers=headers)
    assert (answer.status_code == 403) == refused
