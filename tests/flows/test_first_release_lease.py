"""A run that the first release began: its sealed parts grew beside the destination, and its lease says where."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.whole_run import WholeRun

from flows.engine import run as engine
from schemas.errors import KeyUnavailableError
from vault.home_folder import Home
from vault.runs.lease import list_runs, partial_name, parts_folder


def of_the_first_release(case: WholeRun) -> Path:
    """Put the parts of a run that was killed where the first release let them grow; gives their folder."""
    (lease,) = list_runs(Home(case.home))
    beside = case.destination / partial_name(lease.run_id)
    parts = parts_folder(Path(lease.staging))
    if parts.is_dir():
        shutil.move(parts, beside)
    else:
        beside.mkdir(mode=0o700)
        (beside / "part-0001.zip.age").write_bytes(b"cut short")
    lease.update(Home(case.home), partial=str(beside))
    return beside


def test_resumed_it_seals_its_parts_again_and_leaves_nothing_beside_them(practice, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart({"who": "control", "at": "step", "name": "reconcile"})
    beside = of_the_first_release(case)
    (forged,) = beside.glob("part-*")
    forged.write_bytes(b"age-encryption.org/v1\nforged by who may write there\n" * 100)
    assert case.resume().state == "certified"
    assert not beside.exists()
    assert case.content(), "what was delivered opens: it is not what lay there"
    case.nothing_left()


def test_what_another_program_staged_is_not_resumed_but_abandoned(practice, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart({"who": "control", "at": "step", "name": "extract"})
    journal = case.home / "runs" / case.run_id / "journal.jsonl"
    whole = journal.read_text()
    lines = [json.loads(line) for line in whole.splitlines()]
    for other in ({"program": "0" * 64}, {}):  # another source; a release that did not say which it was
        written = [{k: v for k, v in line.items() if k != "program"} | other for line in lines]
        journal.write_text("".join(json.dumps(line) + "\n" for line in written))
        with pytest.raises(KeyUnavailableError) as refused:
            case.resume()
        assert refused.value.code == "run_of_another_program"
    assert engine.abandon(Home(case.home), case.run_id, "trial").state == "certified"
    case.nothing_left()


def test_abandoned_it_takes_its_folder_with_it(crashed):
    beside = of_the_first_release(crashed)
    assert engine.abandon(Home(crashed.home), crashed.run_id, "trial").state == "certified"
    assert not beside.exists()
    crashed.nothing_left()
