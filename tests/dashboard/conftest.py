"""The people of the dashboard, made once a module: passwords take 64 MiB and a tenth of a second each."""

from __future__ import annotations

import pytest
from support.dashboard_people import People, make_people


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> People:
    return make_people(tmp_path_factory.mktemp("dashboard"))
