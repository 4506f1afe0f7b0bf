"""The way of an order from `start` to its proof: it calls downward only, and what steers it stays within few files."""

from __future__ import annotations

import pytest
from support.journey import travel

pytestmark = pytest.mark.slow


def test_an_order_s_way_leads_downward_through_few_files(tmp_path):
    journey = travel(tmp_path)
    assert "flows/lifecycle/proof.py" in journey.entered
    assert journey.upward == {}
    assert len(journey.files_of("flows")) <= 24
