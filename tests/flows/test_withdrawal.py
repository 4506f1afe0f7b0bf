"""Withdrawal while a run is being carried, while it waits, and after it was published."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from pathlib import Path

import pytest
from support.whole_run import WholeRun

from flows.engine import run as engine
from flows.session.control import Control
from schemas.errors import AuthorisationError, RepriseError
from trial.home import P12_PASSWORD as PASSWORD
from trial.practice.write import write_practice
from vault.home_folder import Home
from vault.runs.lease import list_runs

pytestmark = pytest.mark.slow
SECONDS = 10


@pytest.fixture(scope="module")
def practice(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("practice") / "export"
    write_practice(folder, patients=150)
    return folder


class WithdrawingWatch:
    """Withdraws the instruction, from elsewhere, when a step shows progress."""

    def __init__(self, case: WholeRun, step: str) -> None:
        self._case, self._step = case, step
        self.begun_at: float | None = None
        self.thread = threading.Thread(target=self._withdraw)
        self.ended = -1

    def _withdraw(self) -> None:
        lease = list_runs(Home(self._case.home))[-1]
        self.ended = engine.withdraw(Control.open(Home(self._case.home), "trial"), lease.authorisation_id)

    def progress(self, step: str, done: int, total: int) -> None:
        if step == self._step and self.begun_at is None:
            self.begun_at = time.monotonic()
            self.thread.start()

    def step(self, step: str, counts: dict) -> None:
        self.progress(step, 0, 0)


@pytest.mark.parametrize("step", ["inventory", "extract", "deliver"])
def test_a_run_that_is_carried_ends_at_once(practice, tmp_path, step):
    case = WholeRun(tmp_path / "trial", practice)
    observer = WithdrawingWatch(case, step)
    with pytest.raises(AuthorisationError, match="withdrawn"):
        case.start(observer)
    assert observer.begun_at is not None
    took = time.monotonic() - observer.begun_at
    observer.thread.join(30)
    assert observer.ended == 1
    assert took < SECONDS, "the promise of ten seconds"
    require_withdrawn(case)


def test_a_run_that_waits_is_destroyed_by_the_withdrawal(practice, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart({"who": "control", "at": "step", "name": "extract"})
    assert any((case.home / "staging").iterdir())
    engine.withdraw(Control.open(Home(case.home), "trial"), list_runs(Home(case.home))[-1].authorisation_id)
    require_withdrawn(case)


def test_resume_and_sweep_know_of_a_withdrawal_that_died_half_way(practice, tmp_path, monkeypatch):
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart({"who": "control", "at": "step", "name": "extract"})
    with monkeypatch.context() as patch:
        patch.setattr(engine, "end_unpublished", lambda *a: (_ for _ in ()).throw(RepriseError("died")))
        with pytest.raises(RepriseError):
            engine.withdraw(
                Control.open(Home(case.home), "trial"), list_runs(Home(case.home))[-1].authorisation_id
            )
    with pytest.raises(AuthorisationError, match="withdrawn"):
        case.resume()
    require_withdrawn(case)


def test_what_was_published_stays_published(practice, tmp_path):
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart({"who": "control", "at": "step", "name": "publish"})
    engine.withdraw(Control.open(Home(case.home), "trial"), list_runs(Home(case.home))[-1].authorisation_id)
    assert case.content()
    assert certificate(case)["outcome"] == "package delivered"
    case.nothing_left()


def test_a_withdrawal_signed_by_the_controller_and_by_nobody_else(tmp_path, practice):
    case = WholeRun(tmp_path / "trial", practice)
    recorded = case.reprise("authorise", "record", case.made["authorisation"]).stdout.strip()
    paper = tmp_path / "withdrawal.json"
    assert case.reprise("authorise", "draft-withdrawal", recorded, "--to", str(paper)).returncode == 0
    signature = Path(str(paper) + ".p7s")
    signature.write_bytes(Path(case.made["authorisation"] + ".p7s").read_bytes())
    refused = case.reprise("authorise", "withdraw", recorded, "--signed", str(paper))
    assert refused.returncode == 10, refused.stderr
    sign(case, paper, signature)
    done = case.reprise("authorise", "withdraw", recorded, "--signed", str(paper), "--json")
    assert json.loads(done.stdout)["result"] == "withdrawn", done.stderr
    with pytest.raises(AuthorisationError, match="withdrawn"):
        case.start()


def sign(case: WholeRun, paper: Path, signature: Path) -> None:
    """With openssl, and the key of the trial's doctor."""
    key, password = case.folder / "key.pem", f"pass:{PASSWORD}"
    opening = [
        "openssl",
        "pkcs12",
        "-in",
        case.folder / "doctor.p12",
        "-passin",
        password,
        "-nodes",
        "-out",
        key,
    ]
    subprocess.run(opening, check=True, capture_output=True)
    signing = ["openssl", "cms", "-sign", "-binary", "-cades", "-md", "sha256", "-outform", "DER"]
    files = ["-in", paper, "-signer", key, "-inkey", key, "-out", signature]
    subprocess.run([*signing, *files], check=True, capture_output=True)


def test_reprise_signs_for_the_doctor(tmp_path, practice):
    case = WholeRun(tmp_path / "trial", practice)
    document, p12 = Path(case.made["authorisation"]), str(case.folder / "doctor.p12")
    signature = Path(f"{document}.p7s")
    signature.unlink()
    words = ["authorise", "sign", str(document), "--p12", p12]
    refused = case.reprise(*words, REPRISE_P12_PASSWORD="wrong")
    assert refused.returncode == 10, refused.stderr
    assert not signature.exists()
    assert case.reprise(*words, REPRISE_P12_PASSWORD=PASSWORD).stdout == f"signed: {signature.name}\n"
    assert case.reprise("authorise", "check", str(document)).returncode == 0
    assert case.start().state == "certified"


def certificate(case: WholeRun) -> dict:
    return json.loads((case.home / "runs" / case.run_id / "proof" / "certificate.json").read_bytes())


def require_withdrawn(case: WholeRun) -> None:
    case.nothing_left()
    assert not case.content()
    assert certificate(case)["outcome"] == "the authorisation was withdrawn, nothing delivered"
