"""Clocks that jump and deadlines that pass while a run is carried."""

from __future__ import annotations

import threading

import pytest
from msgspec.structs import replace
from support.moving_clock import MovingClock
from support.whole_run import WholeRun

from flows.engine import _watchdog
from flows.engine import run as engine
from flows.engine._ipc import DataLink
from flows.retention._sweep import sweep_home
from flows.session.observer import NoObserver
from schemas.errors import (
    DeadlineError,
    KeyUnavailableError,
)
from vault.home_folder import Home
from vault.runs.lease import list_runs

pytestmark = pytest.mark.slow


@pytest.fixture
def guard_ended_it(monkeypatch) -> threading.Event:
    """Set once the guard, which looks often here, has ended the data process."""
    ended, real = threading.Event(), DataLink.end_now

    def end_now(link: DataLink) -> None:
        real(link)
        ended.set()

    monkeypatch.setattr(_watchdog, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(DataLink, "end_now", end_now)
    return ended


class JumpingWatch(NoObserver):
    """Moves the clock when a step is done."""

    def __init__(self, clock: MovingClock, **moves: dict[str, float]) -> None:
        self._clock, self._moves = clock, moves

    def step(self, step: str, counts: dict) -> None:
        self._clock.set_wall(**self._moves.get(step, {}))


def test_a_wall_clock_that_jumps_by_years_during_a_run_ends_nothing_early(practice, tmp_path):
    case, clock = WholeRun(tmp_path / "trial", practice), MovingClock()
    observer = JumpingWatch(
        clock,
        inventory={"days": 5 * 365},
        extract={"days": -10 * 365},
        transform={"hours": 100},
        plan={"hours": -3},
    )
    result = engine.start(Home(case.home), case.order(), observer, clock=clock)
    assert result.state == "certified"
    assert case.content()


def test_a_run_is_ended_at_its_deadline_by_the_boot_clock_though_the_wall_clock_was_set_back(
    practice, tmp_path, guard_ended_it
):
    case, clock = WholeRun(tmp_path / "trial", practice), MovingClock()

    class Late(NoObserver):
        def step(self, step: str, counts: dict) -> None:
            if step == "extract":
                clock.set_wall(days=-1000)
                clock.pass_time(hours=73)
                assert guard_ended_it.wait(60)

    with pytest.raises(DeadlineError, match="deadline_passed"):
        engine.start(Home(case.home), case.order(), Late(), clock=clock)
    assert not case.content()
    case.nothing_left()


def test_a_deadline_is_frozen_at_the_lease(crashed, monkeypatch):
    """Neither a raised nor a lowered ceiling of the site moves the deadline of a run that has begun."""
    lease = list_runs(Home(crashed.home))[-1]
    settings = crashed.home / "site.toml"
    for hours in ("1", "7000"):
        settings.write_text(settings.read_text().replace("ceiling_hours = 72", f"ceiling_hours = {hours}"))
        assert list_runs(Home(crashed.home))[-1].deadline == lease.deadline
        assert sweep_home(Home(crashed.home)).resumable == 1
        settings.write_text(settings.read_text().replace(f"ceiling_hours = {hours}", "ceiling_hours = 72"))
    assert replace(lease) == list_runs(Home(crashed.home))[-1]


def test_a_run_that_had_published_is_certified_as_published_after_its_deadline(practice, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart({"who": "control", "at": "step", "name": "publish"})
    delivered = case.content()
    assert delivered
    clock = MovingClock()
    clock.pass_time(hours=73)
    result = engine.resume(Home(case.home), case.run_id, "trial", NoObserver(), clock=clock)
    assert result.state == "certified"
    told = case.told()
    assert told["destruction"]["cause"] == "published"
    assert case.content() == delivered
    case.nothing_left()


def test_a_data_process_that_dies_when_all_was_told_changes_nothing(practice, tmp_path, monkeypatch):
    case, clock, results = WholeRun(tmp_path / "trial", practice), MovingClock(), engine.supervise

    def carry_and_die(*arguments) -> None:
        results(*arguments)
        clock.pass_time(hours=73)
        raise KeyUnavailableError("data_process_died")

    monkeypatch.setattr(engine, "supervise", carry_and_die)
    result = engine.start(Home(case.home), case.order(), NoObserver(), clock=clock)
    assert result.state == "certified"
    told = case.told()
    assert told["destruction"]["cause"] == "published"
    assert case.content()
    case.nothing_left()


def test_a_guard_that_cannot_see_any_more_ends_the_run_which_can_be_resumed(
    practice, tmp_path, monkeypatch, guard_ended_it
):
    case = WholeRun(tmp_path / "trial", practice)

    class Blind(NoObserver):
        def step(self, step: str, counts: dict) -> None:
            if step == "extract":
                monkeypatch.setattr("flows.engine._watchdog.is_withdrawn", lambda home, reference: 1 / 0)
                assert guard_ended_it.wait(60)

    with pytest.raises(ZeroDivisionError):
        case.start(Blind())
    assert not case.content()
    monkeypatch.undo()
    assert case.resume().state == "certified"
    case.nothing_left()
