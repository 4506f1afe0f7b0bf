"""The export and the package as copies: destroyed when the operator holds them and their time has come, told of, listed."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from support.moving_clock import MovingClock
from support.whole_run import WholeRun

from connectors.destinations.folder import FolderDestination
from flows.admin.backup import Reason, accept_rollback
from flows.commands.bars import BarWatch
from flows.commands.wording import describe_result
from flows.engine import run as engine
from flows.lifecycle.confirmation import ImportState, confirm
from flows.lifecycle.copies import _destroy
from flows.lifecycle.run_views import status
from flows.retention._sweep import sweep_home
from flows.session.control import Control
from schemas.errors import AuthorisationError, BusyError, RepriseError, StorageFullError
from vault.destruction import held_copies as custodies
from vault.destruction.held_copies import CopyKind, CustodyRegister
from vault.destruction.trusted_time import TrustedTime
from vault.home_folder import Home
from vault.ledger.home_log import open_store
from vault.runs.lease import list_runs
from vault.runs.run_lock import lock_run
from vault.system.clock import format_utc
from vault.system.locks import lock_copies

pytestmark = pytest.mark.slow
OPERATOR, DOCTOR = "operator", "doctor"
FILES = 8
"""Of a package with one part of charts: that, the report, the manifest, and five that are not sealed."""


def held_by(clock: MovingClock, source: str, package: str) -> dict:
    from datetime import timedelta

    until = format_utc(clock.now() + timedelta(days=20))
    return {
        "custody": {
            "source": {"holder": source, "until": until},
            "package": {"holder": package, "until": until},
        }
    }


class Case(WholeRun):
    """A run whose operator holds what the instruction says, on a copy of the practice."""

    def __init__(self, folder: Path, practice: Path, source: str = OPERATOR, package: str = OPERATOR) -> None:
        self.clock = MovingClock()
        self.export = folder / "came here"
        shutil.copytree(practice, self.export)
        super().__init__(folder / "trial", self.export, **held_by(self.clock, source, package))

    def recorded(self, kind: str) -> list[dict]:
        store = open_store(Home(self.home))
        entries = [json.loads(entry) for entry in store.read(0, store.head().size)]
        return [entry for entry in entries if entry["type"] == kind]

    def custody(self) -> list[dict]:
        done = self.reprise("custody", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


def test_an_operator_s_export_dies_after_publication_and_his_package_at_its_date(practice, tmp_path, capsys):
    case = Case(tmp_path, practice)
    size = sum(p.stat().st_size for p in case.export.rglob("*") if p.is_file())
    with BarWatch(source=lambda: str(case.export)) as observer:
        result = case.start(observer)
    announced = f"The export at {case.export} will be destroyed when the package is delivered, as the instruction says."
    assert capsys.readouterr().err.splitlines()[0] == announced
    assert result.state == "certified"
    assert "  export     destroyed as the instruction says, " in describe_result(result)
    assert f"{size:,} bytes, overwritten and deleted" in describe_result(result)
    assert status(Home(case.home), result.run).source_fate == result.source_fate
    assert not case.export.exists()
    (entry,) = case.recorded("custody.destroyed")
    assert (entry["code"], entry["n"]["bytes"]) == ("source", size)
    (held,) = case.custody()
    assert (held["kind"], held["state"]) == ("package", "held")
    assert sweep_home(Home(case.home), case.clock).copies_destroyed == 0
    case.clock.pass_time(days=21)
    assert sweep_home(Home(case.home), case.clock).copies_destroyed == 1
    assert not list(case.destination.glob("reprise-*"))
    assert case.recorded("custody.destroyed")[-1]["code"] == "package"
    assert case.custody() == []
    case.nothing_left()


def test_a_doctor_s_export_and_package_are_not_touched(practice, tmp_path, capsys):
    case = Case(tmp_path, practice, DOCTOR, DOCTOR)
    with BarWatch(source=lambda: str(case.export)) as observer:
        result = case.start(observer)
    assert "will be destroyed" not in capsys.readouterr().err
    assert "  export     left where it lies: it stays with the doctor" in describe_result(result)
    case.clock.pass_time(days=30)
    assert sweep_home(Home(case.home), case.clock).copies_destroyed == 0
    assert case.export.is_dir()
    assert case.content()
    assert case.custody() == []


def test_no_date_no_custody(practice, tmp_path):
    case = Case(tmp_path, practice)
    terms = {
        "custody": {
            "source": {"holder": "operator", "until": None},
            "package": {"holder": "doctor", "until": None},
        }
    }
    with pytest.raises(AuthorisationError, match="fields_refused"):
        WholeRun(tmp_path / "other", case.export, **terms)


def test_an_abandoned_run_leaves_the_export_until_its_date_and_a_withdrawal_ends_it(practice, tmp_path):
    case = Case(tmp_path, practice)
    case.start_apart({"who": "control", "at": "step", "name": "extract"})
    assert {row["kind"] for row in case.custody()} == {"staging", "source"}
    engine.abandon(Home(case.home), case.run_id, "trial")
    assert case.export.is_dir()
    (row,) = case.custody()
    engine.withdraw(Control.open(Home(case.home), "trial"), row["authorisation"])
    assert not case.export.exists()
    assert case.recorded("custody.destroyed")[-1]["code"] == "source"
    case.nothing_left()


def test_a_jump_of_the_clock_destroys_no_copy(practice, tmp_path):
    case = Case(tmp_path, practice, DOCTOR, OPERATOR)
    case.start()
    assert sweep_home(Home(case.home), case.clock).clock_distrusted == 0
    case.clock.set_wall(days=400)
    report = sweep_home(Home(case.home), case.clock)
    assert (report.clock_distrusted, report.copies_destroyed) == (1, 0)
    assert case.content()
    case.clock.trusted = True
    assert sweep_home(Home(case.home), case.clock).copies_destroyed == 1
    assert not case.content()


def test_a_changed_package_is_left_and_alarmed_once(practice, tmp_path):
    case = Case(tmp_path, practice, DOCTOR, OPERATOR)
    case.start()
    part = next(case.destination.glob("reprise-*/*.age"))
    part.write_bytes(b"something else now")
    case.clock.pass_time(days=30)
    for _ in range(2):
        assert sweep_home(Home(case.home), case.clock).copies_incomplete == 1
    assert len(case.recorded("custody.incomplete")) == 1
    assert part.read_bytes() == b"something else now"


def test_a_copy_that_cannot_be_seen_is_not_said_to_be_destroyed(practice, tmp_path):
    case = Case(tmp_path, practice)
    case.start()
    away = case.destination.with_name("unplugged")
    case.destination.rename(away)
    case.clock.pass_time(days=21)
    assert sweep_home(Home(case.home), case.clock).copies_incomplete == 1
    assert case.recorded("custody.incomplete")[-1]["n"]["not_reachable"] == FILES
    assert sweep_home(Home(case.home), case.clock).copies_incomplete == 1, "nor by the next sweep"
    away.rename(case.destination)
    next(case.destination.glob("reprise-*/report.zip.age")).unlink()  # somebody did, meanwhile
    assert sweep_home(Home(case.home), case.clock).copies_destroyed == 1
    told = case.recorded("custody.destroyed")[-1]["n"]
    assert (told["files"], told["not_found"]) == (FILES - 1, 1)
    assert not list(case.destination.glob("reprise-*"))


def test_what_somebody_else_removed_is_told_as_not_found(practice, tmp_path):
    case = Case(tmp_path, practice)
    case.start()
    (package,) = case.destination.glob("reprise-*")
    (package / "manifest.json").unlink()
    case.clock.pass_time(days=21)
    assert sweep_home(Home(case.home), case.clock).copies_destroyed == 1
    told = case.recorded("custody.destroyed")[-1]["n"]
    assert (told["files"], told["not_found"]) == (FILES - 1, 1)


@pytest.mark.parametrize("lease", ["waits", "damaged"])
def test_the_end_of_a_package_is_recorded_once_whatever_becomes_of_its_certificate(practice, tmp_path, lease):
    case = Case(tmp_path, practice)
    case.start()
    doctor, run = list_runs(Home(case.home))[-1].subject_id, case.run_id
    case.clock.pass_time(days=21)
    if lease == "damaged":
        (case.home / "runs" / run / "lease.json").write_bytes(b"{")
    with lock_run(Home(case.home), (doctor,)):
        ends = [sweep_home(Home(case.home), case.clock).copies_destroyed for _ in range(3)]
    assert ends == ([0, 0, 0] if lease == "waits" else [1, 0, 0])
    assert len(case.recorded("custody.destroyed")) == 2, "the source's, and the package's once"
    assert sweep_home(Home(case.home), case.clock).copies_destroyed == (lease == "waits")
    assert len(case.recorded("custody.destroyed")) == 2
    assert case.custody() == []


@pytest.mark.parametrize("when", ["before", "amid"])
def test_a_copy_whose_folder_was_moved_away_is_not_gone(practice, tmp_path, monkeypatch, when):
    case = Case(tmp_path, practice, DOCTOR, OPERATOR)
    case.start()
    (package,) = case.destination.glob("reprise-*")
    case.clock.pass_time(days=21)
    if when == "before":
        package.rename(case.destination / "elsewhere")
    else:
        overwrite = custodies._overwrite

        def move_after_the_first(name: str, folder: int, found: os.stat_result) -> None:
            overwrite(name, folder, found)
            os.unlink(name, dir_fd=folder)
            package.rename(case.destination / "elsewhere")
            raise OSError(5, "")

        monkeypatch.setattr(custodies, "_overwrite", move_after_the_first)
    for _ in range(2):
        report = sweep_home(Home(case.home), case.clock)
        assert (report.copies_destroyed, report.copies_incomplete) == (0, 1)
        monkeypatch.undo()
    assert case.recorded("custody.incomplete")
    (case.destination / "elsewhere").rename(package)
    assert sweep_home(Home(case.home), case.clock).copies_destroyed == 1
    assert not case.content()


def test_two_hands_on_one_copy_end_it_once(practice, tmp_path):
    case = Case(tmp_path, practice, DOCTOR, OPERATOR)
    case.start()
    case.clock.pass_time(days=21)
    with lock_copies(Home(case.home).locks):
        report = sweep_home(Home(case.home), case.clock)
    assert (report.copies_destroyed, report.copies_incomplete) == (0, 0), "another is at it"
    control = Control.open(Home(case.home), "trial", case.clock)
    (copy,) = CustodyRegister(Home(case.home)).held()
    assert _destroy(control, copy, copy.run_id).files == FILES
    assert _destroy(control, copy, copy.run_id).complete, "the slower of the two finds nothing left to do"
    assert len(case.recorded("custody.destroyed")) == 1
    assert not CustodyRegister(Home(case.home)).held()


def test_a_damaged_entry_of_the_register_is_an_alarm_and_holds_up_no_other(practice, tmp_path):
    case = Case(tmp_path, practice)
    case.start()
    (case.home / "custody/00000000").write_bytes(b"damaged")
    (case.home / "custody/lost+found").mkdir()
    case.clock.pass_time(days=21)
    report = sweep_home(Home(case.home), case.clock)
    assert (report.copies_destroyed, report.copies_incomplete) == (1, 2)
    assert not case.content()


def test_an_export_goes_with_a_withdrawal_though_its_run_does_not_end(practice, tmp_path, monkeypatch):
    case = Case(tmp_path, practice)
    case.start_apart({"who": "control", "at": "step", "name": "extract"})
    (lease,) = list_runs(Home(case.home))
    monkeypatch.setattr("flows.engine.run.END_WAIT_SECONDS", 0)
    with lock_run(Home(case.home), lease.locks), pytest.raises(BusyError):
        engine.withdraw(Control.open(Home(case.home), "trial"), lease.authorisation_id)
    assert not case.export.exists()


def test_an_export_left_by_a_crash_in_a_withdrawal_goes_with_the_next_sweep(practice, tmp_path, monkeypatch):
    case = Case(tmp_path, practice)
    case.start_apart({"who": "control", "at": "step", "name": "extract"})
    (lease,) = list_runs(Home(case.home))
    with monkeypatch.context() as crash, pytest.raises(ZeroDivisionError):
        crash.setattr("flows.engine.run.destroy_withdrawn", lambda *_: 1 / 0)
        engine.withdraw(Control.open(Home(case.home), "trial"), lease.authorisation_id)
    assert case.export.exists()
    sweep_home(Home(case.home), case.clock)
    assert not case.export.exists()


def test_a_certificate_that_could_not_be_issued_anew_is_issued_by_the_next_sweep(
    practice, tmp_path, monkeypatch
):
    case = Case(tmp_path, practice)
    case.start()
    case.clock.pass_time(days=21)
    with monkeypatch.context() as full:
        full.setattr(
            "flows.lifecycle.copies.issue_proof",
            lambda *_: (_ for _ in ()).throw(StorageFullError("disk_full")),
        )
        assert sweep_home(Home(case.home), case.clock).copies_incomplete == 1
    assert sweep_home(Home(case.home), case.clock).copies_destroyed == 1
    told = json.loads((case.home / "runs" / case.run_id / "proof/certificate.json").read_bytes())
    assert told["fate"]["package"]["end"]["complete"]


def test_a_clock_that_creeps_is_found_out_within_a_boot(practice, tmp_path):
    case = Case(tmp_path, practice)
    case.start()
    sweep_home(Home(case.home), case.clock)
    for _ in range(3):
        case.clock.set_wall(minutes=25)
        report = sweep_home(Home(case.home), case.clock)
    assert report.clock_distrusted == 1


def test_an_export_that_a_crash_kept_out_of_the_register_enters_it_at_the_resume(practice, tmp_path):
    case = Case(tmp_path, practice)
    case.start_apart({"who": "control", "at": "call", "name": "flows.engine._lease.make_ready", "nth": "1"})
    assert case.resume().state == "certified"
    assert not case.export.exists()


def test_an_export_that_was_put_anew_in_the_same_place_is_the_one_destroyed(practice, tmp_path):
    case = Case(tmp_path, practice)
    case.start_apart({"who": "control", "at": "step", "name": "extract"})
    (name,) = [path for path in case.export.rglob("*") if path.is_file()]
    data = name.read_bytes()
    name.unlink()
    name.write_bytes(data)
    assert case.resume().state == "certified"
    assert not case.export.exists()


@pytest.mark.parametrize(
    ("change", "error"),
    [({"keys": "keyrng"}, "unknown_provider"), ({"source": "/nowhere/export"}, "source_missing")],
)
def test_a_slip_in_an_order_spends_nothing(practice, tmp_path, change, error):
    case = Case(tmp_path, practice)
    with pytest.raises(RepriseError, match=error):
        case.start(**change)
    assert list_runs(Home(case.home)) == []
    assert case.start().state == "certified"


def test_a_destination_that_cannot_be_cleaned_does_not_keep_the_key_alive(practice, tmp_path, monkeypatch):
    case = Case(tmp_path, practice)
    case.start_apart({"who": "control", "at": "step", "name": "reconcile"})
    (lease,) = list_runs(Home(case.home))

    def refuse(self: FolderDestination) -> None:
        raise PermissionError

    monkeypatch.setattr(FolderDestination, "discard", refuse)
    assert engine.abandon(Home(case.home), lease.run_id, "trial").state == "certified"
    told = case.told()
    assert told["destruction"]["validation"]["exceptions"] == ["remote_leftover_not_reachable"]
    case.nothing_left()


def test_a_signed_instruction_may_have_brackets_in_its_name(practice, tmp_path):
    case = Case(tmp_path, practice)
    signed = Path(case.made["authorisation"])
    for path in signed.parent.glob(f"{signed.name}*"):
        path.rename(path.with_name(path.name.replace("authorisation", "auth[1]")))
    assert case.start(authorisation=str(signed.with_name("auth[1].json"))).state == "certified"


def test_a_copy_on_a_lost_disk_is_gone_by_an_operator_s_word(practice, tmp_path):
    case = Case(tmp_path, practice)
    case.start()
    (row,) = case.custody()
    there = case.reprise("custody", "--gone", row["copy"])
    assert (there.returncode, "copy_is_there" in there.stderr) == (60, True)
    shutil.rmtree(case.destination)
    case.clock.pass_time(days=21)
    assert sweep_home(Home(case.home), case.clock).copies_incomplete == 1
    (row,) = case.custody()
    done = case.reprise("custody", "--gone", row["copy"])
    assert done.returncode == 0, done.stderr
    assert case.custody() == []
    assert sweep_home(Home(case.home), case.clock).copies_incomplete == 0
    told = json.loads((case.home / "runs" / case.run_id / "proof" / "certificate.json").read_bytes())
    end = told["fate"]["package"]["end"]
    assert (end["files"], end["exceptions"]) == (0, ["not_found"])
    assert case.reprise("custody", "--gone", row["copy"]).returncode == 20


def test_a_crash_while_an_import_is_confirmed_leaves_the_package_to_the_next_sweep(
    practice, tmp_path, monkeypatch
):
    case = Case(tmp_path, practice)
    case.start()
    with monkeypatch.context() as patch:
        patch.setattr(
            "flows.lifecycle.confirmation.destroy_package",
            lambda *_: (_ for _ in ()).throw(KeyboardInterrupt),
        )
        with pytest.raises(KeyboardInterrupt):
            confirm(Control.open(Home(case.home), "trial"), case.run_id, ImportState.IMPORTED)
    assert case.content()
    assert sweep_home(Home(case.home), case.clock).copies_destroyed == 1
    assert case.content() == {}


def test_a_damaged_instruction_holds_up_the_end_of_no_other_copy(practice, tmp_path):
    case = Case(tmp_path, practice)
    case.start_apart({"who": "control", "at": "step", "name": "extract"})
    engine.abandon(Home(case.home), case.run_id, "trial")
    (row,) = case.custody()
    (case.home / "authorisations" / row["authorisation"] / "state").write_bytes(b"{")
    (tmp_path / "other").write_bytes(b"other")
    CustodyRegister(Home(case.home)).register(
        CopyKind.SOURCE,
        tmp_path / "other",
        authorisation_id="0" * 64,
        run_id=None,
        until="2026-01-01T00:00:00Z",
    )
    report = sweep_home(Home(case.home), case.clock)
    assert (report.copies_destroyed, report.copies_incomplete) == (1, 1)
    assert not (tmp_path / "other").exists()


def test_a_package_that_a_rollback_had_forgotten_is_held_until_its_date(practice, tmp_path):
    case = Case(tmp_path, practice, DOCTOR, OPERATOR)
    case.start_apart({"who": "control", "at": "step", "name": "reconcile"})
    shutil.copytree(case.home, tmp_path / "older")
    case.resume()
    shutil.rmtree(case.home)
    (tmp_path / "older").rename(case.home)
    accept_rollback(Home(case.home), "trial", Reason.SNAPSHOT_RESTORED)
    assert case.content()
    (row,) = case.custody()
    assert (row["kind"], row["run"]) == ("package", case.run_id)
    TrustedTime(Home(case.home), case.clock).confirm()
    case.clock.pass_time(days=21)
    assert sweep_home(Home(case.home), case.clock).copies_destroyed == 1
    assert case.content() == {}
