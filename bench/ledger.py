"""What the ledger costs, as ratios in one run: `python bench/ledger.py [LARGE]`, LARGE entries (a million).

Ten entries appended (each durable and under a signed head) beside ten bare fsyncs; checking one entry's proof from a
large log beside one from a log of a thousand.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vault.ledger.entries import EntryType, Ledger, commit
from vault.ledger.log import FileLedger
from vault.system.clock import SystemClock
from vault.verify import Key, check_entry

BY = {"operator": commit(b"a", "b", "c", b"d")}
ENTRY = b'{"at":"2026-01-01T00:00:00Z","c":{},"code":"x","n":{},"runId":null,"seq":%d,"type":"run.red","v":1}'


def median(act: Callable[[], object], times: int) -> float:
    """Median seconds of one call."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        act()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def a_log(folder: Path, size: int) -> Ledger:
    """A log of this size."""
    ledger = Ledger(FileLedger(folder, "bench.example/log", Ed25519PrivateKey.generate()), SystemClock())
    ledger.store.append(0, [ENTRY % (n + 1) for n in range(size)])
    return ledger


def append_ten(ledger: Ledger) -> None:
    """A run's ten entries, one by one as a run writes them."""
    for _ in range(10):
        ledger.record(EntryType.AUTHORISATION_REFUSED, None, "x", commitments=BY)


def fsync_ten(path: Path) -> None:
    """Ten small writes, each made durable."""
    with path.open("ab") as stream:
        for _ in range(10):
            stream.write(b"x" * 300)
            stream.flush()
            os.fsync(stream.fileno())


def checking(ledger: Ledger) -> Callable[[], object]:
    """Check the proof of an entry in the middle."""
    index = ledger.store.head().size // 2
    proof, checkpoint, key = ledger.prove(index), ledger.store.checkpoint(), Key(ledger.store.vkey)
    (entry,) = ledger.store.read(index, index + 1)
    return lambda: check_entry(index, entry, proof, checkpoint, key)


def main(large: int) -> None:
    """Print the ratios."""
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        small, big = a_log(folder / "small", 1000), a_log(folder / "big", large)
        bare = median(lambda: fsync_ten(folder / "bare"), 15)
        for size, ledger in ((1000, small), (large, big)):
            print(
                f"ten appends to {size:,} entries: {median(lambda log=ledger: append_ten(log), 9) / bare:.1f} x ten bare fsyncs"
            )
        ratio = median(checking(big), 300) / median(checking(small), 300)
        print(f"checking a proof from {large:,} entries: {ratio:.2f} x one from 1,000")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
