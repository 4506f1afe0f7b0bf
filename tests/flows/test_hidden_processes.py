"""On a /proc that hides processes (hidepid), a data process is ended at its deadline, and nothing is certified beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.whole_run import WholeRun

from trial.practice.write import write_practice

SCRIPT = Path(__file__).with_name("hidden_run.py")
HIDE = """set -e
mount --make-rprivate /
mount -t proc -o hidepid=2,gid=54321 proc /proc
exec setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace "$@"
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"),
        reason="only root may mount a /proc of its own",
    ),
]


def test_a_data_process_out_of_sight_is_ended_and_never_taken_for_ended(tmp_path):
    write_practice(tmp_path / "export", patients=1)
    case = WholeRun(tmp_path / "trial", tmp_path / "export")
    plan = json.dumps({"home": str(case.home), "order": case.order().to_json()})
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", HIDE, "sh", sys.executable, str(SCRIPT), plan],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-1500:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["before"] == {"in_proc": False, "ended": False, "owner": True}
    assert seen["destroyed_beside_it"]["processEnded"] is False
    assert seen["swept"] == {"incomplete": 1, "certified": False}, (
        "its control process, which stands still, holds the run"
    )
    assert seen["after"]["ended"] is True
    assert seen["swept_again"] == {"incomplete": 0, "certified": True}
    case.nothing_left()
