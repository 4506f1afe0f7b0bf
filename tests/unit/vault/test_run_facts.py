"""The facts beside a lease and its journal: typed, and read as every release wrote them."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from schemas.errors import IntegrityError
from schemas.outcome import Cause
from schemas.record import dump
from vault.destruction.destroy import inventory_staging
from vault.home_folder import Home
from vault.proof.statements import inventory_file
from vault.runs.facts import (
    Fact,
    Failure,
    GivenUp,
    Heads,
    Intent,
    Report,
    Restored,
    StagedFile,
    Takeback,
    UseSettled,
    Verification,
    drop_fact,
    has_fact,
    read_fact,
    write_fact,
)
from vault.runs.journal import Journal
from vault.runs.lease import find_lease

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
FACTS: tuple[Fact, ...] = (
    Failure("cut_short", 30),
    GivenUp(Cause.ABANDONED),
    Restored("restored"),
    Intent([StagedFile("a", 1, "ab")], 2, Cause.DEADLINE, "ext4"),
    Takeback(left=1),
    Takeback(left=0, published=1),
    UseSettled("spent", "delivered"),
    Verification(True, True, False, True),
    Report({"cause": "published"}, "{}", {"parts": []}, {"result": "PASSED"}, 2),
    Heads(("a", "b")),
)


@pytest.fixture
def home(tmp_path) -> Home:
    (tmp_path / "runs/r").mkdir(parents=True)
    return Home(tmp_path)


def unpack(folder: Path, release: str) -> Home:
    with tarfile.open(VECTORS / release / "home.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return Home(folder / "home")


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_reads_back_and_can_be_dropped(home, fact):
    assert read_fact(home, "r", type(fact)) is None
    write_fact(home, "r", fact)
    assert has_fact(home, "r", type(fact)) and read_fact(home, "r", type(fact)) == fact
    drop_fact(home, "r", type(fact))
    assert not has_fact(home, "r", type(fact))


@pytest.mark.parametrize("damage", [b"", b"\xff", b"[]", b'{"a":1}', b'{"cause":"whim"}', b"[" * 100_000])
def test_a_damaged_fact_is_refused_by_its_run(home, damage):
    (home.run("r") / GivenUp.FILE).write_bytes(damage)
    with pytest.raises(IntegrityError) as refused:
        read_fact(home, "r", GivenUp)
    assert refused.value.code == "run_record_unreadable" and refused.value.facts["run"] == "r"


@pytest.mark.parametrize("release", ["release-1", "release-2"])
def test_every_fact_and_step_of_an_earlier_release_is_read_whole(tmp_path, release):
    home, kinds, steps = unpack(tmp_path, release), {type(fact) for fact in FACTS}, 0
    seen = set()
    for folder in home.runs.iterdir():
        for kind in kinds:
            if has_fact(home, folder.name, kind):
                fact, raw = read_fact(home, folder.name, kind), json.loads((folder / kind.FILE).read_bytes())
                assert fact is not None and json.loads(dump(fact)) == raw
                seen.add(kind)
        lines = (
            (folder / "journal.jsonl").read_bytes().splitlines()
            if (folder / "journal.jsonl").is_file()
            else []
        )
        read = Journal(home, folder.name).read()
        for line, entry in zip(lines, read, strict=True):
            raw = json.loads(line)
            assert (raw["arrow"], raw["at"], raw["counts"], raw.get("program")) == (
                entry.step,
                entry.at,
                entry.counts,
                entry.program,
            )
            steps += 1
    assert {Intent, Report, Heads} <= seen and steps > 10


def test_a_step_keeps_the_order_of_its_counts(home):
    Journal(home, "r").append("inventory", {"files": 1, "bytes": 2, "a": {"z": 1, "b": 2}})
    (entry,) = Journal(home, "r").read()
    assert list(entry.counts) == ["files", "bytes", "a"] and list(entry.counts["a"]) == ["z", "b"]


def test_a_damaged_journal_is_refused_by_its_run(home):
    (home.run("r") / "journal.jsonl").write_bytes(b'{"step":"extract","at":3,"counts":{}}\n')
    with pytest.raises(IntegrityError) as refused:
        Journal(home, "r").read()
    assert refused.value.code == "run_record_unreadable" and refused.value.facts["run"] == "r"


def test_a_staged_file_whose_name_is_not_utf_8_is_stored_and_stated(tmp_path):
    home = unpack(tmp_path, "release-2")
    run = json.loads((VECTORS / "release-2/runs.json").read_bytes())["waiting"]
    lease = find_lease(home, run)
    Path(os.fsdecode(os.fsencode(lease.staging) + b"/odd\xff")).write_bytes(b"x")
    found = inventory_staging(lease)
    assert [file.name for file in found if file.name.startswith("odd")] == ["odd\\xff"]
    write_fact(home, run, Intent(found, 0, Cause.DEADLINE))
    assert read_fact(home, run, Intent) == Intent(found, 0, Cause.DEADLINE)
    assert b"odd" in inventory_file(found)
