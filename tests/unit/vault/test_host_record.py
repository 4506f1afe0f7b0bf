"""What a host remembers of a home: an older, shorter or other ledger is noticed, an honest one never is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows.admin.backup import Reason, accept_rollback
from flows.admin.erasure import erase_subject
from flows.retention.round import sweep_round
from flows.session.control import Control
from flows.views.status import home_state
from schemas.errors import ForkError, HomeError, RefusedError
from vault.home.create import create_home
from vault.home.host_record import HostRecord, record_folder
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.ledger.home_log import open_store
from vault.records.operators import enrol_operator
from vault.records.subjects import Subjects
from vault.records.tombstones import tombstone_name, tombstones, write_tombstone

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(params=[True, False], ids=["trial", "real"])
def home(tmp_path, request) -> Path:
    create_home(Home(tmp_path / "home"), trial=request.param, origin="test.example/log")
    for name in ("one", "two"):
        enrol_operator(Home(tmp_path / "home"), name)
    return tmp_path / "home"


def write(home: Path, count: int = 1, code: str = "access") -> None:
    for _ in range(count):
        Control.open(Home(home), "one").record(EntryType.SUBJECT_SHOWN, None, code)


def put_back(copy: Path, home: Path) -> None:
    shutil.rmtree(home)
    shutil.copytree(copy, home)


def rolled_back():
    return pytest.raises(ForkError, match="home_rolled_back")


def last_entry(home: Path) -> dict:
    store = open_store(Home(home))
    return json.loads(store.read(store.head().size - 1, store.head().size)[0])


def test_where_it_lies(home, host_state):
    write(home)
    folder = record_folder(Home(home))
    assert not folder.is_relative_to(home)
    assert (folder / "head.json").is_file()
    assert folder.parent == (home.parent if Home(home).site.trial else host_state)


def of_version_1(home: Path) -> None:
    """As the first release made it: without the setting."""
    lines = (home / "site.toml").read_text().splitlines(keepends=True)
    (home / "site.toml").write_text("".join(line for line in lines if not line.startswith("state = ")))


def test_where_that_of_version_1_lies(real, tmp_path, host_state, monkeypatch):
    of_version_1(real)
    assert record_folder(Home(real)).parent == host_state
    monkeypatch.delenv("REPRISE_STATE")
    monkeypatch.setattr("vault.home.host_record.SYSTEM", tmp_path / "nowhere" / "reprise")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert record_folder(Home(real)).parent == tmp_path / "xdg" / "reprise"
    is_dir = Path.is_dir

    def look(path: Path) -> bool:
        if path.is_relative_to(tmp_path / "nowhere"):
            raise PermissionError
        return is_dir(path)

    with monkeypatch.context() as of_another_user:
        of_another_user.setattr(Path, "is_dir", look)
        assert record_folder(Home(real)).parent == tmp_path / "xdg" / "reprise"


@pytest.fixture
def real(tmp_path) -> Path:
    create_home(Home(tmp_path / "real"), trial=False, origin="test.example/log")
    enrol_operator(Home(tmp_path / "real"), "one")
    return tmp_path / "real"


@pytest.mark.parametrize("version_1", [False, True])
def test_the_environment_does_not_move_the_record(real, tmp_path, monkeypatch, version_1):
    """Of version 1, a record in one of the usual places counts, wherever the environment points."""
    if version_1:
        of_version_1(real)
        monkeypatch.delenv("REPRISE_STATE")
        monkeypatch.setattr("vault.home.host_record.SYSTEM", tmp_path / "system" / "reprise")
        (tmp_path / "system").mkdir()
    write(real, 2)
    shutil.copytree(real, tmp_path / "old")
    write(real)
    put_back(tmp_path / "old", real)
    for name in ("REPRISE_STATE", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    with rolled_back():
        Control.open(Home(real), "one")


def test_a_home_without_its_record_is_refused_until_it_is_accepted(real):
    write(real, 2)
    record = record_folder(Home(real))
    shutil.rmtree(record)
    for opening in (lambda: Control.open(Home(real), "one"), lambda: home_state(Home(real))):
        with pytest.raises(ForkError, match="host_record_missing"):
            opening()
    sweep_round(Home(real))  # what is due goes all the same, and that is no acceptance
    with pytest.raises(ForkError, match="host_record_missing"):
        Control.open(Home(real), "one")
    accept_rollback(Home(real), "one", Reason.MOVED)
    assert (last_entry(real)["type"], last_entry(real)["code"]) == ("home.restored", "moved")
    assert json.loads((record / "head.json").read_bytes())["size"] == open_store(Home(real)).head().size
    write(real)


def test_a_home_is_not_made_where_its_host_cannot_keep_a_record(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REPRISE_STATE", str(tmp_path / "file"))
    with pytest.raises(HomeError, match="state_folder_unusable"):
        create_home(Home(tmp_path / "home"), trial=False, origin="test.example/log")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("lost", [1, 4])
def test_an_older_copy_opens_for_nothing_until_it_is_accepted(home, tmp_path, lost):
    write(home, 3)
    shutil.copytree(home, tmp_path / "old")
    write(home, lost)
    put_back(tmp_path / "old", home)
    for opening in (
        lambda: Control.open(Home(home), "one"),
        lambda: Control.open_to_look(Home(home)),
        lambda: sweep_round(Home(home)),
        lambda: home_state(Home(home)),
    ):
        with rolled_back():
            opening()
    found = accept_rollback(Home(home), "one", Reason.MISTAKE)
    assert (found["remembered"], found["found"], found["lost"]) == (3 + lost, 3, lost)
    entry = last_entry(home)
    assert (entry["type"], entry["code"], entry["n"]["lost"]) == ("home.restored", "mistake", lost)
    write(home)
    with pytest.raises(RefusedError, match="home_not_rolled_back"):
        accept_rollback(Home(home), "one", Reason.MISTAKE)


def test_a_ledger_that_went_on_otherwise_is_noticed_though_it_is_longer(home, tmp_path):
    write(home, 2)
    shutil.copytree(home, tmp_path / "old")
    write(home)
    record = record_folder(Home(home))
    shutil.copytree(record, tmp_path / "record")
    put_back(tmp_path / "old", home)
    shutil.rmtree(record)  # the other way went on where this host did not see it
    if not Home(home).site.trial:
        accept_rollback(Home(home), "one", Reason.RECORD_LOST)
    write(home, 5, "otherwise")
    shutil.rmtree(record)
    shutil.copytree(tmp_path / "record", record)
    with rolled_back():
        Control.open(Home(home), "one")


def test_a_home_put_back_as_it_was_and_one_that_grew_unseen_are_no_rollback(home, tmp_path):
    write(home, 2)
    shutil.copytree(home, tmp_path / "same")
    put_back(tmp_path / "same", home)
    record = record_folder(Home(home))
    before = (record / "head.json").read_bytes()
    write(home, 3)
    (record / "head.json").write_bytes(before)  # killed between entry and memory, three times
    write(home)
    assert json.loads((record / "head.json").read_bytes())["size"] == 6


def test_four_writers_at_once_never_make_a_rollback(home):
    script = (
        "import sys; from pathlib import Path; from vault.home_folder import Home; from flows.session.control import Control; from vault.ledger.entries import EntryType\n"
        "for _ in range(6): Control.open(Home(Path(sys.argv[1])), 'one').record(EntryType.SUBJECT_SHOWN, None, 'access')"
    )
    command = [sys.executable, "-c", script, str(home)]
    writers = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(4)]
    assert [(w.wait(), w.stderr.read()) for w in writers] == [(0, b"")] * 4
    record = record_folder(Home(home))
    assert json.loads((record / "head.json").read_bytes())["size"] == open_store(Home(home)).head().size == 24


def test_a_copy_on_a_host_without_memory_is_told_and_is_no_error(home, tmp_path):
    """Of a trial, and of a home of version 1."""
    of_version_1(home)
    assert not home_state(Home(home)).new_here, "a new home has no history"
    write(home)
    shutil.rmtree(record_folder(Home(home)))
    assert home_state(Home(home)).new_here
    write(home)
    assert not home_state(Home(home)).new_here


def test_a_malformed_record_is_a_coded_refusal(home):
    write(home)
    (record_folder(Home(home)) / "head.json").write_bytes(b'{"size": 1}')
    with pytest.raises(Exception, match="host_record_malformed"):
        Control.open(Home(home), "one")


def two(home: Path) -> str:
    return Subjects(Home(home)).identify("operator", "two")


def test_a_record_put_back_is_erased_again_and_a_person_enrolled_anew_is_not(home, tmp_path):
    shutil.copytree(home / "subjects" / two(home), tmp_path / "record")
    erase_subject(Control.open(Home(home), "one"), two(home))
    assert two(home) not in Subjects(Home(home)).ids()
    shutil.copytree(tmp_path / "record", home / "subjects" / two(home))
    sweep_round(Home(home))
    assert two(home) not in Subjects(Home(home)).ids()
    assert (last_entry(home)["code"], last_entry(home)["n"]["subjects"]) == ("found_again", 1)
    size = open_store(Home(home)).head().size
    enrol_operator(Home(home), "two")
    sweep_round(Home(home))
    assert Subjects(Home(home)).read(two(home)) is not None
    assert open_store(Home(home)).head().size == size, "nothing was found, nothing is told"


@pytest.mark.parametrize("half", [False, True])
def test_an_erasure_cut_short_is_finished_by_the_sweep(home, half):
    write_tombstone(Home(home), tombstone_name(Home(home), two(home)))
    if half:
        (home / "subjects" / two(home) / "key").unlink()
    sweep_round(Home(home))
    assert two(home) not in Subjects(Home(home)).ids()


def test_an_erasure_that_the_older_copy_does_not_know_is_done_again(home, tmp_path):
    write(home)
    shutil.copytree(home, tmp_path / "old")
    erase_subject(Control.open(Home(home), "one"), two(home))
    put_back(tmp_path / "old", home)
    assert tombstones(Home(home)) == frozenset()
    assert Subjects(Home(home)).read(two(home)) is not None
    assert accept_rollback(Home(home), "one", Reason.SNAPSHOT_RESTORED)["subjects"] == 1
    assert two(home) not in Subjects(Home(home)).ids()
    assert last_entry(home)["n"]["subjects"] == 1


def test_a_line_torn_by_a_crash_is_none_and_does_not_spoil_the_next(home):
    record = HostRecord.of(Home(home))
    record.note_gone("destroyed", "run-1")
    with (record_folder(Home(home)) / "gone").open("a") as lines:
        lines.write("destroyed run-")
    assert record.gone("destroyed") == {"run-1"}
    record.note_gone("destroyed", "run-2")
    assert record.gone("destroyed") == {"run-1", "run-2"}


@pytest.mark.parametrize("kind", ["pipe", "deep"])
def test_a_record_that_cannot_be_read_is_told_and_not_waited_for(tmp_path, kind):
    if kind == "pipe":
        os.mkfifo(tmp_path / "head.json")
    else:
        (tmp_path / "head.json").write_bytes(b"[" * 100_000)
    assert HostRecord(tmp_path).malformed()
