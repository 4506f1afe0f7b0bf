"""Signing in and out, sessions, invitations, guesses, and what of it stands in the access log."""

from __future__ import annotations

import re

import pytest
from support.dashboard_people import ORIGIN, OWN, PASSWORD, sign_in, token_in

from dashboard.attempts import FREE
from dashboard.sessions import IDLE_SECONDS, LONGEST_SECONDS
from schemas.errors import IntegrityError
from schemas.roles import Role

COOKIE = "reprise"


def entries(people):
    return list(people.dashboard.access_log.read())


def without_what_was_entered(page: str) -> str:
    return re.sub(r' (value|data-csrf)="[^"]*"|\s+', " ", page).replace("  ", " ")


def test_the_cookie_is_the_browsers_alone_and_is_replaced_at_the_sign_in(people):
    browser = people.browser()
    browser.get("/sign-in")
    before = browser.cookies[COOKIE]
    answer = sign_in(browser, "engineer")
    assert answer.headers["location"] == "/"
    stated = answer.headers["set-cookie"].lower()
    assert all(word in stated for word in ("httponly", "samesite=lax", "path=/"))
    assert browser.cookies[COOKIE] != before, "a name set before the sign-in is worth nothing after it"
    other = people.browser()
    other.cookies.set(COOKIE, before)
    assert other.get("/").headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("spoil", [lambda c: c[:-1] + ("A" if c[-1] != "A" else "B"), lambda c: "x" + c, lambda _: "", lambda c: c.partition(".")[0]])  # fmt: skip
def test_a_name_that_we_did_not_sign_is_nobodys(people, spoil):
    known = people.signed_in("engineer").cookies[COOKIE]
    browser = people.browser()
    browser.cookies.set(COOKIE, spoil(known))
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize(("login", "password"), [("engineer", "four plain words her"), ("nobody", PASSWORD), ("", "")])  # fmt: skip
def test_what_was_wrong_is_not_said(people, login, password):
    answer = sign_in(people.browser(address="192.0.2.9"), login, password)
    assert answer.status_code == 401
    right = people.browser(address="192.0.2.9")
    told = sign_in(right, "auditor", "not this one at all")
    assert without_what_was_entered(answer.text) == without_what_was_entered(told.text)


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:x"])  # fmt: skip
def test_the_sign_in_leads_nowhere_else(people, back):
    browser = people.browser()
    assert sign_in(browser, "engineer", next=back).headers["location"] == "/"


def test_the_page_that_was_asked_for_follows_the_sign_in(people):
    browser = people.browser()
    asked = browser.get(f"/runs/{OWN}").headers["location"]
    assert asked == f"/sign-in?next=%2Fruns%2F{OWN}"
    assert sign_in(browser, "engineer", next=f"/runs/{OWN}").headers["location"] == f"/runs/{OWN}"


def test_sign_out_ends_the_session(people):
    browser = people.signed_in("engineer")
    kept = browser.cookies[COOKIE]
    browser.post("/sign-out", data={"csrf": token_in(browser.get("/account").text)})
    browser.cookies.set(COOKIE, kept)
    assert browser.get("/").status_code == 303


def test_an_idle_session_ends(people):
    browser = people.signed_in("engineer")
    people.clock.on += IDLE_SECONDS - 60
    assert browser.get("/").status_code == 200
    people.clock.on += IDLE_SECONDS + 1
    assert browser.get("/").status_code == 303


