"""Records of a run, or of the host, that are damaged or cannot be read: what is due dies all the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from support.moving_clock import MovingClock
from support.whole_run import WholeRun, key_state

from flows.admin.backup import Reason, accept_rollback
from flows.engine import run as engine
from flows.retention._sweep import sweep_home
from flows.retention.round import sweep_round
from flows.views.status import home_state
from schemas.errors import (
    IntegrityError,
    LedgerError,
    UseError,
)
from vault.home_folder import Home
from vault.keys.provider import KeyState
from vault.runs.lease import list_runs
from vault.staging.ownership import make_staging

pytestmark = pytest.mark.slow


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
    folders = (case.home / folder for folder in ("runs", "authorisations", "subjects", "shared"))
    return [path for folder in folders for path in folder.rglob(f"{name}*") if path.is_file()]


@pytest.mark.parametrize(("name", "damage"), DAMAGES.items())
def test_a_run_whose_records_are_damaged_dies_in_time_and_holds_up_no_other(practice, tmp_path, name, damage):
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart(
        {"who": "control", "at": "call", "name": "vault.destruction.destroy._destroy_key", "nth": "1"}
    )
    (lease,) = list_runs(Home(case.home))
    other = replace(lease, run_id="a-run-of-an-earlier-time", staging=str(case.home / "staging/other"))
    make_staging(Home(case.home), Path(other.staging))
    other.save(Home(case.home))  # it comes first, and lacks all its records
    assert key_state(lease) is KeyState.PRESENT
    found = records_of(case, name)
    assert found
    for path in found:
        path.write_bytes(damage)
    clock = MovingClock()
    clock.pass_time(hours=73)
    sweep_home(Home(case.home), clock)
    assert not list((case.home / "staging").iterdir())
    assert key_state(lease) is not KeyState.PRESENT


def test_a_damaged_lease_is_set_aside_and_stays_an_alarm(crashed):
    (lease,) = list_runs(Home(crashed.home))
    (crashed.home / "runs" / lease.run_id / "lease.json").write_bytes(b"{")
    with pytest.raises(IntegrityError, match="lease_unreadable"):
        crashed.start()
    assert sweep_round(Home(crashed.home)).unreadable == 1  # before any deadline: nobody can carry it further
    assert not list((crashed.home / "staging").iterdir())
    assert key_state(lease) is not KeyState.PRESENT
    assert [e["type"] for e in crashed.entries()][-2:] == ["lease.unreadable", "staging.stray_destroyed"]
    assert home_state(Home(crashed.home)).alarms == ["lease_unreadable"]
    assert sweep_round(Home(crashed.home)).unreadable == 0
    with pytest.raises(UseError):  # the use it spent stays spent
        crashed.start()


def test_a_lease_that_the_disk_does_not_give_holds_up_no_other_and_its_staging_waits(crashed, monkeypatch):
    (lease,) = list_runs(Home(crashed.home))
    other = replace(
        lease, run_id="ffffffff-of-another", staging=str(crashed.home / "staging/ffffffff-of-another")
    )
    make_staging(Home(crashed.home), Path(other.staging))
    other.save(Home(crashed.home))
    broken, read = crashed.home / "runs" / other.run_id / "lease.json", Path.read_bytes

    def read_or_fail(path: Path) -> bytes:
        if path == broken:
            raise OSError(5, "")
        return read(path)

    clock = MovingClock()
    clock.pass_time(hours=73)
    with monkeypatch.context() as disk:
        disk.setattr(Path, "read_bytes", read_or_fail)
        report = sweep_round(Home(crashed.home), clock)
    assert (report.destroyed, report.incomplete, report.strays) == (1, 1, 0)
    assert Path(other.staging).is_dir(), "no stray: the disk may give its lease again"
    assert key_state(lease) is not KeyState.PRESENT


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
    (lease,) = list_runs(Home(crashed.home))
    path = crashed.home / "runs" / lease.run_id / "lease.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), field: value}))
    assert sweep_round(Home(crashed.home)).unreadable == 1
    assert not list((crashed.home / "staging").iterdir())


def test_a_staged_file_that_cannot_be_read_any_more_keeps_nothing_alive(crashed, monkeypatch):
    monkeypatch.setattr(
        "vault.destruction.destroy.ciphertext_digest", lambda _: (_ for _ in ()).throw(OSError(5, ""))
    )
    staged = sum(1 for p in (crashed.home / "staging").rglob("*") if p.is_file())
    engine.abandon(Home(crashed.home), crashed.run_id, "trial")
    told = crashed.told()
    assert told["destruction"]["inventory"]["files"] >= staged > 0
    crashed.nothing_left()


def test_the_host_s_memory_names_runs_and_no_paths(crashed):
    host = crashed.home.with_name(f".{crashed.home.name}.host")
    with (host / "gone").open("ab") as record:
        record.write(b"destroyed \ndestroyed ..\ndestroyed ../runs\n\xff\xfe\n")
    sweep_round(Home(crashed.home))
    assert list((crashed.home / "staging").iterdir())
    assert (crashed.home / "ledger/checkpoint").is_file()


def test_a_damaged_memory_of_the_host_stops_all_but_the_sweep_and_can_be_made_anew(crashed):
    (crashed.home.with_name(f".{crashed.home.name}.host") / "head.json").write_bytes(b"{")
    with pytest.raises(LedgerError, match="host_record_malformed"):
        crashed.start()
    clock = MovingClock()
    clock.pass_time(hours=73)
    assert sweep_round(Home(crashed.home), clock).destroyed == 1
    accept_rollback(Home(crashed.home), "trial", Reason.DISK_FAILED)
    assert home_state(Home(crashed.home)).alarms == []


def test_a_memory_of_the_host_that_cannot_be_read_stops_no_sweep(crashed, monkeypatch):
    read = Path.read_bytes

    def broken(path: Path) -> bytes:
        if path.name == "head.json":
            raise OSError(5, "")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", broken)
    lease = list_runs(Home(crashed.home))[-1]
    clock = MovingClock()
    clock.pass_time(hours=73)
    assert sweep_home(Home(crashed.home), clock).destroyed == 1
    assert key_state(lease) is not KeyState.PRESENT
