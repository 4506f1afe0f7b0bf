"""When the wall clock is believed, where believing it wrongly cannot be undone."""

from __future__ import annotations

import pytest
from support.moving_clock import MovingClock

from vault.destruction.trusted_time import TrustedTime
from vault.home_folder import Home


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


def believed(tmp_path, clock: MovingClock) -> bool:
    return TrustedTime(Home(tmp_path), clock).now() is not None


def test_a_jump_is_not_believed_until_the_clock_is_synchronised(tmp_path, clock):
    assert believed(tmp_path, clock)
    clock.set_wall(days=300)
    assert not believed(tmp_path, clock)
    clock.pass_time(hours=5)
    assert not believed(tmp_path, clock), "waiting does not make it true"
    clock.trusted = True
    assert believed(tmp_path, clock)
    clock.trusted = False
    assert believed(tmp_path, clock), "it is now what later moments are held against"


def test_a_jump_is_believed_on_an_operator_s_word(tmp_path, clock):
    assert believed(tmp_path, clock)
    clock.set_wall(days=-300)
    assert not believed(tmp_path, clock)
    TrustedTime(Home(tmp_path), clock).confirm()
    assert believed(tmp_path, clock)


@pytest.mark.parametrize(("moved", "expected"), [(50, True), (70, False), (-50, True), (-70, False)])
def test_the_bound_within_a_boot(tmp_path, clock, moved, expected):
    assert believed(tmp_path, clock)
    clock.set_wall(minutes=moved)
    assert believed(tmp_path, clock) is expected


@pytest.mark.parametrize(("days_off", "expected"), [(0, True), (6, True), (8, False), (-1, False)])
def test_the_bound_across_a_boot(tmp_path, clock, days_off, expected):
    assert believed(tmp_path, clock)
    clock.reboot()
    clock.set_wall(days=days_off)
    assert believed(tmp_path, clock) is expected


def test_time_that_passes_is_believed(tmp_path, clock):
    assert believed(tmp_path, clock)
    for _ in range(3):
        clock.pass_time(days=100)
        assert believed(tmp_path, clock)
