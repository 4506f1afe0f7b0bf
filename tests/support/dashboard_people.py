"""A home with two doctors and their runs, one account for each role, and a browser for each: for tests of the dashboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyrage
from starlette.testclient import TestClient

from dashboard.application import make_application, make_dashboard
from dashboard.visit import Dashboard
from flows.admin import accounts as acts
from flows.session.control import Control
from schemas.roles import Role
from trial.doctors import enrol_doctor
from vault.accounts.passwords import digest_of
from vault.authorisation.handwritten import pend
from vault.authorisation.register import InstructionRegister
from vault.home.create import create_home
from vault.home_folder import Home
from vault.instruction.document import draft
from vault.records.operators import enrol_operator, find_operator
from vault.records.subjects import Subjects
from vault.runs.lease import new_lease
from vault.system.clock import SystemClock, format_utc

ORIGIN = "http://localhost:8710"
PASSWORD = "four plain words here"
OWN, OTHER = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
OWN_AUTHORISATION, OTHER_AUTHORISATION = "a", "b"
DOCTORS = {"85073003328": "Dr <b>Own</b> Specimen", "72020212204": "Dr Other Specimen"}


class MovedClock(SystemClock):
    """The machine's clocks, moved on by what a test says."""

    def __init__(self) -> None:
        self.on = 0.0

    def boot_seconds(self) -> float:
        return super().boot_seconds() + self.on

    def now(self):
        return super().now() + timedelta(seconds=int(self.on))


@dataclass
class People:
    """The dashboard of a home, and who uses it."""

    dashboard: Dashboard
    clock: MovedClock
    application: object
    doctors: dict[str, str] = field(default_factory=dict)  # id by national number
    addresses: Iterator[int] = field(default_factory=count)
    operator: str = "one"  # who invites

    def browser(self, *, address: str = "") -> TestClient:
        """A browser that nobody has signed in with, at an address of its own. It follows no redirection."""
        address = address or f"198.51.100.{next(self.addresses) % 250 + 1}"
        return TestClient(self.application, base_url=ORIGIN, follow_redirects=False, client=(address, 50000))

    def invite(self, login: str, *roles: str, **links: str | None) -> str:
        """The token of a new account."""
        control = Control.open(self.dashboard.home, self.operator, self.clock)
        return acts.invite(control, login, roles, **links).token

    def open_account(self, login: str, *roles: str, **links: str | None) -> str:
        """An account with the password, by its id."""
        self.invite(login, *roles, **links)
        accounts = self.dashboard.accounts
        account_id = accounts.identify(login)
        accounts.set_password(account_id, digest_of(PASSWORD, login))
        return account_id

    def signed_in(self, login: str, *, password: str = PASSWORD) -> TestClient:
        """A browser in which this person has signed in."""
        browser = self.browser()
        answer = sign_in(browser, login, password)
        assert answer.status_code == 303, answer.text
        return browser


def token_in(page: str) -> str:
    """What the forms of a page carry."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert found is not None, page[:500]
    return found[1]


def sign_in(browser: TestClient, login: str, password: str = PASSWORD, **more: str):
    form = token_in(browser.get("/sign-in").text)
    return browser.post("/sign-in", data={"csrf": form, "login": login, "password": password, **more})


def _fields(clock: SystemClock) -> dict[str, Any]:
    """An instruction that nobody signed: its page waits for the second attestation."""
    keys = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(2)]
    return {
        "controllers": [{"role": "controller", "nihii": "11234578004", "name": "Dr Canary Wording"}],
        "processor": "Reprise", "purpose": "takeover", "source_system": "", "target_system": "Medinect",
        "kinds": ["patient_records"], "patients": {"mode": "all"}, "responsible": {"mode": "any"},
        "uses": {"inventory": 0, "rehearsal": 2, "migration": 1, "delta": 0},
        "recipients": [{"role": role, "age": key} for role, key in zip(("practice", "recovery"), keys, strict=True)], "destination": "/nowhere/of/canary",
        "custody": {"source": {"holder": "doctor", "until": None}, "package": {"holder": "doctor", "until": None}},
        "valid_from": format_utc(clock.now()), "valid_until": format_utc(clock.now() + timedelta(days=30)),
        "staging_deadline_hours": 48, "ceilings": {"degraded_permille": 10, "quarantined_permille": 10}, "language": "nl",
    }  # fmt: skip


def make_people(folder: Path) -> People:
    """Make the home and its accounts: one for each role, named like it; the doctor's is about the first doctor."""
    home, clock = Home(folder / "home"), MovedClock()
    create_home(home, trial=True, origin="test.example/log")
    for operator in ("one", "two"):
        enrol_operator(home, operator)
    for inss, name in DOCTORS.items():
        nihii = "11234578004" if inss.startswith("85") else "10000107004"
        enrol_doctor(home, inss=inss, nihii=(nihii,), name=name, attested_by=("one", "two"), basis="trial")
    subjects = Subjects(home)
    by_name = {subjects.read(one).name: one for one in subjects.ids()}
    ids = {inss: by_name[name] for inss, name in DOCTORS.items()}
    authorisations = (OWN_AUTHORISATION, OTHER_AUTHORISATION)
    for run, authorisation, doctor in zip((OWN, OTHER), authorisations, ids.values(), strict=True):
        page = {"instruction.json": draft(_fields(clock)), "scan.png": b"\x89PNG\r\n\x1a\n"}
        register = InstructionRegister(home, None, authorisation)
        pend(register, doctor, (doctor,), page, find_operator(home, "one"), clock.now())
        new_lease(
            home, clock, run_id=run, subject_id=doctor, persons=(doctor,), authorisation_id=authorisation, use="rehearsal", hours=72,
            provider="memory", partial=home.staging / run / "parts", operator_id="o", ledger_start=0, order_id=None,
        )  # fmt: skip
    dashboard = make_dashboard(home, ORIGIN, clock)
    people = People(dashboard, clock, make_application(dashboard), ids)
    people.open_account("engineer", Role.ENGINEER, operator="one")
    people.open_account("administrator", Role.ADMINISTRATOR, operator="two")
    people.open_account("auditor", Role.AUDITOR)
    people.open_account("officer", Role.OFFICER)
    people.open_account("doctor", Role.DOCTOR, doctor=ids["85073003328"])
    return people
