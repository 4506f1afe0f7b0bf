"""Memory stays flat: a large attachment, many folders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = r"""
import base64, hashlib, sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
from inventory_case import KEY, HEADER, PATIENT, item, transaction
from connectors.base import Batch, Limits, SourceFile
from connectors.inventory.delivered.chart import DeliveredChart
from connectors.inventory.registry import counter_for

FRONT = ("<kmehrmessage>" + HEADER).encode()
BACK = b"</kmehrmessage>"
line = base64.b64encode(bytes(range(256)) * 3)[:-4] + b"\n"
folder = ("<folder><id S='ID-KMEHR'>1</id>" + PATIENT + "{}</folder>")
head, tail = folder.format(transaction("note", "<lnk TYPE='multimedia'>@</lnk>")).encode().split(b"@")
many = folder.format(transaction(body=item() * 5)).encode()

def big():
    yield FRONT + head
    for _ in range(1800):
        yield line * 75  # 77 kB, 138 MB in all: over 100 MiB decoded
    yield tail + BACK

def folders():
    yield FRONT
    for _ in range(6000):
        yield many
    yield BACK

class Stream:
    def __init__(self, pieces): self.pieces, self.rest = pieces, b""
    def read(self, size):
        while len(self.rest) < size:
            piece = next(self.pieces, None)
            if piece is None: break
            self.rest += piece
        out, self.rest = self.rest[:size], self.rest[size:]
        return out
    def __enter__(self): return self
    def __exit__(self, *_): return None

def rss():  # ru_maxrss would begin with the peak of the test session that started us
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024

make = {"big": big, "folders": folders}[sys.argv[3]]
size = sum(map(len, make()))
tiny = FRONT + many + BACK
for _ in counter_for("kmehr").count(SourceFile(1, len(tiny), lambda: Stream(iter([tiny]))), 1, KEY, Limits()):
    pass  # pyarrow loads pandas (50 MiB) with the first batch: that is no growth
before = rss()
if sys.argv[4] == "source":
    batches = 0
    for piece in counter_for("kmehr").count(SourceFile(1, size, lambda: Stream(make())), 1, KEY, Limits()):
        if isinstance(piece, Batch):
            batches += 1
            assert piece.rows.num_rows <= 10_000
    assert piece.size == size and batches >= 2
else:
    chart = DeliveredChart(KEY, "run")
    for piece in make(): chart.feed(piece)
    assert chart.close().problems in ([], ["not_one_folder"])
print(size >> 20, rss() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("what", "side"), [("big", "source"), ("big", "delivered"), ("folders", "source")])
def test_memory(what, side, capsys):
    here = Path(__file__).resolve()
    run = [sys.executable, "-c", SCRIPT, str(here.parents[4]), str(here.parent), what, side]
    done = subprocess.run(
        run, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": "0"}
    )
    size, grown = map(int, done.stdout.split())
    with capsys.disabled():
        print(f" [{what} {side}: {size} MiB read, {grown} MiB grown]", end="")
    assert size >= 8  # enough to show growth: the rows alone of so much would exceed the bound
    assert grown < 30
