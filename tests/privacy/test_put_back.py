"""Homes put back as they were: what had been destroyed or erased since goes again, before anything else runs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import canary
import pytest
from support.whole_run import WholeRun
from test_erasure import allow_erasure, doctor_id, erase, needles_of

from flows.engine import run as engine
from flows.session.observer import NoObserver
from schemas.errors import ForkError, KeyDestroyedError, RunEndedError
from trial.practice.write import write_practice
from vault.age.sealing import make_identity
from vault.destruction.destroy import key_of
from vault.home.restore import restore_backup
from vault.home_folder import Home
from vault.keys.registry import provider
from vault.ledger.home_log import open_store
from vault.records.subjects import Subjects
from vault.runs.lease import Lease, list_runs
from vault.system.clock import SystemClock

pytestmark = pytest.mark.slow


@pytest.fixture
def stopped(tmp_path) -> WholeRun:
    """A certified rehearsal, and a migration whose control process was killed with records staged."""
    write_practice(tmp_path / "export", patients=2)
    case = WholeRun(tmp_path / "trial", tmp_path / "export")
    allow_erasure(case)
    case.start(use="rehearsal")
    case.start_apart({"who": "control", "at": "step", "name": "extract"})
    assert any(path.is_file() for path in staging(case).rglob("*"))
    return case


def alive(case: WholeRun) -> Lease:
    return list_runs(Home(case.home))[-1]


def staging(case: WholeRun) -> Path:
    return case.home / "staging" / alive(case).run_id


def told(case: WholeRun, kind: str) -> list[dict]:
    store = open_store(Home(case.home))
    entries = [json.loads(entry) for entry in store.read(0, store.head().size)]
    return [entry for entry in entries if entry["type"] == kind]


def key_is_gone(lease: Lease) -> bool:
    ref = key_of(lease)
    return ref is None or provider(lease.provider).state(ref).value in ("absent", "revoked", "expired")


def test_a_home_put_back_after_a_destruction_and_an_erasure(stopped, tmp_path, monkeypatch):
    monkeypatch.setattr(canary, "_PATTERNS", needles_of(stopped))
    doctor, old, run = doctor_id(stopped), tmp_path / "old", alive(stopped)
    shutil.copytree(stopped.home, old)
    engine.abandon(Home(stopped.home), run.run_id, "trial")
    assert erase(stopped, tmp_path / "receipt.json")[1].returncode == 0
    shutil.rmtree(stopped.home)
    shutil.copytree(old, stopped.home)
    assert Subjects(Home(stopped.home)).read(doctor) is not None, "everything is back"
    assert any(path.is_file() for path in staging(stopped).rglob("*"))

    for words in (("runs",), ("sweep",), ("resume", run.run_id), ("subject", "list"), ("status", "--strict")):
        refused = stopped.reprise(*words)
        if words != ("subject", "list"):  # looks at no ledger
            assert (refused.returncode, "home_rolled_back" in refused.stderr) == (
                ForkError.exit_code,
                True,
            ), words
    assert staging(stopped).is_dir(), "nothing else ran"

    accepted = stopped.reprise("accept-rollback", "--reason", "snapshot_restored", "--json")
    assert accepted.returncode == 0, accepted.stderr
    counts = json.loads(accepted.stdout.splitlines()[-1])
    assert (counts["runs"], counts["alive"], counts["ended"]) == (1, 1, 1)
    assert counts["lost"] > 0
    assert doctor not in Subjects(Home(stopped.home)).ids()
    assert key_is_gone(run)
    stopped.nothing_left()  # no staging; a whole ledger; every certificate verifies
    left = [p.name for p in stopped.home.rglob("*") if p.is_file() and canary.holds_canary(p.read_bytes())]
    assert left == [], "no byte of the doctor"
    first, second = told(stopped, "home.restored")
    assert (first["code"], first["n"]["lost"], first["n"]["runs"]) == ("snapshot_restored", counts["lost"], 1)
    assert (second["code"], second["n"]["subjects"]) == ("found_again", 1), (
        "erased once its run had its certificate"
    )
    assert stopped.reprise("status", "--strict").returncode == 0


def test_a_backup_with_a_living_run_restored_on_a_new_host(stopped, tmp_path):
    run, (identity, recipient) = alive(stopped), make_identity()
    (tmp_path / "identity").write_text(identity)
    sealed = tmp_path / "home.age"
    made = stopped.reprise("backup", "--to", str(sealed), "--recipient", recipient)
    assert made.returncode == 0, made.stderr
    if shutil.which("age"):
        plain = subprocess.run(
            ["age", "-d", "-i", tmp_path / "identity", sealed], capture_output=True, check=True
        )
        listed = subprocess.run(
            ["tar", "t"], input=plain.stdout, capture_output=True, check=True
        ).stdout.decode()
        assert f"runs/{run.run_id}/lease.json" in listed
        assert "staging" not in listed
        assert ".partial" not in listed
        assert not [line for line in listed.split() if line.endswith((".parquet", ".lock"))]
    assert not any(pattern in sealed.read_bytes() for pattern in needles_of(stopped))

    provider(run.provider).destroy(key_of(run))  # another host: no key, no staging, no memory of the home
    shutil.rmtree(stopped.home)
    shutil.rmtree(stopped.folder / ".home.host")
    restore_backup(sealed, identity, Home(stopped.home), SystemClock(), "trial")
    with pytest.raises(KeyDestroyedError, match="run_of_a_restored_home"):
        engine.resume(Home(stopped.home), run.run_id, "trial", NoObserver())
    assert [e["n"]["alive"] for e in told(stopped, "home.restored")] == [1], "the opening forgot again, first"
    assert stopped.reprise("sweep").returncode == 0
    with pytest.raises(RunEndedError):
        engine.resume(Home(stopped.home), run.run_id, "trial", NoObserver())
    stopped.nothing_left()
    assert (
        len(
            [
                r
                for r in list_runs(Home(stopped.home))
                if (stopped.home / "runs" / r.run_id / "proof").is_dir()
            ]
        )
        == 2
    )
