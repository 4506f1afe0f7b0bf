"""What the sweep destroys, what it leaves, and what it never judges."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support.moving_clock import MovingClock
from support.whole_run import WholeRun, key_state

from connectors.destinations.folder import FolderDestination
from flows.admin.erasure import erase_subject
from flows.engine import run as engine
from flows.retention._sweep import sweep_home
from flows.retention.round import sweep_round
from flows.session.control import Control
from schemas.errors import KeyServiceError, RetentionError
from vault.destruction import destroy as destroying
from vault.destruction import due as sweeps
from vault.destruction.destroy import probe
from vault.destruction.due import find_unknown, rearm_keys
from vault.home_folder import Home
from vault.keys.provider import KeyState
from vault.keys.registry import provider
from vault.runs import lease as leases
from vault.runs.lease import Lease, list_runs, owner_alive
from vault.staging.ownership import make_staging
from vault.system.host_identity import NAMELESS

pytestmark = pytest.mark.slow


def born_elsewhere(case: WholeRun, monkeypatch) -> Lease:
    """The home as seen from a second machine."""
    monkeypatch.setattr(leases, "machine_id", lambda: "another")
    monkeypatch.setattr(leases, "boot_id", lambda: "another")
    return list_runs(Home(case.home))[-1]


def test_the_kernel_s_timeout_follows_the_boot_clock_while_anything_of_ours_runs(crashed):
    lease, clock = list_runs(Home(crashed.home))[-1], MovingClock()
    clock.pass_time(hours=71, minutes=50)
    clock.set_wall(days=-400)  # by the wall clock there is a year left
    assert sweep_home(Home(crashed.home), clock).resumable == 1
    assert key_state(lease) is KeyState.PRESENT
    assert probe(lease) > 0
    clock.pass_time(minutes=10, seconds=-2)
    rearm_keys(Home(crashed.home), clock)
    until = time.monotonic() + 60
    while key_state(lease) is KeyState.PRESENT and time.monotonic() < until:
        time.sleep(0.2)
    assert key_state(lease) is KeyState.EXPIRED, "forgotten by the kernel, no process of ours alive"
    with pytest.raises(KeyServiceError):
        provider(lease.provider).open(lease.key_ref)
    assert probe(lease) == -1, "the positive control fails: staging is unreadable"


def test_an_overdue_run_of_another_machine_is_removed_but_never_certified(crashed, monkeypatch):
    lease, clock = born_elsewhere(crashed, monkeypatch), MovingClock()
    with monkeypatch.context() as patch:
        patch.setattr(
            "vault.keys.linux_keyring.KernelKeyring.destroy", lambda *_: pytest.fail("touched a key")
        )
        assert sweep_home(Home(crashed.home), clock).to_json()["elsewhere"] == 0
        assert Path(lease.staging).is_dir(), "not before its deadline"
        clock.pass_time(hours=73)
        report = sweep_home(Home(crashed.home), clock)
    assert (report.elsewhere, report.destroyed) == (1, 0)
    assert not Path(lease.staging).exists()
    assert key_state(lease) is KeyState.PRESENT, "the live run's key was not touched"
    assert not (crashed.home / "runs" / lease.run_id / "proof").exists()
    last = crashed.entries()[-1]
    assert (last["type"], last["code"]) == ("staging.removed", "key_not_observable_here")
    assert sweep_home(Home(crashed.home), clock).elsewhere == 0, "once"
    with pytest.raises(KeyServiceError, match="run_of_another_host"):
        crashed.resume()


def test_a_run_of_another_machine_can_be_given_up_there_alone_and_binds_its_doctor_until_its_deadline(
    crashed, monkeypatch
):
    with open(crashed.home / "site.toml", "a", encoding="utf-8") as settings:
        settings.write("proof_retention_days = 0\n")
    lease, clock = born_elsewhere(crashed, monkeypatch), MovingClock()
    with pytest.raises(KeyServiceError, match="run_of_another_host"):
        engine.abandon(Home(crashed.home), lease.run_id, "trial")
    assert engine.withdraw(Control.open(Home(crashed.home), "trial"), lease.authorisation_id) == 0
    assert Path(lease.staging).is_dir()
    monkeypatch.setattr("flows.session.control.SystemClock", lambda: clock)
    with pytest.raises(RetentionError, match="run_alive"):
        erase_subject(Control.open(Home(crashed.home), "trial"), lease.subject_id)
    clock.pass_time(hours=73)
    with pytest.raises(RetentionError, match="run_alive"):
        erase_subject(Control.open(Home(crashed.home), "trial"), lease.subject_id)
    assert sweep_round(Home(crashed.home), clock).elsewhere == 1
    assert (
        erase_subject(Control.open(Home(crashed.home), "trial"), lease.subject_id)["recorded"]["n"]["runs"]
        == 1
    )


def test_of_two_machines_without_an_id_none_judges_the_other_s_run(crashed, monkeypatch):
    """Containers of one image, their home on a shared disk: neither machine nor boot says whether the key lives."""
    lease, clock = list_runs(Home(crashed.home))[-1], MovingClock()
    monkeypatch.setattr(leases, "machine_id", lambda: NAMELESS)
    lease = lease.update(Home(crashed.home), machine_id=NAMELESS)
    assert owner_alive(lease) is False, "here and in this boot it is known as ever"
    monkeypatch.setattr(leases, "boot_id", lambda: "another")
    clock.boot, clock.booted_at = "another", -3 * 365 * 86_400.0  # up for years
    assert sweep_home(Home(crashed.home), clock).to_json()["destroyed"] == 0
    assert Path(lease.staging).is_dir(), "not before its deadline"
    with pytest.raises(KeyServiceError, match="run_of_another_host"):
        crashed.resume()
    clock.pass_time(hours=73)
    report = sweep_home(Home(crashed.home), clock)
    assert (report.elsewhere, report.destroyed) == (1, 0)
    assert key_state(lease) is KeyState.PRESENT, "the live run's key was not touched"
    assert not (crashed.home / "runs" / lease.run_id / "proof").exists()


def test_after_a_boot_a_run_starts_over_from_the_source(crashed, monkeypatch):
    lease = list_runs(Home(crashed.home))[-1]
    provider(lease.provider).destroy(lease.key_ref)  # as the kernel did
    monkeypatch.setattr(leases, "boot_id", lambda: "after")
    monkeypatch.setattr("vault.system.clock.boot_id", lambda: "after")
    assert sweep_home(Home(crashed.home)).resumable == 1
    assert crashed.resume().state == "certified"
    assert crashed.content()


def test_a_stray_folder_dies_when_it_carries_our_mark_and_is_left_when_not(practice, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    staging = case.home / "staging"
    make_staging(Home(case.home), staging / "a-run-nobody-knows")
    (staging / "a-run-nobody-knows" / "000001.parquet").write_bytes(b"x" * 10)
    (staging / "somebody-s").mkdir()
    (staging / "somebody-s" / "file").write_bytes(b"y")
    (staging / "renamed").mkdir()
    mark = (staging / "a-run-nobody-knows" / ".reprise-staging").read_bytes()
    (staging / "renamed" / ".reprise-staging").write_bytes(mark)
    (staging / "link").symlink_to(staging / "a-run-nobody-knows")
    report = sweep_home(Home(case.home))
    assert (report.strays, report.unknown) == (1, 3)
    assert sorted(p.name for p in staging.iterdir()) == ["link", "renamed", "somebody-s"]
    assert case.entries()[-1]["type"] == "staging.stray_destroyed"
    assert case.entries()[-1]["n"]["files"] == 2


def test_a_stray_that_cannot_be_removed_holds_up_no_other_and_keeps_its_mark(practice, tmp_path, monkeypatch):
    case = WholeRun(tmp_path / "trial", practice)
    strays = [case.home / "staging" / name for name in ("a", "b")]
    for stray in strays:
        make_staging(Home(case.home), stray)
        (stray / "segment").write_bytes(b"sealed")
    real = destroying.remove

    def refuse(path: Path) -> None:
        if path == strays[0] / "segment":
            raise PermissionError
        real(path)

    with monkeypatch.context() as stubborn:
        stubborn.setattr(destroying, "remove", refuse)
        report = sweep_home(Home(case.home))
    assert (report.strays, report.incomplete) == (1, 1)
    assert sweep_home(Home(case.home)).strays == 1
    assert not list((case.home / "staging").iterdir())


def test_a_run_begun_while_the_sweep_looks_is_no_stray(practice, tmp_path, monkeypatch):
    case = WholeRun(tmp_path / "trial", practice)
    stray, asked = case.home / "staging" / "a-stray", sweeps.has_lease
    make_staging(Home(case.home), stray)

    def ask_while_one_begins(home: Home, run_id: str) -> bool:
        make_staging(home, home.staging / "begun-meanwhile")
        return asked(home, run_id)

    monkeypatch.setattr(sweeps, "has_lease", ask_while_one_begins)
    assert find_unknown(Home(case.home)) == ([stray], [])


def test_ten_thousand_and_one_segments_are_destroyed_and_counted(crashed):
    lease = list_runs(Home(crashed.home))[-1]
    folder = Path(lease.staging) / "extract" / "unit"
    folder.mkdir(parents=True, exist_ok=True)
    before = sum(1 for p in Path(lease.staging).rglob("*") if p.is_file())
    for number in range(10_001 - before):
        (folder / f"more-{number:06d}.parquet").write_bytes(b"sealed")
    result = engine.abandon(Home(crashed.home), lease.run_id, "trial")
    assert result.counts["destroy"]["files"] == 10_001
    assert not Path(lease.staging).exists()
    completed = next(e for e in crashed.entries() if e["type"] == "destruction.completed")
    assert completed["n"]["files"] == 10_001
    crashed.nothing_left()


def test_a_home_that_was_moved_sweeps_its_own_staging(crashed):
    moved = crashed.home.with_name("moved")
    crashed.home.rename(moved)
    clock = MovingClock()
    clock.pass_time(hours=73)
    assert sweep_home(Home(moved), clock).destroyed == 1
    assert not list((moved / "staging").iterdir())


@pytest.mark.parametrize("way", ["resume", "sweep"])
def test_a_run_given_up_is_not_carried_on_after_a_crash(crashed, monkeypatch, way):
    with monkeypatch.context() as patch:
        patch.setattr(
            "flows.lifecycle.ending._declare_intent", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            engine.abandon(Home(crashed.home), crashed.run_id, "trial")
    if way == "resume":
        assert crashed.resume().state == "certified"
    else:
        monkeypatch.setattr(sweeps, "owner_alive", lambda _: False)
        assert sweep_home(Home(crashed.home)).destroyed == 1
    told = crashed.told()
    assert told["destruction"]["cause"] == "abandoned"
    assert crashed.content() == {}
    crashed.nothing_left()


def test_a_destination_out_of_sight_is_no_destination_cleaned(practice, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart({"who": "control", "at": "step", "name": "reconcile"})
    (part,) = (case.home / "staging").rglob("part-*")
    FolderDestination(case.destination, case.run_id).put(part, part.name)  # it died in the middle of publish
    away = case.destination.with_name("unplugged")
    case.destination.rename(away)
    assert list(away.glob(".*"))
    engine.abandon(Home(case.home), case.run_id, "trial")
    told = case.told()
    assert told["destruction"]["validation"]["exceptions"] == ["remote_leftover_not_reachable"]
