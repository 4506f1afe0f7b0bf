"""The dashboard over a home, served in this process, and a real Chromium that looks at its pages as each role."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from dashboard.application import make_application, make_dashboard
from flows.admin import accounts
from flows.session.control import Control
from flows.views.names import doctors
from schemas.roles import ACTING, Role
from support.dashboard_people import PASSWORD
from support.sealing import CHROMIUM, ROOT
from vault.accounts.passwords import digest_of
from vault.home_folder import Home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

AXE = ROOT / "desk" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "print": {"viewport": {"width": 820, "height": 1160}, "color_scheme": "light"},
}


def open_accounts(home: Home, operator: str) -> None:
    """An account for each role, named like it, with the password of the tests."""
    control = Control.open(home, operator)
    kept = make_dashboard(home, "http://localhost").accounts
    doctor = doctors(control)[0]
    for role in Role:
        if role.value in {account.login for account in kept.all()}:
            continue
        acting, about = operator if role in ACTING else None, doctor if role is Role.DOCTOR else None
        accounts.invite(control, role.value, (role.value,), operator=acting, doctor=about)
        kept.set_password(kept.identify(role.value), digest_of(PASSWORD, role.value))


@contextlib.contextmanager
def served(home: Home) -> Iterator[str]:
    """Serve the dashboard of a home on a free port; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    origin = f"http://localhost:{port}"
    application = make_application(make_dashboard(home, origin))
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started and time.monotonic() < until:
        time.sleep(0.05)
    try:
        yield origin
    finally:
        server.should_exit = True
        thread.join(30)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watcher:
    """A browser in which somebody of a role has signed in."""

    context: BrowserContext
    page: Page
    origin: str
    complaints: list[str]

    def go(self, path: str) -> None:
        self.page.goto(self.origin + path, wait_until="load")

    def axe(self) -> list[dict[str, Any]]:
        """What axe-core finds on the page: rule, impact, and the first place."""
        code = AXE.read_text(encoding="utf-8")
        run = (
            "async () => JSON.stringify((await axe.run(document, {resultTypes: ['violations']})).violations)"
        )
        self.page.evaluate(code)  # by the debugger: the page's own policy would refuse it
        found = json.loads(self.page.evaluate(run))
        return [
            {
                "rule": one["id"],
                "impact": one["impact"],
                "at": one["nodes"][0]["html"][:200],
                "of": len(one["nodes"]),
            }
            for one in found
        ]

    def is_too_wide(self) -> bool:
        """Whether the page scrolls sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"))


@contextlib.contextmanager
def watching(browser: Browser, origin: str, role: Role | None, **look: Any) -> Iterator[Watcher]:
    """A context of its own; nobody is signed in without a role. Complaints of the console are kept."""
    context = browser.new_context(**look)
    page = context.new_page()
    watcher = Watcher(context, page, origin, [])
    page.on("console", lambda said: watcher.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: watcher.complaints.append(str(error)))
    try:
        if role is not None:
            watcher.go("/sign-in")
            page.fill("input[name=login]", role.value)
            page.fill("input[name=password]", PASSWORD)
            page.click("form[action='/sign-in'] button.primary")
            page.wait_for_url(lambda url: "/sign-in" not in url)
        yield watcher
    finally:
        context.close()


def shoot(watcher: Watcher, look: str, to: Path) -> None:
    """Write the page as a picture, as paper where the look is print; charts have their final size first."""
    watcher.page.emulate_media(media="print" if look == "print" else "screen")
    watcher.page.screenshot(path=str(to), full_page=True)
