"""The registers of a home: a record is opened under its own name in its own register, whole, or not at all."""

from __future__ import annotations

import pytest

from schemas.errors import IntegrityError
from schemas.record import Record
from vault.home.create import create_home
from vault.home_folder import Home
from vault.records.sealed_records import SealedRecords


class Note(Record, frozen=True):
    text: str


class Longer(Record, frozen=True):
    text: str
    more: int


@pytest.fixture
def home(tmp_path) -> Home:
    home = Home(tmp_path / "home")
    create_home(home, trial=True, origin="test.example/log")
    return home


@pytest.fixture
def notes(home) -> SealedRecords[Note]:
    return SealedRecords(home, home.path / "notes", "note", Note)


def test_without_a_folder_there_is_nothing(notes):
    assert (notes.names(), notes.readable(), notes.unreadable()) == ([], [], 0)
    assert "a" not in notes
    notes.drop("a")
    assert notes.read_or_none("a") is None
    with pytest.raises(OSError, match="No such file"):
        notes.read("a")


def test_records_are_written_replaced_listed_and_dropped(notes, home):
    notes.add("b", Note("kanarie"))
    notes.write("a", Note("first"))
    notes.write("a", Note("second"))
    with pytest.raises(FileExistsError):
        notes.add("b", Note("another"))
    (home.path / "notes" / ".c.tmp").write_bytes(b"what a crash left")
    assert (notes.names(), notes.readable()) == (["a", "b"], [Note("second"), Note("kanarie")])
    assert all(
        path.stat().st_mode & 0o777 == 0o600 for path in (home.path / "notes").iterdir() if path.name in "ab"
    )
    assert b"kanarie" not in (home.path / "notes" / "b").read_bytes()
    notes.drop("a", "b")
    assert notes.names() == []


def test_a_name_that_leads_elsewhere_is_none(notes):
    notes.write("a", Note("x"))
    assert "a" in notes
    assert not any(name in notes for name in ("../site.toml", "../notes/a", "", ".", "b"))


def test_what_is_altered_moved_or_of_another_kind_is_counted_and_not_shown(notes, home):
    for name in ("a", "b", "c", "d"):
        notes.write(name, Note(name))
    folder = home.path / "notes"
    (folder / "a").write_bytes((folder / "b").read_bytes())
    data = bytearray((folder / "c").read_bytes())
    data[-1] ^= 1
    (folder / "c").write_bytes(bytes(data))
    SealedRecords(home, folder, "note", Longer).write("e", Longer("e", 1))
    SealedRecords(home, folder, "other", Note).write("f", Note("f"))
    assert notes.readable() == [Note("b"), Note("d")]
    assert notes.unreadable() == 4
    for name in ("a", "c", "e", "f"):
        with pytest.raises(IntegrityError, match="sealed_record_altered"):
            notes.read(name)
