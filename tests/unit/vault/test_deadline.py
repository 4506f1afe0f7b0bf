"""Which clock decides how long a lease lives."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.moving_clock import MovingClock

from vault.system.deadline import seconds_left

HOURS = 72
SECONDS = HOURS * 3600


class Lease:
    """What a lease notes of time."""

    def __init__(self, clock: MovingClock) -> None:
        self.terms = {
            "created": clock.now(),
            "deadline": clock.now() + timedelta(hours=HOURS),
            "boot_id": clock.boot_id(),
            "boot_deadline": clock.boot_seconds() + SECONDS,
        }

    def left(self, clock: MovingClock, *, this_machine: bool = True) -> int:
        return seconds_left(clock, **self.terms, this_machine=this_machine)


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


def near(seconds: float) -> object:
    return pytest.approx(seconds, abs=3)


@given(jumps=st.lists(st.integers(-10 * 8766, 10 * 8766), max_size=5), passed=st.integers(0, 100))
@settings(max_examples=200, deadline=None)
def test_within_a_boot_no_jump_of_the_wall_clock_moves_the_deadline(jumps, passed):
    clock = MovingClock()
    lease = Lease(clock)
    for hours in jumps:
        clock.set_wall(hours=hours)
    clock.pass_time(hours=passed)
    assert lease.left(clock) == near((HOURS - passed) * 3600)


def test_a_jump_forward_that_the_kernel_vouches_for_ends_it(clock):
    lease = Lease(clock)
    clock.set_wall(days=30)
    assert lease.left(clock) == near(SECONDS)
    clock.trusted = True
    assert lease.left(clock) < 0


def test_a_synchronised_clock_set_back_does_not_lengthen(clock):
    lease = Lease(clock)
    clock.trusted = True
    clock.set_wall(days=-30)
    clock.pass_time(hours=71)
    assert lease.left(clock) == near(3600)


def test_after_a_boot_the_wall_clock_decides_and_the_boot_clock_bounds_it(clock):
    lease = Lease(clock)
    clock.pass_time(hours=10)
    clock.reboot()
    assert lease.left(clock) == near(62 * 3600)
    clock.set_wall(days=-365)
    assert lease.left(clock) == near(SECONDS), "no longer than it was given"
    clock.pass_time(hours=72)
    assert lease.left(clock) <= 0, "though the wall clock says a year ago"


def test_on_another_machine_only_the_wall_clock_is_there(clock):
    lease = Lease(clock)
    clock.reboot()
    clock.pass_time(hours=71)
    clock.booted_at -= 1_000_000  # up for days before the lease was made
    assert lease.left(clock, this_machine=False) == near(3600)
    clock.pass_time(hours=2)
    assert lease.left(clock, this_machine=False) < 0
