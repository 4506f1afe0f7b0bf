"""Accounts: what several programs change at once is all kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from schemas.roles import Role, Scope
from vault.accounts.account import Accounts
from vault.home.create import create_home
from vault.home_folder import Home
from vault.system.clock import SystemClock

AT_ONCE = 8


@pytest.fixture
def home(tmp_path) -> Home:
    home = Home(tmp_path / "home")
    create_home(home, trial=True, origin="test.example/log")
    return home


def at_once(act) -> list:
    """What the act returns for each number, all begun at the same moment."""
    barrier = Barrier(AT_ONCE)

    def begin(number: int):
        barrier.wait()
        return act(number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(begin, range(AT_ONCE)))


def test_tokens_that_are_made_and_ended_at_once_are_all_kept_and_all_ended(home):
    account, _ = Accounts(home).invite("auditor", (Role.AUDITOR,), SystemClock().now())

    def add(number: int) -> str:
        made = Accounts(home).add_token(account.id, f"t{number}", (Scope.RUNS,), 1, SystemClock().now())
        return made[0].id

    made = at_once(add)
    kept = Accounts(home).get(account.id)
    assert kept is not None
    assert {one.id for one in kept.tokens} == set(made)
    at_once(lambda number: Accounts(home).drop_token(account.id, made[number]))
    left = Accounts(home).get(account.id)
    assert left is not None
    assert left.tokens == ()


def test_each_change_that_ends_sessions_counts(home):
    account, _ = Accounts(home).invite("auditor", (Role.AUDITOR,), SystemClock().now())
    at_once(lambda number: Accounts(home).set_password(account.id, f"digest {number}"))
    found = Accounts(home).get(account.id)
    assert found is not None
    assert found.epoch == account.epoch + AT_ONCE
