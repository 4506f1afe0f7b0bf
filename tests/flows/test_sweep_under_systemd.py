"""What `install-sweep` wrote, under a living systemd and a living cron: the sweep ends what it must, also after a boot."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.live_systemd import Machine, needs_namespaces
from support.whole_run import WholeRun, key_state

from trial.practice.write import write_practice
from vault.destruction.heartbeat import last_heartbeat, unit_name
from vault.home_folder import Home
from vault.keys.provider import KeyState
from vault.runs.facts import is_ended
from vault.runs.lease import list_runs

ROOT = Path(__file__).resolve().parents[2]
REPRISE = str(Path(sys.executable).with_name("reprise"))
KEY_LEFT = {"who": "control", "at": "call", "name": "vault.destruction.destroy._destroy_key", "nth": "1"}
FILES_LEFT = {"who": "control", "at": "call", "name": "vault.destruction.destroy.remove", "nth": "1"}
pytestmark = [pytest.mark.slow, needs_namespaces]


@pytest.fixture
def machine(tmp_path) -> Iterator[Machine]:
    (tmp_path / "shared").mkdir()
    machine = Machine(tmp_path / "machine", tmp_path / "shared")
    try:
        machine.boot()
        yield machine
    finally:
        machine.power_off()


@pytest.fixture
def case(tmp_path, machine) -> WholeRun:
    write_practice(tmp_path / "shared/export", patients=2)
    uses = {"inventory": 0, "rehearsal": 0, "migration": 2, "delta": 0}
    return WholeRun(tmp_path / "shared/trial", tmp_path / "shared/export", uses=uses)


def die_inside(machine: Machine, case: WholeRun, kill: dict[str, str]) -> str:
    """A run on that machine, killed in the midst of its destruction; gives its id."""
    plan = {"home": str(case.home), "order": case.order().to_json(), "kill": kill, "resume": None}
    died = machine.call(
        "env",
        f"PYTHONPATH={ROOT}",
        f"HOME={os.environ['HOME']}",
        sys.executable,
        str(ROOT / "tests" / "support" / "dying_run.py"),
        json.dumps(plan),
    )
    assert died.returncode in (-9, 137), died.stderr
    assert not is_ended(Home(case.home), case.run_id)
    return case.run_id


def wait_for_end(machine: Machine, case: WholeRun, run: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not is_ended(Home(case.home), run):
        assert time.monotonic() < until, f"no sweep ended it: {machine.journal()}"
        time.sleep(0.5)


def test_the_service_ends_what_a_dead_run_left_and_comes_again_after_a_boot(machine, case):
    name = unit_name(Home(case.home))
    first = die_inside(machine, case, KEY_LEFT)
    (lease,) = list_runs(Home(case.home))
    assert key_state(lease) is KeyState.PRESENT
    installed = machine.call(REPRISE, "install-sweep", "--home", str(case.home))
    assert installed.returncode == 0, installed.stdout + installed.stderr
    assert machine.call("systemctl", "is-enabled", f"{name}.timer").stdout.strip() == "enabled"
    assert machine.call("systemctl", "is-active", f"{name}.timer").stdout.strip() == "active"
    started = machine.call("systemctl", "start", f"{name}.service")
    assert started.returncode == 0, machine.journal()
    assert is_ended(Home(case.home), first)
    assert last_heartbeat(Home(case.home)) is not None
    case.nothing_left()

    looked = json.loads(machine.call(REPRISE, "doctor", "--json", "--home", str(case.home)).stdout)
    assert [finding["code"] for finding in looked if finding["area"] == "sweep"] == ["ok"]

    second = die_inside(machine, case, FILES_LEFT)
    boot = machine.boot_id()
    machine.power_off()
    machine.boot()
    assert machine.boot_id() != boot
    # Nobody calls the service now but its timer, half a minute after the boot.
    wait_for_end(machine, case, second, seconds=300)
    assert len(list_runs(Home(case.home))) == 2
    case.nothing_left()
    strict = machine.call(REPRISE, "status", "--strict", "--home", str(case.home))
    assert strict.returncode == 0, strict.stdout + strict.stderr


@pytest.mark.skipif(shutil.which("cron") is None, reason="no cron: its table is not tried")
def test_cron_ends_it_at_boot_and_every_minute(machine, case):
    first = die_inside(machine, case, KEY_LEFT)
    with open(case.home / "site.toml", "a", encoding="utf-8") as settings:
        settings.write("sweep_every_minutes = 1\n")
    installed = machine.call(REPRISE, "install-sweep", "--home", str(case.home), "--cron")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    assert machine.call("systemctl", "start", "cron").returncode == 0  # its first start after a boot
    wait_for_end(machine, case, first, seconds=300)
    second = die_inside(machine, case, FILES_LEFT)
    wait_for_end(machine, case, second, seconds=300)
    case.nothing_left()
