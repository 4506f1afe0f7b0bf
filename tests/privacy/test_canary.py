"""The canary patient appears nowhere outside sealed bytes: at no step, on no way, after no provoked error."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import canary
import pytest
from support.whole_run import WholeRun

from trial.practice.write import write_practice
from vault.home_folder import Home
from vault.runs.lease import list_runs

HERE = Path(__file__).parent
ALL = {
    "authorise", "lease", "inventory", "extract", "check", "match", "transform", "plan", "deliver", "reconcile",
    "publish", "destroy", "certify",
}  # fmt: skip
pytestmark = pytest.mark.slow


def run(case: WholeRun, folder: Path, way: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "tmp").mkdir()
    settings = {
        "TMPDIR": str(folder / "tmp"),
        "HOME": str(folder / "user"),
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "PYTHONPATH": os.pathsep.join(map(str, (HERE.parents[1], HERE.parent, HERE, HERE.parent / "faults"))),
        **environment,
    }
    return subprocess.run(
        [sys.executable, HERE / "canary_run.py", way, str(folder), json.dumps(case.order().to_json())],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **settings},
        timeout=600,
    )


@pytest.fixture
def case(shared, tmp_path):
    source = canary.write_practice(tmp_path / "export", shared)
    watched = tmp_path / "watched"
    watched.mkdir()
    return WholeRun(watched / "trial", source), watched


def test_the_search_finds_what_it_must(shared, tmp_path, case):
    source = tmp_path / "export"
    assert canary.traces(source)[0], "in the export itself"
    made, _ = case
    made.start()
    assert any(canary.holds_canary(data) for data in made.content().values()), (
        "in what was delivered, once opened"
    )
    for hidden in canary.encodings(canary.SENTENCE):
        assert canary.holds_canary(b"x" + hidden + b"y")


@pytest.mark.parametrize("way", ["direct", pytest.param("prefect", marks=pytest.mark.service)])
def test_at_every_arrow_nothing(case, way):
    made, folder = case
    done = run(made, folder, way)
    assert done.returncode == 0, done.stderr[-2000:]
    seen = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"step"')]
    assert {line["step"] for line in seen} == ALL
    assert all(line["files"] > 20 for line in seen)
    assert [line for line in seen if line["found"]] == []
    assert not canary.holds_canary((done.stdout + done.stderr).encode())
    assert canary.traces(folder)[0] == []
    assert (folder / "debug.log").stat().st_size > 0
    if way == "prefect":
        assert (folder / "trial" / "home" / "prefect" / "prefect.db").stat().st_size > 100_000


@pytest.mark.parametrize("way", ["direct", pytest.param("prefect", marks=pytest.mark.service)])
def test_a_crash_in_the_middle_of_a_record_says_nothing(case, way):
    """The writer raises an error whose text is the whole chart."""
    made, folder = case
    done = run(made, folder, way, REPRISE_MUTANT="writer:raise:.")
    assert done.returncode != 0
    assert "internal" in done.stderr
    assert not canary.holds_canary((done.stdout + done.stderr).encode())
    assert canary.traces(folder)[0] == []


@pytest.mark.parametrize("mutant", [None, "writer:raise:."])
def test_workers_say_nothing(tmp_path, mutant):
    """A practice of canaries that several processes share; one of them crashes in the middle of a record."""
    write_practice(tmp_path / "export", patients=14)
    (source,) = (tmp_path / "export").iterdir()
    text = source.read_text()
    for name, needle in (("firstname", canary.GIVEN), ("familyname", canary.NAME)):
        text = re.sub(rf"(<patient>.*?<{name}>)[^<]*", rf"\g<1>{needle}", text)
    source.write_text(re.sub(r"(<text L=.fr.>)[^<]*", rf"\g<1>{canary.SENTENCE}", text))
    watched = tmp_path / "watched"
    watched.mkdir()
    made = WholeRun(watched / "trial", tmp_path / "export")
    site = made.home / "site.toml"
    site.write_text(f"workers = 2\n{site.read_text()}")
    done = run(made, watched, "direct", **({"REPRISE_MUTANT": mutant} if mutant else {}))
    assert (done.returncode == 0) is (mutant is None), done.stderr[-2000:]
    assert list_runs(Home(made.home))[-1].data_processes == 3
    assert ("internal" in done.stderr) is (mutant is not None)
    assert mutant or sum(map(canary.holds_canary, made.content().values())) >= 14
    assert not canary.holds_canary((done.stdout + done.stderr).encode())
    assert canary.traces(watched)[0] == []
