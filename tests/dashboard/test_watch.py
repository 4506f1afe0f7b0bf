"""Beside the server: somebody is told that the sweep is late although no sweep runs."""

from __future__ import annotations

import threading

import pytest

from dashboard import watch
from flows.notices.due import late_sweep
from vault.destruction.heartbeat import beat
from vault.home.create import create_home
from vault.home_folder import Home
from vault.system.clock import SystemClock


class LaterClock(SystemClock):
    """An hour later than it is."""

    def boot_seconds(self) -> float:
        return super().boot_seconds() + 3600


@pytest.fixture
def told(monkeypatch):
    seen, first = [], threading.Event()

    def tell(home, clock, late) -> None:
        seen.append(late)
        first.set()

    monkeypatch.setattr(watch, "tell", tell)
    monkeypatch.setattr(watch, "EVERY_SECONDS", 0.01)
    return seen, first


def make_home(tmp_path, settings: str) -> Home:
    create_home(Home(tmp_path / "home"), trial=True, origin="test.example/log")
    with (tmp_path / "home/site.toml").open("a") as site:
        site.write(settings)
    home = Home(tmp_path / "home")
    beat(home, SystemClock(), {})
    return home


def test_a_late_sweep_is_told(tmp_path, told):
    home = make_home(tmp_path, '[[notices.to]]\nwebhook = "http://127.0.0.1:9/"\n')
    seen, first = told
    stop = watch.start_watch(home, LaterClock())
    assert first.wait(30)
    stop.set()
    assert seen[0] == late_sweep(home, LaterClock())


def test_without_recipients_nobody_watches(tmp_path, told):
    home = make_home(tmp_path, "")
    before = threading.active_count()
    watch.start_watch(home, LaterClock())
    assert threading.active_count() == before
