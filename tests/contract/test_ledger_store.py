"""What a ledger store promises: append only, gapless, provable, and never two heads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.errors import ForkError
from vault.home.create import create_home
from vault.home_folder import Home
from vault.ledger.audit import audit
from vault.ledger.entries import EntryType, Ledger, commit
from vault.ledger.home_log import load_log_key
from vault.ledger.log import FileLedger
from vault.ledger.merkle import leaf_hash, root_hash
from vault.ledger.notes import VerifierKey
from vault.system.clock import SystemClock

ROOT = Path(__file__).resolve().parents[2]
WRITER = (
    "import sys; from pathlib import Path; from vault.home_folder import Home; from vault.system.clock import SystemClock; "
    "from vault.ledger.entries import *; from vault.ledger.home_log import load_log_key; from vault.ledger.log import FileLedger; h=Path(sys.argv[1]); "
    "l=Ledger(FileLedger(h/'ledger','test.example/log',load_log_key(Home(h))),SystemClock()); "
    "[l.record(EntryType.AUTHORISATION_REFUSED,None,'x',commitments={'operator':commit(b'a','b','c',b'd')}) for _ in range(int(sys.argv[2]))]"
)


@pytest.fixture
def store(tmp_path) -> FileLedger:
    return FileLedger(tmp_path / "ledger", "test.example/log", Ed25519PrivateKey.generate())


def test_there_is_no_update_and_no_delete(store):
    assert not [
        name for name in dir(store) if any(word in name for word in ("update", "delete", "remove", "edit"))
    ]


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 520])
def test_what_was_appended_is_read_under_the_right_root(store, size):
    entries = [b'{"n":%d}' % n for n in range(size)]
    head = store.append(0, entries)
    assert (head.size, head.root) == (size, root_hash([leaf_hash(e) for e in entries]))
    assert store.read(0, size) == entries
    assert store.read(size - 1, size) == entries[-1:]
    assert store.head() == head


def test_a_writer_who_counts_wrong_is_refused(store):
    store.append(0, [b"1"])
    for expected in (0, 2):
        with pytest.raises(ForkError):
            store.append(expected, [b"2"])
    assert store.read(0, 9) == [b"1"]


def test_four_processes_leave_no_gap_and_no_fork(tmp_path):
    create_home(Home(tmp_path), trial=True, origin="test.example/log")
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), "15"], cwd=ROOT) for _ in range(4)
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 4
    store = FileLedger(tmp_path / "ledger", "test.example/log", load_log_key(Home(tmp_path)))
    entries = [json.loads(entry) for entry in store.read(0, store.head().size)]
    assert [entry["seq"] for entry in entries] == list(range(1, 61))
    assert audit(tmp_path / "ledger", VerifierKey.parse(store.vkey), SystemClock().now()) == []


def test_after_kill_9_in_the_middle_of_appending_the_log_is_whole(tmp_path):
    create_home(Home(tmp_path), trial=True, origin="test.example/log")
    store = FileLedger(tmp_path / "ledger", "test.example/log", load_log_key(Home(tmp_path)))
    ledger, size = Ledger(store, SystemClock()), 0
    for turn in range(8):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), "100000"], cwd=ROOT)
        try:
            writer.wait(timeout=0.7 + turn * 0.053)
        except subprocess.TimeoutExpired:
            writer.kill()
            writer.wait()
        ledger.record(
            EntryType.AUTHORISATION_REFUSED, None, "x", commitments={"operator": commit(b"a", "b", "c", b"d")}
        )
        assert store.head().size > size
        size = store.head().size
        assert audit(tmp_path / "ledger", VerifierKey.parse(store.vkey), SystemClock().now()) == []
