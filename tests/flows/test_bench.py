"""The small form of the bench: our whole way may not cost more than its limit, as a ratio in one run (bench/compare.py)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMPARE = Path(__file__).resolve().parents[2] / "bench" / "compare.py"


@pytest.mark.slow
def test_the_whole_way_stays_within_its_limit(tmp_path):
    words = [sys.executable, COMPARE, "small", tmp_path / "result"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    found = json.loads((tmp_path / "result.json").read_text())
    ways = found["shapes"]["ordinary"]["ways"]
    assert ways["F"]["times_F"] > 0 and ways["ours"]["times_F"] > ways["iterparse"]["times_F"]
    assert (tmp_path / "result.svg").read_text().startswith("<svg")
