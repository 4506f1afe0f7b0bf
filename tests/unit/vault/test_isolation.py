"""A language or a time zone that is a path is foreign: what it leads to would be read."""

from __future__ import annotations

import pytest

from vault.system.child_process import child_environment
from vault.system.isolation import _is_kept


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("LANGUAGE", "../../../tmp/x", False),
        ("LANGUAGE", "fr:en", True),
        ("LANG", "/tmp/x", False),
        ("LC_ALL", "nl_BE.UTF-8", True),
        ("LC_MESSAGES", "a/b", False),
        ("TZ", ":/tmp/x", False),
        ("TZ", "/tmp/x", False),
        ("TZ", "../../../tmp/x", False),
        ("TZ", "Europe/Brussels", True),
    ],
)
def test_a_path_is_not_kept(monkeypatch, name, value, kept):
    assert _is_kept(name, value) is kept
    monkeypatch.setenv(name, value)
    assert child_environment().get(name, "") in (("", value) if kept else ("",))
