"""Orders that wait: listed, cancelled, and made with paths that hold from anywhere."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from flows.session import orders
from flows.session.orders import Order, cancel_order, list_orders, load_order, save_order
from schemas.errors import BusyError, UnreadableSourceError
from vault.home.create import create_home
from vault.home_folder import Home

ORDER = Order("/exports/a", "/a/authorisation.json", "migration", "/out", "keyring", "anna")


@pytest.fixture
def home(tmp_path):
    create_home(Home(tmp_path / "home"), trial=True, origin="trial.example/orders")
    return tmp_path / "home"


def test_they_are_listed_oldest_first_and_lie_sealed(home):
    assert list_orders(Home(home)) == []
    one, two = (
        save_order(Home(home), ORDER),
        save_order(Home(home), ORDER.changed(use="rehearsal", destination=None)),
    )
    os.utime(home / "orders" / two, (1_000_000_000, 1_000_000_000))
    found = list_orders(Home(home))
    assert [order["order"] for order in found] == [two, one]
    assert found[0]["made"] == "2001-09-09T01:46:40Z"
    assert (found[1]["source"], found[1]["destination"], found[1]["run"]) == ("/exports/a", "/out", None)
    assert b"/exports/a" not in (home / "orders" / one).read_bytes()


def test_one_is_cancelled_and_the_other_stays(home):
    one, two = save_order(Home(home), ORDER), save_order(Home(home), ORDER)
    cancel_order(Home(home), one)
    assert [order["order"] for order in list_orders(Home(home))] == [two]
    for gone in (one, "none", "../site.toml"):
        with pytest.raises(UnreadableSourceError, match="no_such_order"):
            cancel_order(Home(home), gone)


def test_one_whose_run_goes_on_is_not_cancelled(home, monkeypatch):
    order_id = save_order(Home(home), ORDER)
    lease = SimpleNamespace(order_id=order_id, run_id="a-run")
    monkeypatch.setattr(orders, "readable_runs", lambda _: ([lease], []))
    assert list_orders(Home(home))[0]["run"] == "a-run"
    with pytest.raises(BusyError, match="order_has_a_run"):
        cancel_order(Home(home), order_id)
    assert load_order(Home(home), order_id) == ORDER
