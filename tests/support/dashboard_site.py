"""A trial's home behind a dashboard that listens, with an account for each of its two operators, and a real browser."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from dashboard.application import make_application, make_dashboard
from flows.session.control import Control
from schemas.roles import Role
from support.dashboard_people import PASSWORD, People
from trial.home import OPERATORS, make_trial
from trial.practice.write import write_practice
from vault.home_folder import Home
from vault.system.clock import SystemClock

CHROMIUM = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDTHS = {"phone": 390, "desk": 1280}


@dataclass
class Site:
    """The home, its people, and where the dashboard listens."""

    people: People
    made: dict[str, str]
    url: str
    folder: Path

    @property
    def home(self) -> Home:
        return self.people.dashboard.home

    def control(self) -> Control:
        return Control.open_to_look(self.home)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_site(folder: Path, *, patients: int = 12, port: int = 8710, **terms: Any) -> tuple[Site, People]:
    """A practice, its instruction, and accounts: `one` and `two`, engineers, for the two operators; one for each other role."""
    write_practice(folder / "export", patients=patients)
    uses = {"inventory": 5, "rehearsal": 9, "migration": 9, "delta": 0}
    made = make_trial(folder / "trial", folder / "export", **{"uses": uses, **terms})
    home, origin = Home(Path(made["home"])), f"http://localhost:{port}"
    dashboard = make_dashboard(home, origin)
    people = People(dashboard, SystemClock(), make_application(dashboard), operator=OPERATORS[0])
    people.open_account("one", Role.ENGINEER, operator=OPERATORS[0], language="en")
    people.open_account("two", Role.ENGINEER, operator=OPERATORS[1], language="en")
    people.open_account("auditor", Role.AUDITOR, language="en")
    return Site(people, made, origin, folder), people


@contextlib.contextmanager
def serving(site: Site) -> Iterator[None]:
    """Let the dashboard listen on its port, in a thread."""
    port = int(site.url.rpartition(":")[2])
    config = uvicorn.Config(
        site.people.application,
        host="127.0.0.1",
        port=port,
        log_config=None,
        log_level="critical",
        lifespan="off",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=10)


@contextlib.contextmanager
def a_browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        try:
            yield browser
        finally:
            browser.close()


def sign_in(context: BrowserContext, site: Site, login: str, password: str = PASSWORD) -> Page:
    """A page on which this person has signed in."""
    page = context.new_page()
    page.goto(f"{site.url}/sign-in")
    page.fill("#f-login", login)
    page.fill("#f-password", password)
    page.click("button:has-text('Sign in')")
    page.wait_for_url(f"{site.url}/")
    return page
