"""In Debian's Chromium: a migration that is watched to its end, a draft that grows, passkeys, and a real OpenID provider."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.dashboard_people import make_people, token_in
from support.dashboard_site import WIDTHS, Site, a_browser, free_port, make_site, serving, sign_in

from dashboard.application import make_application
from dashboard.provider import Provider
from flows.lifecycle.run_views import status
from schemas.roles import Role
from vault.verify import verify

pytestmark = [pytest.mark.slow, pytest.mark.service]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made, _ = make_site(tmp_path_factory.mktemp("browser"), port=free_port())
    with serving(made):
        yield made


@pytest.fixture(scope="module")
def browser():
    with a_browser() as found:
        yield found


@pytest.fixture(scope="module")
def errors() -> list[str]:
    """What the console of the engineer's page says."""
    return []


@pytest.fixture(scope="module")
def page(site, browser, errors):
    """The engineer's page."""
    context = browser.new_context(locale="en-GB")
    found = sign_in(context, site, "one")
    found.on("pageerror", lambda error: errors.append(str(error)))
    found.on("console", lambda line: errors.append(line.text) if "Content Security" in line.text else None)
    return found


def a_provider(issuer: str, origin: str) -> Provider:
    """What `[dashboard]` in site.toml declares: the issuer, our client there and its secret, and where it sends people back."""
    return Provider(issuer, "reprise", "a secret of the test", f"{origin}/sign-in/provider/back")


def at_the_provider(page, subject: str) -> None:
    """Say at the provider who one is."""
    page.fill("input[name=sub]", subject)
    page.click("button[type=submit]:first-of-type")


def fits(page) -> None:
    """Nothing of the page lies beside the screen, on a telephone either."""
    for width in WIDTHS.values():
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_migration_is_started_in_the_page_and_watched_to_its_end(site, page, errors):
    page.goto(f"{site.url}/work")
    page.fill("#f-path", site.made["source"])
    page.click("button:has-text('Register')")
    page.goto(f"{site.url}/instructions")
    page.set_input_files("#f-document", site.made["authorisation"])
    page.set_input_files("#f-signature", site.made["authorisation"] + ".p7s")
    page.click("button:has-text('Check and record')")
    page.wait_for_selector(".notice.good")
    fits(page)
    page.goto(f"{site.url}/work")
    fits(page)
    page.check("input[name=use][value=migration]")
    page.click("button:has-text('Check and start')")
    page.wait_for_url("**/runs/*")
    run = page.url.rpartition("/")[2]
    assert site.made["source"] not in page.url
    page.wait_for_selector(".way-head .badge.good", timeout=180_000)  # no reload: the page is told
    ended = status(site.home, run)
    assert (ended.outcome, ended.state) == ("delivered", "certified")
    code, words = verify(Path(str(ended.proof)), Path(site.made["policy"]).read_text())
    assert code == 0, words
    page.reload()
    page.click("summary:has-text('Record the import')")
    page.select_option("#f-state", "imported")
    page.click(".confirm-box button:has-text('Record')")
    page.wait_for_selector(".notice.good")
    assert status(site.home, run).import_state == "imported"
    fits(page)
    assert errors == []


def test_a_draft_shows_the_page_while_it_is_filled_in(site, page, errors):
    page.goto(f"{site.url}/draft")
    page.fill("#f-processor", "Reprise test")
    page.fill("#f-destination", "/srv/out")
    page.wait_for_selector("#preview .paper")
    assert "Reprise test" in page.inner_text("#preview")
    page.fill("#f-processor", "")
    page.wait_for_selector("#preview .notice")
    page.click("#preview a[href='#d-processor']")
    fits(page)
    page.fill("#f-processor", "Reprise test")
    with page.expect_download() as download:
        page.click("button:has-text('Page to sign')")
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")
    assert errors == []


def test_a_draft_is_previewed_without_a_script(site, browser):
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = sign_in(context, site, "one")
    page.goto(f"{site.url}/draft")
    page.fill("#f-processor", "Without a script")
    page.fill("#f-destination", "/srv/out")
    page.click("button:has-text('Preview')")
    assert "Without a script" in page.inner_text("#preview .paper")
    assert page.input_value("#f-processor") == "Without a script"


def test_a_passkey_signs_in_once_and_its_answer_no_second_time(site, browser):
    """With Chromium's virtual authenticator; what it answered is sent again as it was."""
    context = browser.new_context(locale="en-GB")
    page = sign_in(context, site, "two")
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    made = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": made})
    page.goto(f"{site.url}/account")
    page.fill("[data-passkey=add] input[name=name]", "virtual")
    page.click("[data-passkey=add] button")
    page.wait_for_selector("text=virtual")
    page.click("button:has-text('Sign out')")
    sent = []
    page.on("request", lambda r: sent.append(r.post_data) if r.url.endswith("/sign-in/passkey") else None)
    page.click("[data-passkey] button")
    page.wait_for_url(f"{site.url}/")
    assert len(sent) == 1
    stranger = site.people.browser()
    stranger.base_url = site.url
    form = token_in(stranger.get("/sign-in").text)
    stranger.post("/sign-in/passkey/options", data={"csrf": form})
    again = stranger.post(
        "/sign-in/passkey",
        content=sent[0],
        headers={"Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": form},
    )
    assert again.status_code == 401
    assert stranger.get("/").status_code == 303
    noted = [(e.what, e.result) for e in site.people.dashboard.access_log.read()]
    assert ("sign_in_passkey", "done") in noted
    assert ("sign_in_passkey", "wrong") in noted


def test_somebody_signs_in_through_a_real_provider_and_nobody_who_was_not_invited(tmp_path, browser):
    """oidc-provider-mock, a provider of its own: authorisation code with PKCE, its keys, its signed token."""
    import oidc_provider_mock

    with oidc_provider_mock.run_server_in_thread() as server:
        issuer = f"http://localhost:{server.server_port}"
        port = free_port()
        people, origin = make_people(tmp_path), f"http://localhost:{port}"
        provider = a_provider(issuer, origin)
        people.dashboard = replace(people.dashboard, origin=origin, provider=provider)
        people.application = make_application(people.dashboard)
        made = Site(people, {}, origin, tmp_path)
        token = people.invite("connected", Role.AUDITOR, language="en")
        with serving(made):
            page = browser.new_context(locale="en-GB").new_page()
            page.goto(f"{made.url}/invitation?token={token}")
            page.click("form[action='/sign-in/provider'] button")
            at_the_provider(page, "somebody")
            page.wait_for_url(f"{made.url}/")
            assert page.goto(f"{made.url}/runs").status == 200
            again = browser.new_context(locale="en-GB").new_page()
            again.goto(f"{made.url}/sign-in")
            again.click("form[action='/sign-in/provider'] button")
            at_the_provider(again, "somebody")
            again.wait_for_url(f"{made.url}/")
            other = browser.new_context(locale="en-GB").new_page()
            other.goto(f"{made.url}/sign-in")
            other.click("form[action='/sign-in/provider'] button")
            at_the_provider(other, "a stranger")
            other.wait_for_selector(".error, .notice.bad")
            assert other.goto(f"{made.url}/").url.startswith(f"{made.url}/sign-in")
