"""What the sweep destroys, what it leaves, and what it never judges; clocks that jump while a run is carried."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from moving_clock import MovingClock
from whole_run import WholeRun

from flows import engine
from flows.home_state import home_state
from flows.practice.write import write_practice
from flows.retention import sweep_home
from flows.safekeeping import Reason, accept_rollback
from flows.sweep_round import sweep_round
from flows.watch import NoWatch
from schemas.errors import (
    AuthorisationError,
    DeadlineError,
    IntegrityError,
    KeyServiceError,
    KeyUnavailableError,
    LedgerError,
    UseError,
)
from vault import destroy as destroying
from vault import lease as leases
from vault import sweep as sweeps
from vault.authorisation import is_withdrawn
from vault.destroy import probe
from vault.keys import KeyState
from vault.lease import Lease, list_runs
from vault.ledger_store import open_store
from vault.mark import make_staging
from vault.provider import provider
from vault.sweep import find_unknown, rearm_keys

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def practice(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("practice") / "export"
    write_practice(folder, patients=6)
    return folder


@pytest.fixture
def crashed(practice, tmp_path) -> WholeRun:
    """A run whose both processes were killed after extraction."""
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart({"who": "control", "at": "arrow", "name": "extract"})
    assert any((case.home / "staging").iterdir())
    return case


def entries(case: WholeRun) -> list[dict]:
    store = open_store(case.home)
    return [json.loads(entry) for entry in store.read(0, store.head().size)]


def born_elsewhere(case: WholeRun, monkeypatch) -> Lease:
    """The home as seen from a second machine."""
    monkeypatch.setattr(leases, "machine_id", lambda: "another")
    monkeypatch.setattr(leases, "boot_id", lambda: "another")
    return list_runs(case.home)[-1]


def key_state(lease: Lease) -> KeyState:
    return provider(lease.provider).state(lease.key_ref)


class JumpingWatch(NoWatch):
    """Moves the clock when a step is done."""

    def __init__(self, clock: MovingClock, **moves: dict[str, float]) -> None:
        self._clock, self._moves = clock, moves

    def arrow(self, arrow: str, counts: dict) -> None:
        self._clock.set_wall(**self._moves.get(arrow, {}))


def test_a_wall_clock_that_jumps_by_years_during_a_run_ends_nothing_early(practice, tmp_path):
    case, clock = WholeRun(tmp_path / "trial", practice), MovingClock()
    watch = JumpingWatch(
        clock,
        inventory={"days": 5 * 365},
        extract={"days": -10 * 365},
        transform={"hours": 100},
        plan={"hours": -3},
    )
    result = engine.start(case.home, case.order(), watch, clock=clock)
    assert result.state == "certified"
    assert case.content()


def test_a_run_is_ended_at_its_deadline_by_the_boot_clock_though_the_wall_clock_was_set_back(
    practice, tmp_path
):
    case, clock = WholeRun(tmp_path / "trial", practice), MovingClock()

    class Late(NoWatch):
        def arrow(self, arrow: str, counts: dict) -> None:
            if arrow == "extract":
                clock.set_wall(days=-1000)
                clock.pass_time(hours=73)
                time.sleep(1.2)  # the guard looks twice a second

    with pytest.raises(DeadlineError, match="deadline_passed"):
        engine.start(case.home, case.order(), Late(), clock=clock)
    assert not case.content()
    case.nothing_left()


def test_the_kernel_s_timeout_follows_the_boot_clock_while_anything_of_ours_runs(crashed):
    lease, clock = list_runs(crashed.home)[-1], MovingClock()
    clock.pass_time(hours=71, minutes=50)
    clock.set_wall(days=-400)  # by the wall clock there is a year left
    assert sweep_home(crashed.home, clock).resumable == 1
    assert key_state(lease) is KeyState.PRESENT
    assert probe(lease) > 0
    clock.pass_time(minutes=10, seconds=-2)
    rearm_keys(crashed.home, clock)
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
        patch.setattr("vault.keyring_linux.KernelKeyring.destroy", lambda *_: pytest.fail("touched a key"))
        assert sweep_home(crashed.home, clock).to_json()["elsewhere"] == 0
        assert Path(lease.staging).is_dir(), "not before its deadline"
        clock.pass_time(hours=73)
        report = sweep_home(crashed.home, clock)
    assert (report.elsewhere, report.destroyed) == (1, 0)
    assert not Path(lease.staging).exists()
    assert key_state(lease) is KeyState.PRESENT, "the live run's key was not touched"
    assert not (crashed.home / "runs" / lease.run_id / "proof").exists()
    last = entries(crashed)[-1]
    assert (last["type"], last["code"]) == ("staging.removed", "key_not_observable_here")
    assert sweep_home(crashed.home, clock).elsewhere == 0, "once"
    with pytest.raises(KeyServiceError, match="run_of_another_host"):
        crashed.resume()


def test_after_a_boot_a_run_starts_over_from_the_source(crashed, monkeypatch):
    lease = list_runs(crashed.home)[-1]
    provider(lease.provider).destroy(lease.key_ref)  # as the kernel did
    monkeypatch.setattr(leases, "boot_id", lambda: "after")
    monkeypatch.setattr("vault.clock.boot_id", lambda: "after")
    assert sweep_home(crashed.home).resumable == 1
    assert crashed.resume().state == "certified"
    assert crashed.content()


def test_a_stray_folder_dies_when_it_carries_our_mark_and_is_left_when_not(practice, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    staging = case.home / "staging"
    make_staging(case.home, staging / "a-run-nobody-knows")
    (staging / "a-run-nobody-knows" / "000001.parquet").write_bytes(b"x" * 10)
    (staging / "somebody-s").mkdir()
    (staging / "somebody-s" / "file").write_bytes(b"y")
    (staging / "renamed").mkdir()
    mark = (staging / "a-run-nobody-knows" / ".reprise-staging").read_bytes()
    (staging / "renamed" / ".reprise-staging").write_bytes(mark)
    (staging / "link").symlink_to(staging / "a-run-nobody-knows")
    report = sweep_home(case.home)
    assert (report.strays, report.unknown) == (1, 3)
    assert sorted(p.name for p in staging.iterdir()) == ["link", "renamed", "somebody-s"]
    assert entries(case)[-1]["type"] == "staging.stray_destroyed"
    assert entries(case)[-1]["n"]["files"] == 2


def test_ten_thousand_and_one_segments_are_destroyed_and_counted(crashed):
    lease = list_runs(crashed.home)[-1]
    folder = Path(lease.staging) / "extract" / "item"
    folder.mkdir(parents=True, exist_ok=True)
    before = sum(1 for p in Path(lease.staging).rglob("*") if p.is_file())
    for number in range(10_001 - before):
        (folder / f"more-{number:06d}.parquet").write_bytes(b"sealed")
    result = engine.abandon(crashed.home, lease.run_id, "trial")
    assert result.counts["destroy"]["files"] == 10_001
    assert not Path(lease.staging).exists()
    completed = next(e for e in entries(crashed) if e["type"] == "destruction.completed")
    assert completed["n"]["files"] == 10_001
    crashed.nothing_left()


def test_a_deadline_is_frozen_at_the_lease(crashed, monkeypatch):
    """Neither a raised nor a lowered ceiling of the site moves the deadline of a run that has begun."""
    lease = list_runs(crashed.home)[-1]
    settings = crashed.home / "site.toml"
    for hours in ("1", "7000"):
        settings.write_text(settings.read_text().replace("ceiling_hours = 72", f"ceiling_hours = {hours}"))
        assert list_runs(crashed.home)[-1].deadline == lease.deadline
        assert sweep_home(crashed.home).resumable == 1
        settings.write_text(settings.read_text().replace(f"ceiling_hours = {hours}", "ceiling_hours = 72"))
    assert replace(lease) == list_runs(crashed.home)[-1]


EMPTY, OTHER, BINARY = b"", b'{"a": 1}', b"\xff\xfe"
DAMAGES = {
    "lease.json": BINARY,
    "intent.json": OTHER,
    "journal.jsonl": EMPTY,
    "state": OTHER,
    "record": EMPTY,
    "key": BINARY,
    "order": EMPTY,
    "evidence": BINARY,
}


def records_of(case: WholeRun, name: str) -> list[Path]:
    """The files of a home that hold such a record."""
    if name == "order":
        return list((case.home / "orders").iterdir())
    folders = (case.home / folder for folder in ("runs", "authorisations", "subjects"))
    return [path for folder in folders for path in folder.rglob(f"{name}*") if path.is_file()]


@pytest.mark.parametrize(("name", "damage"), DAMAGES.items())
def test_a_run_whose_records_are_damaged_dies_in_time_and_holds_up_no_other(practice, tmp_path, name, damage):
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart({"who": "control", "at": "call", "name": "vault.destroy._destroy_key", "nth": "1"})
    (lease,) = list_runs(case.home)
    other = replace(lease, run_id="a-run-of-an-earlier-time", staging=str(case.home / "staging/other"))
    make_staging(case.home, Path(other.staging))
    other.save(case.home)  # it comes first, and lacks all its records
    assert key_state(lease) is KeyState.PRESENT
    found = records_of(case, name)
    assert found
    for path in found:
        path.write_bytes(damage)
    clock = MovingClock()
    clock.pass_time(hours=73)
    sweep_home(case.home, clock)
    assert not list((case.home / "staging").iterdir())
    assert key_state(lease) is not KeyState.PRESENT


def test_a_damaged_lease_is_set_aside_and_stays_an_alarm(crashed):
    (lease,) = list_runs(crashed.home)
    (crashed.home / "runs" / lease.run_id / "lease.json").write_bytes(b"{")
    with pytest.raises(IntegrityError, match="lease_unreadable"):
        crashed.start()
    assert sweep_round(crashed.home).unreadable == 1  # before any deadline: nobody can carry it further
    assert not list((crashed.home / "staging").iterdir())
    assert key_state(lease) is not KeyState.PRESENT
    assert [e["type"] for e in entries(crashed)][-2:] == ["lease.unreadable", "staging.stray_destroyed"]
    assert home_state(crashed.home).alarms == ["lease_unreadable"]
    assert sweep_round(crashed.home).unreadable == 0
    with pytest.raises(UseError):  # the use it spent stays spent
        crashed.start()


def test_a_run_that_had_published_is_certified_as_published_after_its_deadline(practice, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart({"who": "control", "at": "arrow", "name": "publish"})
    delivered = case.content()
    assert delivered
    clock = MovingClock()
    clock.pass_time(hours=73)
    result = engine.resume(case.home, case.run_id, "trial", NoWatch(), clock=clock)
    assert result.state == "certified"
    told = json.loads((case.home / "runs" / case.run_id / "told.json").read_bytes())
    assert told["facts"]["destruction"]["cause"] == "published"
    assert case.content() == delivered
    case.nothing_left()


def test_a_guard_that_cannot_see_any_more_ends_the_run_which_can_be_resumed(practice, tmp_path, monkeypatch):
    case = WholeRun(tmp_path / "trial", practice)

    class Blind(NoWatch):
        def arrow(self, arrow: str, counts: dict) -> None:
            if arrow == "extract":
                monkeypatch.setattr("flows.guard.is_withdrawn", lambda home, reference: 1 / 0)
                time.sleep(1.2)  # the guard looks twice a second

    with pytest.raises(ZeroDivisionError):
        case.start(Blind())
    assert not case.content()
    monkeypatch.undo()
    assert case.resume().state == "certified"
    case.nothing_left()


def test_a_home_that_was_moved_sweeps_its_own_staging(crashed):
    moved = crashed.home.with_name("moved")
    crashed.home.rename(moved)
    clock = MovingClock()
    clock.pass_time(hours=73)
    assert sweep_home(moved, clock).destroyed == 1
    assert not list((moved / "staging").iterdir())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("deadline", "x"),
        ("boot_deadline", "x"),
        ("provider", "x"),
        ("partial", "/"),
        ("order_id", []),
        ("run_id", "other"),
    ],
)
def test_a_lease_with_a_foreign_value_is_a_damaged_one(crashed, field, value):
    (lease,) = list_runs(crashed.home)
    path = crashed.home / "runs" / lease.run_id / "lease.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), field: value}))
    assert sweep_round(crashed.home).unreadable == 1
    assert not list((crashed.home / "staging").iterdir())


def test_the_host_s_memory_names_runs_and_no_paths(crashed):
    host = crashed.home.with_name(f".{crashed.home.name}.host")
    with (host / "gone").open("ab") as record:
        record.write(b"destroyed \ndestroyed ..\ndestroyed ../runs\n\xff\xfe\n")
    sweep_round(crashed.home)
    assert list((crashed.home / "staging").iterdir())
    assert (crashed.home / "ledger/checkpoint").is_file()


def test_a_damaged_memory_of_the_host_stops_all_but_the_sweep_and_can_be_made_anew(crashed):
    (crashed.home.with_name(f".{crashed.home.name}.host") / "head.json").write_bytes(b"{")
    with pytest.raises(LedgerError, match="host_record_malformed"):
        crashed.start()
    clock = MovingClock()
    clock.pass_time(hours=73)
    assert sweep_round(crashed.home, clock).destroyed == 1
    accept_rollback(crashed.home, "trial", Reason.DISK_FAILED)
    assert home_state(crashed.home).alarms == []


def test_a_package_delivered_in_the_time_that_a_rollback_lost_stays(practice, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart({"who": "control", "at": "arrow", "name": "reconcile"})
    shutil.copytree(case.home, tmp_path / "older")
    case.resume()
    delivered = case.content()
    shutil.rmtree(case.home)
    (tmp_path / "older").rename(case.home)
    accept_rollback(case.home, "trial", Reason.SNAPSHOT_RESTORED)
    assert case.content() == delivered
    told = json.loads((case.home / "runs" / case.run_id / "told.json").read_bytes())
    assert told["destruction"]["cause"] == "record_lost"
    assert told["facts"]["import_state"] == "delivered_not_confirmed"
    case.nothing_left()


def test_a_stray_that_cannot_be_removed_holds_up_no_other_and_keeps_its_mark(practice, tmp_path, monkeypatch):
    case = WholeRun(tmp_path / "trial", practice)
    strays = [case.home / "staging" / name for name in ("a", "b")]
    for stray in strays:
        make_staging(case.home, stray)
        (stray / "segment").write_bytes(b"sealed")
    real = destroying.remove

    def refuse(path: Path) -> None:
        if path == strays[0] / "segment":
            raise PermissionError
        real(path)

    with monkeypatch.context() as stubborn:
        stubborn.setattr(destroying, "remove", refuse)
        report = sweep_home(case.home)
    assert (report.strays, report.incomplete) == (1, 1)
    assert sweep_home(case.home).strays == 1
    assert not list((case.home / "staging").iterdir())


def test_a_run_begun_while_the_sweep_looks_is_no_stray(practice, tmp_path, monkeypatch):
    case = WholeRun(tmp_path / "trial", practice)
    listed = sweeps.list_runs

    def list_while_one_begins(home: Path) -> list[Lease]:
        found = listed(home)
        make_staging(home, home / "staging" / "begun-meanwhile")
        return found

    monkeypatch.setattr(sweeps, "list_runs", list_while_one_begins)
    assert find_unknown(case.home) == ([], [])


def test_a_data_process_that_dies_when_all_was_told_changes_nothing(practice, tmp_path, monkeypatch):
    case, clock, carried = WholeRun(tmp_path / "trial", practice), MovingClock(), engine.carry

    def carry_and_die(*arguments) -> None:
        carried(*arguments)
        clock.pass_time(hours=73)
        raise KeyUnavailableError("data_process_died")

    monkeypatch.setattr(engine, "carry", carry_and_die)
    result = engine.start(case.home, case.order(), NoWatch(), clock=clock)
    assert result.state == "certified"
    told = json.loads((case.home / "runs" / case.run_id / "told.json").read_bytes())
    assert told["facts"]["destruction"]["cause"] == "published"
    assert case.content()
    case.nothing_left()


@pytest.mark.parametrize("way", ["resume", "sweep"])
def test_a_run_given_up_is_not_carried_on_after_a_crash(crashed, monkeypatch, way):
    with monkeypatch.context() as patch:
        patch.setattr("flows.ending._declare_intent", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            engine.abandon(crashed.home, crashed.run_id, "trial")
    if way == "resume":
        assert crashed.resume().state == "certified"
    else:
        monkeypatch.setattr(sweeps, "owner_alive", lambda _: False)
        assert sweep_home(crashed.home).destroyed == 1
    told = json.loads((crashed.home / "runs" / crashed.run_id / "told.json").read_bytes())
    assert told["facts"]["destruction"]["cause"] == "abandoned"
    assert crashed.content() == {}
    crashed.nothing_left()


def test_a_rollback_brings_no_withdrawn_instruction_back(practice, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    case.start(use="inventory")
    (lease,) = list_runs(case.home)
    shutil.copytree(case.home, tmp_path / "older")
    engine.withdraw(case.home, lease.authorisation_id, "trial")
    shutil.rmtree(case.home)
    (tmp_path / "older").rename(case.home)
    assert not is_withdrawn(case.home, lease.authorisation_id)
    accept_rollback(case.home, "trial", Reason.SNAPSHOT_RESTORED)
    assert is_withdrawn(case.home, lease.authorisation_id)
    assert entries(case)[-1]["n"]["withdrawals"] == 1
    with pytest.raises(AuthorisationError, match="withdrawn"):
        case.start()


def test_a_damaged_lease_in_an_older_home_keeps_nobody_from_accepting_it(crashed, tmp_path):
    shutil.copytree(crashed.home, tmp_path / "older")
    engine.abandon(crashed.home, crashed.run_id, "trial")
    run = crashed.run_id
    shutil.rmtree(crashed.home)
    (tmp_path / "older").rename(crashed.home)
    (crashed.home / "runs" / run / "lease.json").write_bytes(b"{")
    accept_rollback(crashed.home, "trial", Reason.SNAPSHOT_RESTORED)
    assert not list((crashed.home / "staging").iterdir())


def test_a_destination_out_of_sight_is_no_destination_cleaned(practice, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart({"who": "control", "at": "arrow", "name": "deliver"})
    away = case.destination.with_name("unplugged")
    case.destination.rename(away)
    assert list(away.glob(".*"))
    engine.abandon(case.home, case.run_id, "trial")
    told = json.loads((case.home / "runs" / case.run_id / "told.json").read_bytes())
    assert told["destruction"]["validation"]["exceptions"] == ["remote_leftover_not_reachable"]


def test_a_staged_file_that_cannot_be_read_any_more_keeps_nothing_alive(crashed, monkeypatch):
    monkeypatch.setattr("vault.destroy.ciphertext_digest", lambda _: (_ for _ in ()).throw(OSError(5, "")))
    staged = sum(1 for p in (crashed.home / "staging").rglob("*") if p.is_file())
    engine.abandon(crashed.home, crashed.run_id, "trial")
    told = json.loads((crashed.home / "runs" / crashed.run_id / "told.json").read_bytes())
    assert told["destruction"]["inventory"]["files"] >= staged > 0
    crashed.nothing_left()


def test_a_memory_of_the_host_that_cannot_be_read_stops_no_sweep(crashed, monkeypatch):
    read = Path.read_bytes

    def broken(path: Path) -> bytes:
        if path.name == "head.json":
            raise OSError(5, "")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", broken)
    lease = list_runs(crashed.home)[-1]
    clock = MovingClock()
    clock.pass_time(hours=73)
    assert sweep_home(crashed.home, clock).destroyed == 1
    assert key_state(lease) is not KeyState.PRESENT
