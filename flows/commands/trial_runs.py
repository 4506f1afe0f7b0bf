"""A trial home for the dashboard: runs that ended in several ways, one that waits for a person, an invitation for each role."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from flows.admin import accounts
from flows.engine import run as engine
from flows.lifecycle.run_views import list_runs
from flows.session.control import Control
from flows.session.observer import NoObserver
from flows.session.orders import Order
from flows.session.sources import register_source
from flows.views.names import doctors
from schemas.roles import Role
from schemas.steps import Counts
from trial.home import OPERATORS, make_trial
from trial.practice.write import write_practice
from vault.home_folder import Home
from vault.system.clock import SystemClock

_KILLED_AFTER = "check"
SECOND = "engineer-2"
"""Approves what the first engineer proposes."""


class _Dies(NoObserver):
    """Kills the run's process after a step, as a power cut does."""

    def step(self, step: str, counts: Counts) -> None:  # noqa: ARG002 - the protocol's
        if step == _KILLED_AFTER:
            os.kill(os.getpid(), signal.SIGKILL)


def make_trial_runs(folder: Path, patients: int) -> Home:
    """Make a practice and its runs: rehearsed, published, abandoned, and interrupted by the death of its process."""
    write_practice(folder / "export", patients=patients)
    made = make_trial(folder, folder / "export")
    home = Home(Path(made["home"]))
    rehearsal, migration = (
        Order(made["source"], made["authorisation"], use, to, "keyring", OPERATORS[0])
        for use, to in (("rehearsal", None), ("migration", made["destination"]))
    )
    engine.start(home, rehearsal, NoObserver())
    engine.start(home, migration, NoObserver())
    _interrupt(home, rehearsal)
    engine.abandon(home, list_runs(home)[-1].run_id, OPERATORS[0])
    _interrupt(home, rehearsal)
    register_source(home, made["source"], SystemClock())
    return home


def invite_each_role(home: Home, origin: str) -> dict[str, str]:
    """Make an account for each role, named like it, and one for a second engineer; return the one-time links by account."""
    control = Control.open(home, OPERATORS[0])
    doctor = doctors(control)[0]
    links = {}
    for role in Role:
        operator = OPERATORS[0] if role in (Role.ENGINEER, Role.ADMINISTRATOR) else None
        about = doctor if role is Role.DOCTOR else None
        made = accounts.invite(control, role.value, (role.value,), operator=operator, doctor=about)
        links[role.value] = f"{origin}/invitation?token={made.token}"
    second = accounts.invite(control, SECOND, (Role.ENGINEER.value,), operator=OPERATORS[1])
    return {**links, SECOND: f"{origin}/invitation?token={second.token}"}


def _interrupt(home: Home, order: Order) -> None:
    child = os.fork()
    if child == 0:
        try:
            engine.start(home, order, _Dies())
        finally:
            os._exit(1)
    os.waitpid(child, 0)
