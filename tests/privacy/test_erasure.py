"""A doctor who is erased leaves no byte behind; every proof still verifies, and the erasure itself is proven."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from base64 import b64decode
from pathlib import Path

import canary
import pytest
from asn1crypto import cms
from support.whole_run import WholeRun

from flows.admin.erasure import erase_subject
from flows.retention.round import sweep_round
from flows.session.control import Control
from schemas.errors import BusyError, IntegrityError, RetentionError
from schemas.person_records import AnyPerson, Doctor, EnrolledOperator
from trial.home import DOCTOR_NAME
from trial.practice.write import write_practice
from vault.home.host_record import HostRecord
from vault.home_folder import Home
from vault.ledger.entries import commit
from vault.records.enrolment import attest_doctor
from vault.records.operators import enrol_operator
from vault.records.subjects import Subjects
from vault.runs.run_lock import lock_run
from vault.system.clock import SystemClock
from vault.verify import read_folder
from vault.verify import verify as judge

pytestmark = pytest.mark.slow


@pytest.fixture
def migrated(tmp_path) -> WholeRun:
    write_practice(tmp_path / "export", patients=2)
    case = WholeRun(tmp_path / "trial", tmp_path / "export")
    case.start()
    return case


def needles_of(case: WholeRun) -> list[bytes]:
    """Name, numbers and certificate of the doctor as they would stand anywhere, in any encoding."""
    instruction = json.loads(Path(case.made["authorisation"]).read_bytes())
    signature = cms.ContentInfo.load(Path(case.made["authorisation"] + ".p7s").read_bytes())["content"]
    leaf = next(c.chosen for c in signature["certificates"] if DOCTOR_NAME in c.chosen.subject.human_friendly)
    words = [DOCTOR_NAME, instruction["controllers"][0]["nihii"], leaf.subject.native["serial_number"]]
    key = (
        leaf.public_key.native["public_key"]["modulus"].to_bytes(256, "big")
        if leaf.public_key.algorithm == "rsa"
        else leaf.dump()
    )
    patterns = [pattern for word in words for pattern in canary.encodings(word) if len(pattern) >= 8]
    return [*patterns, key[40:72], key[40:72].hex().encode()]


def erase(case: WholeRun, receipt: Path):
    listed = json.loads(case.reprise("subject", "list", "--json").stdout.splitlines()[-1])
    (doctor,) = [s["subject"] for s in listed if s["kind"] == "doctor"]
    return doctor, case.reprise("subject", "erase", doctor, "--yes", "--receipt", str(receipt))


def allow_erasure(case: WholeRun) -> None:
    with (case.home / "site.toml").open("a") as settings:
        settings.write("proof_retention_days = 0\n")


def test_no_byte_of_an_erased_doctor_is_left(migrated, tmp_path, monkeypatch):
    monkeypatch.setattr(canary, "_PATTERNS", needles_of(migrated))
    proof = migrated.home / "runs" / migrated.run_id / "proof"
    assert any(canary.holds_canary(path.read_bytes()) for path in proof.rglob("*") if path.is_file()), (
        "before"
    )
    allow_erasure(migrated)
    _, done = erase(migrated, tmp_path / "receipt.json")
    assert done.returncode == 0, done.stderr
    left = [
        p.relative_to(migrated.home)
        for p in migrated.home.rglob("*")
        if p.is_file() and canary.holds_canary(p.read_bytes())
    ]
    assert left == []
    migrated.nothing_left()  # the ledger is whole and every proof verifies


def test_a_run_whose_damaged_lease_was_set_aside_is_the_person_s_as_well(migrated, tmp_path, monkeypatch):
    monkeypatch.setattr(canary, "_PATTERNS", needles_of(migrated))
    run = migrated.run_id
    (migrated.home / "runs" / run / "lease.json").write_bytes(b"{")
    assert sweep_round(Home(migrated.home)).unreadable == 1
    kept, refused = erase(migrated, tmp_path / "receipt.json")
    assert refused.returncode == RetentionError.exit_code, refused.stdout + refused.stderr
    shown = json.loads(migrated.reprise("subject", "show", kept, "--json").stdout.splitlines()[-1])
    assert [(row["run"], row["use"]) for row in shown["runs"]] == [(run, "migration")]
    assert shown["kept_until"] > "2036"
    allow_erasure(migrated)
    _, done = erase(migrated, tmp_path / "receipt.json")
    assert done.returncode == 0, done.stderr
    last = migrated.entries()[-2:]
    assert (last[0]["type"], last[0]["n"]["runs"], last[1]["type"]) == ("subject.erased", 1, "proof.issued")
    assert [p for p in migrated.home.rglob("*") if p.is_file() and canary.holds_canary(p.read_bytes())] == []
    migrated.nothing_left()


def test_a_crash_amid_the_erasure_of_such_a_run_leaves_nothing_either(migrated, tmp_path, monkeypatch):
    monkeypatch.setattr(canary, "_PATTERNS", needles_of(migrated))
    (migrated.home / "runs" / migrated.run_id / "lease.json").write_bytes(b"{")
    sweep_round(Home(migrated.home))
    allow_erasure(migrated)
    rename, doctor = os.rename, doctor_id(migrated)

    def lose_power(source, target) -> None:
        if Path(source).name == ".proof.building":
            raise KeyboardInterrupt
        rename(source, target)

    with monkeypatch.context() as power:
        power.setattr(os, "rename", lose_power)
        with pytest.raises(KeyboardInterrupt):
            erase_subject(Control.open(Home(migrated.home), "trial"), doctor)
    erase_subject(Control.open(Home(migrated.home), "trial"), doctor)
    assert [p for p in migrated.home.rglob("*") if p.is_file() and canary.holds_canary(p.read_bytes())] == []
    migrated.nothing_left()


def test_another_s_damaged_record_keeps_nobody_from_being_erased(migrated, tmp_path):
    run = migrated.run_id
    allow_erasure(migrated)
    (state,) = (migrated.home / "authorisations").glob("*/state")
    (migrated.home / "runs" / run / "lease.json").write_bytes(b"{")
    sweep_round(Home(migrated.home))
    whole = state.read_bytes()
    state.write_bytes(b"{")
    with pytest.raises(IntegrityError, match="run_of_unknown_owner"):  # it may be anybody's
        erase_subject(Control.open(Home(migrated.home), "trial"), doctor_id(migrated))
    state.write_bytes(whole)
    (migrated.home / "authorisations/ffff").mkdir()
    (migrated.home / "authorisations/ffff/state").write_bytes(b"{")
    assert (
        erase_subject(Control.open(Home(migrated.home), "trial"), doctor_id(migrated))["recorded"]["n"][
            "runs"
        ]
        == 1
    )


def test_the_person_can_prove_the_erasure(migrated, tmp_path):
    allow_erasure(migrated)
    inss = _number(migrated)
    _, done = erase(migrated, tmp_path / "receipt.json")
    assert done.returncode == 0, done.stderr
    receipt = json.loads((tmp_path / "receipt.json").read_text())
    assert stat.S_IMODE((tmp_path / "receipt.json").stat().st_mode) == 0o600, "its salt opens the entry"
    entry = migrated.entries()[receipt["entry"]]
    assert entry == receipt["recorded"]
    opened = commit(b64decode(receipt["salt"]), "subject.erased", "subject", inss.encode())
    assert entry["c"]["subject"] == opened
    assert receipt["proof"].startswith(f"c2sp.org/tlog-proof@v1\nindex {receipt['entry']}\n")


def test_a_record_that_the_law_keeps_is_refused_and_the_refusal_recorded(migrated, tmp_path):
    doctor, done = erase(migrated, tmp_path / "receipt.json")
    assert done.returncode == RetentionError.exit_code, done.stdout
    shown = json.loads(migrated.reprise("subject", "show", doctor, "--json").stdout.splitlines()[-1])
    assert shown["record"]["name"] == DOCTOR_NAME
    assert "salt" not in shown["record"]
    assert shown["kept_until"] > "2036"
    assert [e["type"] for e in migrated.entries()[-2:]] == ["subject.retained", "subject.shown"]
    assert not (tmp_path / "receipt.json").exists()


def test_an_operator_who_carried_a_run_is_kept_as_long_and_one_who_did_not_goes(migrated, tmp_path):
    ids = {r.name: s for s, r in records(migrated).items() if isinstance(r, EnrolledOperator)}
    assert len(ids) > 1
    subject = next(subject for name, subject in ids.items() if name != "trial")
    words = ("subject", "erase", "--yes", "--json", "--receipt", str(tmp_path / "r.json"))
    needed = migrated.reprise(*words, subject)
    assert (needed.returncode, "attester_needed" in needed.stdout) == (RetentionError.exit_code, True)
    third = enrol_operator(Home(migrated.home), "third")
    attest_doctor(Home(migrated.home), doctor_id(migrated), third, ("identity_card",), SystemClock().now())
    assert "operator_acts" in migrated.reprise(*words, third.id, "--operator", "third").stdout
    kept = migrated.reprise(*words, ids["trial"], "--operator", "third")
    gone = migrated.reprise(*words, subject)
    assert (kept.returncode, gone.returncode) == (RetentionError.exit_code, 0), kept.stderr + gone.stderr
    assert "retention_not_over" in kept.stdout
    assert set(records(migrated)) == {*ids.values(), third.id, doctor_id(migrated)} - {subject}


def test_the_proof_that_the_doctor_took_home_still_verifies(migrated, tmp_path):
    taken = read_folder(migrated.home / "runs" / migrated.run_id / "proof")
    allow_erasure(migrated)
    erase(migrated, tmp_path / "receipt.json")
    assert judge(taken, Path(migrated.made["policy"]).read_text())[0] == 0


def certificate_for_the_practice(case: WholeRun, folder: Path) -> tuple[bool, str]:
    """What `reprise certificate` wrote: whether it says that it has names, and the text of its paper."""
    done = case.reprise("certificate", case.run_id, "--to", str(folder), "--json")
    assert done.returncode == 0, done.stderr
    words = ["pdftotext", str(folder / "certificate.pdf"), "-"]
    paper = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert (DOCTOR_NAME in (folder / "certificate.html").read_text()) is (DOCTOR_NAME in paper)
    return json.loads(done.stdout.splitlines()[-1])["named"], paper


def test_a_certificate_names_the_doctor_until_the_erasure_and_the_one_in_the_proof_never(migrated, tmp_path):
    allow_erasure(migrated)
    proof = migrated.home / "runs" / migrated.run_id / "proof"
    named, paper = certificate_for_the_practice(migrated, tmp_path / "before")
    assert (named, DOCTOR_NAME in paper, migrated.run_id in paper) == (True, True, True)
    issued = [(proof / f"certificate.{kind}").read_bytes() for kind in ("html", "json")]
    assert not any(DOCTOR_NAME.encode() in data for data in issued)
    _, done = erase(migrated, tmp_path / "receipt.json")
    assert done.returncode == 0, done.stderr
    named, paper = certificate_for_the_practice(migrated, tmp_path / "after")
    assert (named, DOCTOR_NAME in paper, migrated.run_id in paper) == (False, False, True)


def records(case: WholeRun) -> dict[str, AnyPerson | None]:
    subjects = Subjects(Home(case.home))
    return {subject: subjects.read(subject) for subject in subjects.ids()}


def doctor_id(case: WholeRun) -> str:
    return next(subject for subject, record in records(case).items() if isinstance(record, Doctor))


def _number(case: WholeRun) -> str:
    return records(case)[doctor_id(case)].inss


def test_an_erasure_that_a_crash_cut_short_leaves_no_former_folder(migrated, monkeypatch):
    def broken(path: Path, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise OSError(5, "")

    allow_erasure(migrated)
    doctor, needles = doctor_id(migrated), needles_of(migrated)
    with monkeypatch.context() as patch:
        patch.setattr("vault.proof.folder.shutil.rmtree", broken)
        with pytest.raises(OSError, match="5"):
            erase_subject(Control.open(Home(migrated.home), "trial"), doctor)
    monkeypatch.setattr(canary, "_PATTERNS", needles)
    assert doctor in Subjects(Home(migrated.home)).ids(), "the record goes last"
    sweep_round(Home(migrated.home))
    assert not [p for p in migrated.home.rglob("*") if p.is_file() and canary.holds_canary(p.read_bytes())]


def test_the_host_learns_of_an_erasure_from_the_next_sweep_at_the_latest(migrated, tmp_path, monkeypatch):
    allow_erasure(migrated)
    doctor = doctor_id(migrated)
    monkeypatch.setattr(HostRecord, "note_gone", lambda *_: (_ for _ in ()).throw(OSError(28, "")))
    erase_subject(Control.open(Home(migrated.home), "trial"), doctor)
    monkeypatch.undo()
    memory = Control.open_to_look(Home(migrated.home)).memory
    assert memory.gone("erased") == frozenset()
    sweep_round(Home(migrated.home))
    assert {name.partition(".")[0] for name in memory.gone("erased")} == {doctor}


def test_nobody_is_erased_while_a_run_of_theirs_is_carried(migrated):
    allow_erasure(migrated)
    doctor = doctor_id(migrated)
    with lock_run(Home(migrated.home), (doctor,)), pytest.raises(BusyError):
        erase_subject(Control.open(Home(migrated.home), "trial"), doctor)
    assert doctor in Subjects(Home(migrated.home)).ids()
