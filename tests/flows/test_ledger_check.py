"""`reprise ledger check`, `open` and defects, on the command line: each attack ends with its exit code, and no traceback."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.admin import ledger
from flows.cli import app
from flows.session.control import Control
from vault.age.sealing import make_identity
from vault.home.create import create_home
from vault.home_folder import Home
from vault.ledger.entries import EntryType, Ledger, commit
from vault.ledger.home_log import open_store
from vault.records.operators import enrol_operator
from vault.system.clock import SystemClock

BY = {"operator": commit(b"a", "b", "c", b"d")}
RUN = (
    EntryType.AUTHORISATION_CHECKED,
    EntryType.RUN_STARTED,
    EntryType.DESTRUCTION_STARTED,
    EntryType.DESTRUCTION_COMPLETED,
)


def record(home: Path, run: str, *types: EntryType) -> Path:
    """Write the entries; gives a copy of the head after them."""
    ledger = Ledger(open_store(Home(home)), SystemClock())
    for kind in types:
        counts = {"deadline_s": 4_000_000_000} if kind is EntryType.RUN_STARTED else {}
        ledger.record(kind, run, "x", commitments=BY, counts=counts)
    kept = home.with_name(f"{run}.checkpoint")
    kept.write_bytes(ledger.store.checkpoint())
    return kept


@pytest.fixture
def home(tmp_path) -> Path:
    create_home(Home(tmp_path / "home"), trial=True, origin="test.example/log")
    record(tmp_path / "home", "r1", *RUN)
    return tmp_path / "home"


def checked(home: Path, *heads: Path) -> tuple[int, str]:
    words = [word for head in heads for word in ("--head", str(head))]
    return answered("ledger", "check", "--home", str(home), *words)


def answered(*words: str) -> tuple[int, str]:
    done: Result = CliRunner().invoke(app, [*words, "--json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), "a traceback"
    told = json.loads(done.stdout.splitlines()[-1])
    return done.exit_code, str(told.get("error", "ok"))


def test_a_whole_log(home):
    kept = record(home, "r2", *RUN)
    assert checked(home, kept, home.with_name("r1.checkpoint")) == (0, "ok")


def test_an_edited_log(home):
    path = home / "ledger/tile/entries/000.p/4"
    path.write_bytes(path.read_bytes().replace(b'"code":"x"', b'"code":"y"', 1))
    assert checked(home) == (90, "root_differs")


def test_a_home_rolled_back(home, tmp_path):
    shutil.copytree(home, tmp_path / "backup")
    kept = record(home, "r2", *RUN)
    shutil.rmtree(home)
    (tmp_path / "backup").rename(home)
    assert checked(home) == (0, "ok")
    assert checked(home, kept) == (90, "log_shorter_than_head")


def test_a_home_rolled_back_on_a_host_that_remembers_it(tmp_path):
    made = tmp_path / "made"
    create_home(Home(made), trial=True, origin="test.example/log")
    enrol_operator(Home(made), "one")
    Control.open(Home(made), "one").record(EntryType.SUBJECT_SHOWN, None, "access")
    shutil.copytree(made, tmp_path / "older")
    Control.open(Home(made), "one").record(EntryType.SUBJECT_SHOWN, None, "access")
    assert checked(made) == (0, "ok")
    shutil.rmtree(made)
    (tmp_path / "older").rename(made)
    assert checked(made) == (90, "home_rolled_back")


def test_two_views(home, tmp_path):
    shutil.copytree(home, tmp_path / "other")
    left, right = record(home, "left", *RUN), record(tmp_path / "other", "right", *RUN)
    assert (
        checked(home, left, right)
        == checked(tmp_path / "other", left, right)
        == (90, "log_differs_from_head")
    )


def test_a_head_that_is_none(home, tmp_path):
    (tmp_path / "head").write_bytes(b"\xff\n\n")
    assert checked(home, tmp_path / "head") == (91, "note_malformed")


def test_a_package_with_a_manifest_that_is_none(tmp_path):
    (tmp_path / "manifest.json").write_bytes(b'{"parts":"\xff"}')
    (tmp_path / "identity").write_text(make_identity()[0])
    words = ("open", str(tmp_path), "--identity", str(tmp_path / "identity"), "--into", str(tmp_path / "in"))
    assert answered(*words) == (61, "manifest_malformed")


def test_a_policy_that_is_no_text(tmp_path):
    (tmp_path / "policy").write_bytes(b"\xff")
    assert answered("verify", str(tmp_path), "--policy", str(tmp_path / "policy")) == (
        93,
        "policy_unreadable",
    )


def test_a_defect_of_ours_shows_no_traceback(home, monkeypatch):
    """Whatever a library raises that nobody foresaw: its name, and nothing of its text."""

    def failing(*_: object) -> None:
        raise ZeroDivisionError("85.07.30-033.28")

    monkeypatch.setattr(ledger, "open_store", failing)
    done = CliRunner().invoke(app, ["ledger", "check", "--home", str(home), "--json"])
    assert json.loads(done.stdout.splitlines()[-1])["error"] == "internal_ZeroDivisionError"
    assert done.exit_code == 1
    assert "033" not in done.output
