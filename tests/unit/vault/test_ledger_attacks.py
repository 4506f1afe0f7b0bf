"""Whoever holds the ledger's files, against whoever audits it: each change shows, by its code."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.errors import ForkError, LedgerError
from vault.canonical_json import canonical_json
from vault.ledger.audit import audit
from vault.ledger.entries import EntryType, Ledger, commit
from vault.ledger.log import FileLedger
from vault.ledger.notes import Checkpoint, VerifierKey, open_note
from vault.system.clock import SystemClock

KEY = Ed25519PrivateKey.generate()
NOW = datetime(2026, 6, 1, tzinfo=UTC)
BY = {"operator": commit(b"a", "b", "c", b"d")}
DEADLINE = 2_000_000_000


def open_log(folder: Path, key: Ed25519PrivateKey = KEY) -> Ledger:
    return Ledger(FileLedger(folder, "test.example/log", key), SystemClock())


def record(ledger: Ledger, run: str, *types: EntryType) -> None:
    for kind in types:
        counts = {"deadline_s": DEADLINE} if kind is EntryType.RUN_STARTED else {}
        ledger.record(kind, run, "x", commitments=BY, counts=counts)


WHOLE = (
    EntryType.AUTHORISATION_CHECKED,
    EntryType.RUN_STARTED,
    EntryType.DESTRUCTION_STARTED,
    EntryType.DESTRUCTION_COMPLETED,
)


@pytest.fixture
def log(tmp_path) -> Path:
    folder = tmp_path / "log"
    for run in ("r1", "r2"):
        record(open_log(folder), run, *WHOLE)
    assert faults(folder) == []
    return folder


def faults(folder: Path, *heads: Checkpoint, now: datetime = NOW) -> list[str]:
    return audit(folder, VerifierKey.parse(open_log(folder).store.vkey), now, heads)


def head_of(folder: Path) -> Checkpoint:
    return open_log(folder).store.head()


def rebuilt(folder: Path, entries: list[bytes]) -> Path:
    """A log of these entries, signed with the true key: what its holder can always make."""
    forged = folder.with_name("forged")
    open_log(forged).store.append(0, entries)
    return forged


def entries_of(folder: Path) -> list[bytes]:
    return open_log(folder).store.read(0, 99)


def test_an_edited_entry(log):
    path = log / "tile/entries/000.p/8"
    path.write_bytes(path.read_bytes().replace(b'"code":"x"', b'"code":"y"', 1))
    assert faults(log) == ["root_differs"]


def test_an_edited_entry_of_an_older_bundle(log):
    path = log / "tile/entries/000.p/3"
    path.write_bytes(path.read_bytes().replace(b'"code":"x"', b'"code":"y"', 1))
    assert faults(log) == ["tile_differs"]


@pytest.mark.parametrize("name", ["tile/0/000.p/8", "tile/entries/000.p/8", "checkpoint"])
def test_a_removed_file(log, name):
    (log / name).unlink()
    assert faults(log)


def test_an_added_file(log):
    (log / "tile/0/notes.txt").write_text("x")
    assert faults(log) == ["unknown_file"]


def test_a_file_changed_into_a_link(log):
    path = log / "tile/0/000.p/8"
    shutil.copy(path, log.parent / "copy")
    path.unlink()
    path.symlink_to(log.parent / "copy")
    assert "unknown_file" in faults(log)


def test_an_older_checkpoint_put_back(log):
    old = (log / "checkpoint").read_bytes()
    record(open_log(log), "r3", *WHOLE[:2])
    (log / "checkpoint").write_bytes(old)
    assert "checkpoint_older_than_log" in faults(log)
    with pytest.raises(ForkError, match="checkpoint_older_than_log"):
        head_of(log)


def test_the_whole_log_rolled_back_shows_to_whoever_kept_a_head(log, tmp_path):
    shutil.copytree(log, tmp_path / "backup")
    record(open_log(log), "r3", *WHOLE)
    kept = head_of(log)
    assert faults(log, kept) == []
    shutil.rmtree(log)
    shutil.copytree(tmp_path / "backup", log)
    assert faults(log) == [], "nobody can see it from the log alone"
    assert faults(log, kept) == ["log_shorter_than_head"]


def test_a_log_that_is_gone_shows_to_whoever_kept_a_head(log):
    kept = head_of(log)
    shutil.rmtree(log)
    assert faults(log, kept) == ["log_shorter_than_head"]


@pytest.mark.parametrize("change", ["edit", "delete", "reorder"])
def test_a_fork_signed_with_the_true_key_shows_to_whoever_kept_a_head(log, change):
    kept = head_of(log)
    entries = entries_of(log)
    if change == "delete":
        entries = [e for e in entries if b'"r1"' not in e]
        entries = [canonical_json({**json.loads(e), "seq": n}) for n, e in enumerate(entries, 1)]
    elif change == "reorder":
        entries[2], entries[3] = entries[3], entries[2]
    else:
        entries[0] = entries[0].replace(b'"x"', b'"y"')
    record(open_log(rebuilt(log, entries)), "r9", *WHOLE)
    found = faults(log.with_name("forged"), kept)
    assert "log_differs_from_head" in found


def test_a_run_left_out_shows_in_the_numbers(log):
    entries = [e for e in entries_of(log) if b'"r1"' not in e]
    entries = [canonical_json({**json.loads(e), "seq": n}) for n, e in enumerate(entries, 1)]
    assert "run_number_gap" in faults(rebuilt(log, entries))


def test_two_views_of_one_log_cannot_both_be_extended(log, tmp_path):
    """The split view: two holders were shown different runs; the heads they kept tell."""
    shutil.copytree(log, tmp_path / "other")
    record(open_log(log), "left", *WHOLE)
    record(open_log(tmp_path / "other"), "right", *WHOLE)
    heads = head_of(log), head_of(tmp_path / "other")
    assert faults(log, *heads) == faults(tmp_path / "other", *heads) == ["log_differs_from_head"]


@pytest.mark.parametrize(
    ("types", "code"),
    [
        ((EntryType.RUN_STARTED,), "run_without_authorisation"),
        ((*WHOLE, EntryType.DESTRUCTION_COMPLETED), "destroyed_twice"),
        ((*WHOLE, EntryType.RUN_DELIVERED), "run_goes_on_after_its_end"),
        ((*WHOLE[:2], EntryType.RUN_STARTED), "started_twice"),
        ((EntryType.AUTHORISATION_CHECKED, EntryType.DESTRUCTION_COMPLETED), "run_without_start"),
    ],
)
def test_stories_that_cannot_be(log, types, code):
    record(open_log(log), "r3", *types)
    assert code in faults(log)


def test_a_run_without_an_end_has_until_its_deadline(log):
    record(open_log(log), "r3", *WHOLE[:2])
    assert faults(log) == []
    later = datetime.fromtimestamp(DEADLINE + 1, UTC)
    assert faults(log, now=later) == ["run_overdue"]


def test_another_key_signs_the_same_log(log):
    other = open_log(log.with_name("other"), Ed25519PrivateKey.generate())
    other.store.append(0, entries_of(log))
    with pytest.raises(LedgerError):
        open_note(
            (log.with_name("other") / "checkpoint").read_bytes(), VerifierKey.parse(open_log(log).store.vkey)
        )


def test_nothing_is_appended_to_tiles_that_were_changed(log):
    for name in ("tile/0/000.p/8", "tile/entries/000.p/8"):
        data = (log / name).read_bytes()
        (log / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        with pytest.raises(LedgerError):
            record(open_log(log), "r3", EntryType.AUTHORISATION_CHECKED)
        (log / name).write_bytes(data)
    record(open_log(log), "r3", EntryType.AUTHORISATION_CHECKED)
    assert faults(log) == []
