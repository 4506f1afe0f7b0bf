"""Appends under fire: system calls that fail or never return, and four writers at once.

Whatever happened, the next append finds a whole log that holds everything that was ever acknowledged.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vault.home.create import create_home
from vault.home_folder import Home
from vault.ledger.audit import audit
from vault.ledger.entries import EntryType, Ledger, commit
from vault.ledger.home_log import load_log_key
from vault.ledger.log import FileLedger
from vault.ledger.notes import VerifierKey
from vault.system.clock import SystemClock

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests/faults/appending.py"
CALLS = ("fsync", "rename", "write", "unlink", "openat", "mkdir")
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")
ALL = bool(os.environ.get("REPRISE_ALL_FAULTS"))
TIMES = range(1, 41) if ALL else (1, 2, 3, 4, 5, 6, 9)
ENTRY = (
    b'{"at":"2026-01-01T00:00:00Z","c":{},"code":"%d","n":{},"runId":null,"seq":%d,"type":"run.red","v":1}'
)
pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path) -> Path:
    create_home(Home(tmp_path), trial=True, origin="test.example/log")
    return tmp_path


def open_ledger(home: Path) -> Ledger:
    return Ledger(FileLedger(home / "ledger", "test.example/log", load_log_key(Home(home))), SystemClock())


def append(home: Path, count: int, *before: str) -> subprocess.Popen[bytes]:
    words = [*before, sys.executable, str(SCRIPT), str(home), str(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL)


def codes(home: Path) -> list[str]:
    store = open_ledger(home).store
    entries = [json.loads(entry) for entry in store.read(0, store.head().size)]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    return [entry["code"] for entry in entries]


def acknowledged(home: Path) -> list[str]:
    path = home / "acknowledged"
    return path.read_text().splitlines() if path.is_file() else []


def faults(home: Path) -> list[str]:
    ledger = open_ledger(home)
    return audit(home / "ledger", VerifierKey.parse(ledger.store.vkey), SystemClock().now())


def require_whole(home: Path, size_before: int) -> None:
    ledger = open_ledger(home)
    assert ledger.store.head().size >= size_before, "a head was replaced by a smaller one"
    by = {"operator": commit(b"a", "b", "c", b"d")}
    ledger.record(EntryType.AUTHORISATION_REFUSED, None, "after", commitments=by)
    found = codes(home)
    assert found[-1] == "after"
    assert len(found) == len(set(found)), "an entry was recorded twice"
    assert set(acknowledged(home)) <= set(found), "an acknowledged entry was lost"
    assert faults(home) == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace: system calls are not made to fail")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_a_system_call_that_fails_or_never_returns(tmp_path, call, fault):
    cases = hurt = 0
    for nth in TIMES:
        home = tmp_path / f"{nth}"
        create_home(Home(home), trial=True, origin="test.example/log")
        open_ledger(home).store.append(0, [ENTRY % (n, n + 1) for n in range(254)])
        for name in ("tile/0/000.p/255", "tile/entries/000.p/255"):  # an earlier crash left these
            (home / "ledger" / name).write_bytes(b"never recorded")
        names = {"rename": "rename,renameat,renameat2", "unlink": "unlink,unlinkat", "mkdir": "mkdir,mkdirat"}
        calls = names.get(call, call)
        paths = [word for path in (home / "ledger", home / "ledger/.writing") for word in ("-P", str(path))]
        paths = paths if call in ("openat", "write") else []  # else Python's own start would be hit
        inject = f"inject={calls}:{fault}:when={nth}"
        append(
            home, 5, "strace", "-f", "-qq", "-o", "/dev/null", *paths, "-e", f"trace={calls}", "-e", inject
        ).wait(60)
        require_whole(home, 254)
        cases, hurt = cases + 1, hurt + (len(acknowledged(home)) < 5)
    assert hurt, "the fault was never met"
    print(f"{cases} cases of {call} {fault}, {hurt} met: none left the log broken")


def test_two_hundred_appends_from_four_processes(home):
    writers = [append(home, 50) for _ in range(4)]
    assert [writer.wait(120) for writer in writers] == [0] * 4
    assert len(codes(home)) == len(set(codes(home))) == 200
    assert sorted(acknowledged(home)) == sorted(codes(home))
    assert faults(home) == []
