"""The sweep's heartbeat, and the alarms that monitoring lives on. Clocks are given, nobody waits."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.base import DEEPEST
from flows.retention.round import sweep_round
from flows.session.control import Control
from flows.views.status import alarm, home_state, one_line
from schemas.errors import (
    HomeError,
    OrphanFoundError,
    RepriseError,
    RunOverdueError,
    SweepLateError,
    VerificationFailedError,
)
from vault.destruction.heartbeat import beat, last_heartbeat
from vault.home.create import create_home
from vault.home_folder import Home
from vault.records.operators import enrol_operator
from vault.runs.facts import Verification, write_fact
from vault.runs.lease import new_lease
from vault.system.clock import SystemClock

START = datetime(2026, 1, 1, tzinfo=UTC)


class SetClock:
    """A wall clock and a boot clock that a test moves apart."""

    def __init__(self, wall: float = 0, boot: float = 1000, booted: str = "this boot") -> None:
        self.wall, self.boot, self.booted = wall, boot, booted

    def now(self) -> datetime:
        return START + timedelta(seconds=self.wall)

    def boot_seconds(self) -> float:
        return self.boot

    def boot_id(self) -> str:
        return self.booted

    def synchronised(self) -> bool:
        return False


@pytest.fixture
def home(tmp_path) -> Path:
    create_home(Home(tmp_path / "home"), trial=True, origin="test.example/log")
    return tmp_path / "home"


def lease(home: Path, clock, hours: int = 1):
    return new_lease(
        Home(home), clock, run_id="r1", subject_id="s", persons=("s",), authorisation_id="a", use="rehearsal", hours=hours,
        provider="memory", partial=home / "staging/r1/parts", operator_id="o", ledger_start=0, order_id=None,
    )  # fmt: skip


def alarms(home: Path, clock) -> list[str]:
    return home_state(Home(home), clock).alarms


def test_a_sweep_leaves_when_it_ended_by_both_clocks_and_what_it_found(home):
    sweep_round(Home(home), SetClock(wall=7, boot=42))
    mark = last_heartbeat(Home(home))
    assert (mark.ended, mark.boot_seconds) == ("2026-01-01T00:00:07Z", 42)
    assert mark.boot_id == "this boot"
    assert set(mark.found) >= {"destroyed", "resumable", "incomplete", "unknown"}


def test_a_sweep_that_fails_leaves_none(home, monkeypatch):
    def broken(_home, _clock):
        raise OSError(5, "x")

    monkeypatch.setattr("flows.retention.round.sweep_home", broken)
    with pytest.raises(OSError, match="x"):
        sweep_round(Home(home))
    assert last_heartbeat(Home(home)) is None


def test_an_empty_home_without_a_sweep_is_no_alarm_and_one_with_a_run_is(home):
    clock = SetClock()
    assert alarms(home, clock) == []
    line = one_line(home_state(Home(home), clock))
    assert line.startswith("REPRISE OK: ") and "; no sweep has run yet (`reprise install-sweep`)" in line
    lease(home, clock)
    assert alarms(home, clock) == ["sweep_never"]
    line = one_line(home_state(Home(home), clock))
    assert line.startswith("REPRISE CRITICAL: sweep_never") and "no sweep has run yet" in line
    beat(Home(home), clock, {})
    assert alarms(home, clock) == []


def test_what_the_last_sweep_left_incomplete_is_an_alarm(home):
    beat(Home(home), SetClock(), {"incomplete": 1})
    assert alarms(home, SetClock()) == ["destruction_incomplete"]
    beat(Home(home), SetClock(), {"incomplete": 0})
    assert alarms(home, SetClock()) == []


@pytest.mark.parametrize(
    ("wall", "boot", "late"),
    [
        (900, 1900, False),
        (901, 1901, True),
        (0, 1901, True),  # the wall clock was set back to hide it
        (901, 1000, True),
        (-3600, 1100, False),  # set back, but the boot clock knows
    ],
)
def test_late_is_later_than_three_intervals_by_either_clock(home, wall, boot, late):
    lease(home, SetClock(), hours=72)
    beat(Home(home), SetClock(), {})
    assert alarms(home, SetClock(wall, boot)) == ["sweep_late"] * late


def test_after_a_reboot_the_wall_clock_counts_and_one_set_back_is_an_alarm(home):
    beat(Home(home), SetClock(boot=5_000_000, booted="another boot"), {})
    assert alarms(home, SetClock(wall=60, boot=3)) == []
    assert alarms(home, SetClock(wall=901, boot=3)) == ["sweep_late"]
    assert alarms(home, SetClock(wall=-60, boot=3)) == ["sweep_late"]


def test_the_site_says_how_often(home):
    with (home / "site.toml").open("a") as settings:
        settings.write("sweep_every_minutes = 60\n")
    beat(Home(home), SetClock(), {})
    assert alarms(home, SetClock(10_000, 11_000)) == []
    assert alarms(home, SetClock(10_801, 11_801)) == ["sweep_late"]


@pytest.mark.parametrize("torn", [b"", b"{", b"[]", b'{"ended": 5}', b'{"ended": "soon", "found": {}}'])
def test_a_torn_heartbeat_is_none(home, torn):
    lease(home, SetClock())
    (home / "sweep.json").write_bytes(torn)
    assert alarms(home, SetClock()) == ["sweep_never"]


def test_the_worst_is_told_first_and_by_its_own_code(home):
    clock = SetClock()
    run = lease(home, clock)
    beat(Home(home), clock, {})
    later = SetClock(3601, 4601)
    seen: list[tuple[str, type[RepriseError]]] = []
    for change in (
        lambda: None,
        (home / "staging/none-of-ours").mkdir,
        lambda: write_fact(Home(home), run.run_id, Verification(True, True, False, True)),
    ):
        change()
        state = home_state(Home(home), later)
        with pytest.raises(RepriseError) as raised:
            raise alarm(state)
        seen.append((raised.value.code, type(raised.value)))
    assert seen == [
        ("run_overdue", RunOverdueError),
        ("unknown_staging", OrphanFoundError),
        ("destruction_incomplete", VerificationFailedError),
    ]
    assert "sweep_late" in state.alarms
    assert one_line(state).startswith(
        "REPRISE CRITICAL: destruction_incomplete, unknown_staging, run_overdue"
    )
    assert one_line(state).count("\n") == 0


def test_the_command_for_monitoring(home):
    def status(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("reprise")), "status", *words, "--home", str(home)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert status("--strict").returncode == 0
    lease(home, SystemClock())
    never = status("--strict", "--json")
    assert never.returncode == SweepLateError.exit_code
    assert json.loads(never.stdout.splitlines()[0])["alarms"] == ["sweep_never"]
    assert status().returncode == 0, "without --strict it only tells"
    assert status("r1", "--strict").returncode == 2


@pytest.mark.parametrize(("depth", "fits"), [(DEEPEST, True), (DEEPEST + 1, False)])
def test_a_site_cannot_raise_a_limit_that_is_not_kept_above(tmp_path, depth, fits):
    create_home(Home(tmp_path / "home"), trial=True, origin="test.example/log")
    enrol_operator(Home(tmp_path / "home"), "one")
    with (tmp_path / "home/site.toml").open("a") as settings:
        settings.write(f"\n[limits]\nmax_depth = {depth}\n")
    if fits:
        assert Control.open(Home(tmp_path / "home"), "one").site.limits == {"max_depth": depth}
        return
    with pytest.raises(HomeError, match="limit_too_high") as refused:
        Control.open(Home(tmp_path / "home"), "one")
    assert refused.value.facts == {"limit": 64}


@pytest.mark.parametrize(
    ("pattern", "fits"), [("{number}/{date:yyyymmdd} {title}", True), ("{family}{first}", False)]
)
def test_a_pattern_of_paths_that_is_not_certain_is_refused(tmp_path, pattern, fits):
    create_home(Home(tmp_path / "home"), trial=True, origin="test.example/log")
    enrol_operator(Home(tmp_path / "home"), "one")
    with (tmp_path / "home/site.toml").open("a") as settings:
        settings.write(f'\ndocument_paths = ["{pattern}"]\n')
    if fits:
        assert Control.open(Home(tmp_path / "home"), "one").site.document_paths == (pattern,)
        return
    with pytest.raises(HomeError, match="site_setting_unknown"):
        Control.open(Home(tmp_path / "home"), "one")