def test_a_session_in_use_ends_after_twelve_hours(people):
    browser = people.signed_in("engineer")
    for _ in range(LONGEST_SECONDS // 1500):
        assert browser.get("/").status_code == 200
        people.clock.on += 1500
    people.clock.on += 300
    assert browser.get("/").status_code == 303


def test_guesses_wait_longer_each_time_and_a_right_password_waits_too(people):
    people.open_account("guessed", Role.AUDITOR)
    browser = people.browser(address="192.0.2.1")
    for _ in range(FREE["account"]):
        assert sign_in(browser, "guessed", "wrong wrong wrong").status_code == 401
    waits = []
    for _ in range(4):
        assert sign_in(browser, "guessed").status_code == 429
        wait = people.dashboard.attempts.wait_seconds(account=people.dashboard.accounts.identify("guessed"))
        waits.append(wait)
        people.clock.on += wait
        assert sign_in(browser, "guessed", "wrong wrong wrong").status_code == 401
    assert waits == sorted(set(waits)), "each wait is longer"
    people.clock.on += 3601
    assert sign_in(browser, "guessed").status_code == 303


def test_guesses_at_many_accounts_from_one_address_wait(people):
    browser = people.browser(address="192.0.2.2")
    codes = [sign_in(browser, f"nobody{i}", "wrong").status_code for i in range(FREE["address"] + 1)]
    assert codes == [401] * FREE["address"] + [429]
    assert sign_in(people.browser(address="192.0.2.3"), "engineer").status_code == 303


def test_an_invitation_opens_one_account_once(people):
    token = people.invite("invited", Role.AUDITOR)
    browser = people.browser()
    form = token_in(browser.get(f"/invitation?token={token}").text)
    chosen = {"csrf": form, "token": token, "password": PASSWORD, "again": PASSWORD}
    assert browser.post("/invitation", data={**chosen, "again": "another of them"}).status_code == 422
    assert (
        browser.post("/invitation", data={**chosen, "password": "short", "again": "short"}).status_code == 422
    )
    assert browser.post("/invitation", data=chosen).headers["location"] == "/account?new=1"
    assert people.browser().get(f"/invitation?token={token}").status_code == 410
    assert sign_in(people.browser(), "invited").status_code == 303


def test_an_invitation_lapses(people):
    token = people.invite("late", Role.AUDITOR)
    people.clock.on += 73 * 3600
    assert people.browser().get(f"/invitation?token={token}").status_code == 410


def test_an_administrator_invites_gives_roles_and_closes(people):
    browser = people.signed_in("administrator")
    csrf = token_in(browser.get("/accounts").text)
    made = browser.post("/accounts/invite", data={"csrf": csrf, "login": "new@example.be", "role": "auditor"})
    assert made.status_code == 200
    assert f"{ORIGIN}/invitation?token=" in made.text
    again = browser.post(
        "/accounts/invite", data={"csrf": csrf, "login": "new@example.be", "role": "auditor"}
    )
    assert again.status_code == 422
    people.dashboard.accounts.set_password(
        people.dashboard.accounts.identify("new@example.be"),
        people.dashboard.accounts.find("auditor").password,
    )
    theirs = people.signed_in("new@example.be")
    changed = browser.post(
        "/accounts/roles", data={"csrf": csrf, "login": "new@example.be", "role": "officer"}
    )
    assert changed.status_code == 303
    assert theirs.get("/").status_code == 303, "their sessions end with their roles"
    theirs = people.signed_in("new@example.be")
    assert theirs.get("/access").status_code == 200
    assert browser.post("/accounts/close", data={"csrf": csrf, "login": "new@example.be"}).status_code == 303
    assert theirs.get("/access").status_code == 303
    assert sign_in(people.browser(), "new@example.be").status_code == 401


def test_nobody_closes_the_account_they_act_with(people):
    browser = people.signed_in("administrator")
    csrf = token_in(browser.get("/accounts").text)
    answer = browser.post("/accounts/close", data={"csrf": csrf, "login": "administrator"})
    assert "own_account" in answer.text
    assert browser.get("/accounts").status_code == 200


def test_a_changed_password_ends_the_other_sessions(people):
    people.open_account("changing", Role.AUDITOR)
    one, two = people.signed_in("changing"), people.signed_in("changing")
    csrf = token_in(one.get("/account").text)
    new = {"csrf": csrf, "password": "five other plain words", "again": "five other plain words"}
    assert one.post("/account/password", data={**new, "present": "wrong"}).status_code == 422
    assert one.post("/account/password", data={**new, "present": PASSWORD}).status_code == 303
    assert (one.get("/account").status_code, two.get("/account").status_code) == (200, 303)


def test_looks_acts_and_refusals_stand_in_the_log_and_in_its_export(people):
    engineer, doctor = people.signed_in("engineer"), people.signed_in("doctor")
    before = len(entries(people))
    engineer.get(f"/runs/{OWN}")
    doctor.get("/access")
    new = entries(people)[before:]
    account = people.dashboard.accounts.identify
    seen = [(e.account, e.kind, e.what, e.about, e.result) for e in new]
    own = people.doctors["85073003328"]
    assert (account("engineer"), "view", "run", OWN, "done") in seen
    assert (account("engineer"), "view", "name", own, "done") in seen
    assert (account("doctor"), "view", "access_log", "", "forbidden") in seen
    exported = people.signed_in("officer").get("/access.csv")
    assert exported.headers["content-type"].startswith("text/csv")
    assert OWN in exported.text
    assert "Specimen" not in exported.text


@pytest.mark.parametrize("harm", ["removed", "moved", "altered"])
def test_an_altered_access_log_is_found(people, harm):
    path = people.dashboard.home.access_log
    kept = path.read_bytes()
    lines = kept.splitlines(keepends=True)
    spoilt = {
        "removed": lines[1:],
        "moved": [lines[1], lines[0], *lines[2:]],
        "altered": [lines[0][:-10] + b"AAAAAAAAA\n", *lines[1:]],
    }[harm]
    try:
        path.write_bytes(b"".join(spoilt))
        with pytest.raises(IntegrityError, match="access_log_altered"):
            entries(people)
    finally:
        path.write_bytes(kept)
