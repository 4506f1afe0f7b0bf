"""One use, one run: copies of one instruction, renamed, linked or with their signatures in another order, share its uses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.forked_python import start_forked
from support.group_practice import GroupPractice

from flows.engine import run as engine
from flows.session.observer import NoObserver
from schemas.errors import BusyError, UseError
from vault.home_folder import Home
from vault.runs.lease import list_runs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def group(tmp_path_factory) -> GroupPractice:
    made = GroupPractice(tmp_path_factory.mktemp("group") / "trial")
    made.second = made.enrol_second()
    return made


def copies(group: GroupPractice, name: str) -> tuple[Path, Path]:
    """The same instruction of two controllers twice: the other's signatures are hard links, under exchanged names."""
    by = (group.doctor, group.second)
    one = group.instruct(name, by, controllers=group.both(), uses={"migration": 1})
    other = group.folder / f"{name}-again" / "renamed.json"
    other.parent.mkdir()
    os.link(one, other)
    os.link(f"{one}.p7s", f"{other}.1.p7s")
    os.link(f"{one}.1.p7s", f"{other}.p7s")
    return one, other


def started(group: GroupPractice) -> list[str]:
    return [entry["code"] for entry in group.entries() if entry["type"] == "run.started"]


def test_the_copy_waits_outside_from_the_check_to_the_end_of_the_run(group, monkeypatch):
    one, other = copies(group, "paused")
    real, met = engine.take_lease, []

    def paused(*arguments):
        """While the first run is between its check and its lease, the copy is tried."""
        with pytest.raises(BusyError, match="doctor_busy"):
            group.start(authorisation=str(other))
        met.append("busy")
        return real(*arguments)

    monkeypatch.setattr(engine, "take_lease", paused)
    group.start(authorisation=str(one))
    monkeypatch.undo()
    assert met == ["busy"]
    with pytest.raises(UseError, match="use_exhausted"):
        group.start(authorisation=str(other))
    assert started(group) == ["migration"]
    (start,) = [entry for entry in group.entries() if entry["type"] == "run.started"]
    assert start["n"]["allowed"] == 1
    group.start(authorisation=group.made["authorisation"], use="inventory")
    group.start(authorisation=group.made["authorisation"], use="inventory")
    uses = [entry["c"]["uses"] for entry in group.entries() if entry["type"] == "run.started"]
    assert (len(uses), len(set(uses))) == (3, 2), "one commitment an instruction"
    lease, *_ = list_runs(Home(group.home))
    assert lease.persons == tuple(sorted((group.subject(group.party.inss), group.subject("75010112569"))))


def test_of_two_processes_one_migrates(group):
    before = started(group)
    orders = [group.order(authorisation=str(file)).to_json() for file in copies(group, "raced")]
    plans = [json.dumps({"home": str(group.home), "order": o, "kill": None, "resume": None}) for o in orders]
    running = [start_forked(["support.dying_run", plan], os.environ, (), errors=True) for plan in plans]
    ends = [process.communicate() for process in running]
    codes = sorted(process.returncode for process in running)
    assert codes[0] == 0, ends
    assert codes[1] in (BusyError.exit_code, UseError.exit_code), ends
    assert started(group) == [*before, "migration"]


def test_a_run_that_waits_finds_its_use_taken(group, monkeypatch):
    """With the count of uses lost a second run delivers; the first one, resumed, does not deliver again."""
    (file, _), packages = copies(group, "lost"), set(group.destination.glob("reprise-*"))
    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(engine, "supervise", _fail)
        group.start(authorisation=str(file))
    waits = group.run_id
    (group.home / "authorisations" / list_runs(Home(group.home))[-1].authorisation_id / "state").unlink()
    group.start(authorisation=str(file))
    with pytest.raises(UseError, match="use_exhausted"):
        engine.resume(Home(group.home), waits, "trial", NoObserver())
    assert group.entries()[-1]["code"] == "use_exhausted"
    assert len(set(group.destination.glob("reprise-*")) - packages) == 1
    assert engine.abandon(Home(group.home), waits, "trial").outcome == "abandoned"


def _fail(*_arguments):
    raise RuntimeError
