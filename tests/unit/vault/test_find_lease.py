"""A run is named by its id, by the beginning of it where no other begins alike, or by its folder."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from schemas.errors import UnreadableSourceError
from vault.home_folder import Home
from vault.runs.lease import LEASE, Lease, find_lease


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    for run in ("1234abcd", "1234abff", "9999", "99990000"):
        (tmp_path / "runs" / run).mkdir(parents=True)
        (tmp_path / "runs" / run / LEASE).touch()
    monkeypatch.setattr(Lease, "load", lambda _, run: SimpleNamespace(run_id=run))
    return tmp_path


@pytest.mark.parametrize(
    ("named", "run"),
    [
        ("1234abcd", "1234abcd"),
        ("1234abc", "1234abcd"),
        ("9999", "9999"),
        ("99990", "99990000"),
        ("/x/runs/1234abff", "1234abff"),
    ],
)
def test_named(home, named, run):
    assert find_lease(Home(home), named).run_id == run


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("1234ab", "run_ambiguous"),
        ("123", "no_such_run"),
        ("5555", "no_such_run"),
        ("", "no_such_run"),
        ("..", "no_such_run"),
        ("*", "no_such_run"),
    ],
)
def test_nothing_or_several(home, named, code):
    with pytest.raises(UnreadableSourceError, match=code):
        find_lease(Home(home), named)
