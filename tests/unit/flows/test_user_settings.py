"""The file of settings of a user: two names, used where nothing else is said, and never one that others can write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.commands import shared
from flows.session.user_settings import PLACE, UserSettings, user_settings
from schemas.errors import HomeError


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / PLACE
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_text('home = "/srv/home"\noperator = "anna"\n')
    path.chmod(0o600)
    return path


def test_both_names(file, tmp_path):
    assert user_settings(tmp_path) == UserSettings(Path("/srv/home"), "anna")


def test_without_a_file_there_are_none(tmp_path):
    assert user_settings(tmp_path) == UserSettings()
    assert user_settings(tmp_path / "none") == UserSettings()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('home = "/srv/home"\nkeys = "memory"\n', "user_setting_unknown"),
        ('home = "srv/home"\n', "user_settings_malformed"),
        ("home = 1\n", "user_settings_malformed"),
        ('operator = ["anna"]\n', "user_settings_malformed"),
        ("home =\n", "user_settings_malformed"),
        (b"\xff", "user_settings_malformed"),
    ],
)
def test_what_it_may_not_say(file, tmp_path, text, code):
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(HomeError, match=code):
        user_settings(tmp_path)


@pytest.mark.parametrize(
    ("of", "mode"), [("file", 0o620), ("file", 0o602), ("folder", 0o770), ("folder", 0o707)]
)
def test_one_that_others_can_write_is_refused(file, tmp_path, of, mode):
    (file if of == "file" else file.parent).chmod(mode)
    with pytest.raises(HomeError, match="user_settings_unsafe"):
        user_settings(tmp_path)


def test_one_of_another_user_is_refused(file, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    if file.stat().st_uid == 0:
        pytest.skip("root's own file is trusted")
    with pytest.raises(HomeError, match="user_settings_unsafe"):
        user_settings(tmp_path)


def test_options_and_variables_come_first(monkeypatch, tmp_path):
    monkeypatch.setattr(shared, "user_settings", lambda: UserSettings(tmp_path / "file", "file"))
    monkeypatch.setenv("REPRISE_OPERATOR", "variable")
    assert shared.operator_name("option") == "option"
    assert shared.operator_name(None) == "variable"
    monkeypatch.delenv("REPRISE_OPERATOR")
    assert shared.operator_name(None) == "file"
    for name in ("file", "variable", "option"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "site.toml").touch()
    monkeypatch.setenv("REPRISE_HOME", str(tmp_path / "variable"))
    assert shared.home_to_examine(tmp_path / "option").path.name == "option"
    assert shared.home_to_examine(None).path.name == "variable"
    monkeypatch.delenv("REPRISE_HOME")
    assert shared.home_to_examine(None).path.name == "file"
