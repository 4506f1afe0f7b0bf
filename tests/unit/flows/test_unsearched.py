"""While a chart is written no cycles are searched for, and whatever comes of it they are again afterwards."""

from __future__ import annotations

import gc

import pytest

from flows.steps.deliver import unsearched


def test_the_search_goes_on_afterwards():
    with unsearched():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(KeyError), unsearched():
        raise KeyError
    assert gc.isenabled()


def test_a_search_that_was_off_stays_off():
    gc.disable()
    try:
        with unsearched():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
