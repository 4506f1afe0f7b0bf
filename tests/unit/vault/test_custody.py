"""Copies the operator holds: registered without being read, destroyed and checked, never another file in their place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vault.destruction import held_copies as module
from vault.destruction.held_copies import CopyEvidence, CopyKind, CustodyRegister, HeldCopy
from vault.home.create import create_home
from vault.home_folder import Home

UNTIL = "2030-01-01T00:00:00Z"
CANARY = b"Zzcanary Unique"


@pytest.fixture
def register(tmp_path) -> CustodyRegister:
    create_home(Home(tmp_path / "home"), trial=True, origin="test.example/log")
    return CustodyRegister(Home(tmp_path / "home"))


@pytest.fixture
def export(tmp_path) -> Path:
    folder = tmp_path / "export Zzcanary"
    (folder / "deep/er").mkdir(parents=True)
    for name in ("a.xml", "deep/b.xml", "deep/er/c.xml"):
        (folder / name).write_bytes(CANARY * 1000)
    return folder


def hold(register: CustodyRegister, root: Path) -> HeldCopy:
    return register.register(CopyKind.SOURCE, root, authorisation_id="a1", run_id=None, until=UNTIL)


def test_a_copy_is_destroyed_with_its_folders_and_leaves_the_register(register, export):
    held = hold(register, export)
    assert register.held() == [held]
    end = register.destroy(held)
    assert (end.files, end.bytes, end.complete, end.exceptions) == (3, 3 * len(CANARY) * 1000, True, {})
    assert end.evidence is CopyEvidence.OVERWRITTEN
    assert not export.exists()
    assert register.destroy(*register.held()) == end, "again: the same"
    register.drop(held)
    assert register.held() == []


def test_the_bytes_are_overwritten_before_the_name_goes(register, export, monkeypatch):
    kept = os.open(export / "a.xml", os.O_RDONLY)
    register.destroy(hold(register, export))
    assert os.read(kept, 10**6).count(0) == len(CANARY) * 1000
    os.close(kept)


def test_what_changed_since_is_left_and_said(register, export):
    held = hold(register, export)
    (export / "a.xml").write_bytes(b"a new export under the old name")
    (export / "new.xml").write_bytes(b"not registered")
    end = register.destroy(held)
    assert (end.complete, end.exceptions, end.files) == (False, {"changed_since": 1}, 2)
    assert sorted(p.name for p in export.iterdir()) == ["a.xml", "new.xml"]


def test_a_link_is_removed_and_what_it_names_is_left(register, export, tmp_path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"another's")
    (export / "link").symlink_to(outside)
    (export / "folder").symlink_to(tmp_path)
    end = register.destroy(hold(register, export))
    assert end.complete
    assert outside.read_bytes() == b"another's"
    assert not export.exists()


def test_another_name_of_a_file_weakens_the_end(register, export, tmp_path):
    os.link(export / "a.xml", tmp_path / "other name")
    end = register.destroy(hold(register, export))
    assert (end.complete, end.exceptions) == (True, {"other_names_remain": 1})
    assert CANARY not in (tmp_path / "other name").read_bytes()


def test_a_crash_between_overwriting_and_unlinking_is_finished(register, export, monkeypatch):
    held = hold(register, export)
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "unlink", lambda *_, **__: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            register.destroy(held)
    (again,) = register.held()
    assert again.ending
    assert register.destroy(again).complete
    assert not export.exists()


@pytest.mark.parametrize("moment", ["lstat", "open"])
def test_a_folder_exchanged_for_a_link_leads_to_no_other_file(
    register, export, tmp_path, monkeypatch, moment
):
    """Whoever may rename the folder of a copy puts a link in its place between the look at a file and its destruction."""
    victim = tmp_path / "victim"
    victim.mkdir()
    held = hold(register, export)
    for file in held.files:
        (victim / Path(file.path).name).write_bytes(b"mine")
    real, swapped = getattr(os, moment), []

    def and_then_exchanged(*arguments, **named):
        found = real(*arguments, **named)
        if not swapped and (named.get("dir_fd") is not None or arguments[0] == export):
            swapped.append(export.rename(tmp_path / "stolen"))
            export.symlink_to(victim)
        return found

    monkeypatch.setattr(module.os, moment, and_then_exchanged)
    register.destroy(held)
    assert swapped
    assert {path.read_bytes() for path in victim.iterdir()} == {b"mine"}


def test_a_file_that_cannot_be_removed_is_said(register, export, monkeypatch):
    held = hold(register, export)
    monkeypatch.setattr(module.os, "unlink", lambda *_, **__: (_ for _ in ()).throw(PermissionError))
    end = register.destroy(held)
    assert (end.complete, end.exceptions) == (False, {"not_removed": 3})


def test_the_register_names_nobody_in_clear(register, export, tmp_path):
    hold(register, export)
    for path in (tmp_path / "home").rglob("*"):
        assert b"Zzcanary" not in str(path).encode()
        assert path.is_dir() or b"Zzcanary" not in path.read_bytes()


def test_time_is_shortened_never_lengthened(register, export):
    held = hold(register, export)
    register.end_at(held, "2040-01-01T00:00:00Z")
    assert register.held() == [held]
    register.end_at(held, "2026-01-01T00:00:00Z")
    assert register.held()[0].until == "2026-01-01T00:00:00Z"
    register.drop(held)
    register.end_at(held, "2025-01-01T00:00:00Z")
    assert register.held() == [], "what ended meanwhile does not come back"


def test_what_a_person_removed_after_we_failed_is_not_said_to_be_overwritten(register, export, monkeypatch):
    held = hold(register, export)
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "unlink", lambda *_, **__: (_ for _ in ()).throw(PermissionError))
        register.destroy(held)
    for path in [p for p in export.rglob("*") if p.is_file()]:
        path.unlink()
    (again,) = register.held()
    end = register.destroy(again)
    assert (end.complete, end.files, end.exceptions) == (True, 0, {"not_found": 3})


def test_a_file_changed_in_place_is_seen_by_its_time_and_left_for_good(register, export):
    held = hold(register, export)
    path = export / "a.xml"
    path.write_bytes(b"?" * path.stat().st_size)
    os.utime(path, ns=(0, 0))
    assert register.destroy(held).exceptions == {"changed_since": 1}
    (again,) = register.held()
    assert register.destroy(again).exceptions == {"changed_since": 1}
    assert path.read_bytes().startswith(b"?")
    path.unlink()
    end = register.destroy(register.held()[0])
    assert (end.complete, end.exceptions["not_found"]) == (True, 1)
