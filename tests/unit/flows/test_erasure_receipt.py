"""The receipt of an erasure: for its owner alone, and in the place of nothing."""

from __future__ import annotations

import os
import stat

import pytest

from flows.commands.people import _new_receipt
from schemas.errors import TargetRefusedError


def test_it_is_its_owner_s_alone(tmp_path):
    refused_before = tmp_path / "empty.json"
    refused_before.touch(mode=0o644)
    for path in (tmp_path / "new.json", refused_before):
        with _new_receipt(path) as file:
            file.write("{}")
        assert (stat.S_IMODE(path.stat().st_mode), path.read_text()) == (0o600, "{}")


def test_it_replaces_nothing(tmp_path):
    kept = tmp_path / "kept.json"
    kept.write_text("an earlier receipt")
    (tmp_path / "link.json").symlink_to(kept)
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(TargetRefusedError, match="receipt_exists"):
        _new_receipt(kept)
    for name in ("link.json", "pipe.json"):
        with pytest.raises(OSError):
            _new_receipt(tmp_path / name)
    assert kept.read_text() == "an earlier receipt"
