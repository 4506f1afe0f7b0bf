"""Sources that cannot be registered are refused with a code, whatever the file system says of them."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from flows.session.sources import list_sources, register_source
from schemas.errors import UnreadableSourceError
from vault.home.create import create_home
from vault.home_folder import Home
from vault.system.clock import SystemClock


@pytest.fixture
def home(tmp_path) -> Home:
    home = Home(tmp_path / "home")
    create_home(home, trial=True, origin="test.example/log")
    return home


def refusal(home: Home, path: str) -> str:
    with pytest.raises(UnreadableSourceError) as refused:
        register_source(home, path, SystemClock())
    assert list_sources(home) == []
    return refused.value.code


def test_a_path_that_is_no_path(home, tmp_path):
    (tmp_path / "round").symlink_to(tmp_path / "round")
    assert refusal(home, "export") == "source_not_absolute"
    assert refusal(home, str(tmp_path / "nothing")) == "source_missing"
    assert refusal(home, f"/{'x' * 300}") == "source_unreadable"
    assert refusal(home, "/with\0null") in ("source_unreadable", "source_missing")
    assert refusal(home, str(tmp_path / "round")) in ("source_unreadable", "source_missing")


def test_a_folder_that_this_user_may_not_enter(home, tmp_path, monkeypatch):
    closed, stat = tmp_path / "closed" / "export", Path.stat

    def closed_to_us(path: Path, **how):  # root, who may run these tests, may enter any folder
        if path == closed:
            raise PermissionError(errno.EACCES, "closed", str(path))
        return stat(path, **how)

    monkeypatch.setattr(Path, "stat", closed_to_us)
    assert refusal(home, str(closed)) == "source_unreadable"
