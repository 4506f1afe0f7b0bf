"""The whole way on real samples, without Prefect: certified, verified by the stand-alone verifier, nothing left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flows.engine import run as engine
from flows.session.observer import NoObserver
from flows.session.orders import Order
from flows.session.results import RunResult
from trial.home import make_trial
from vault.home_folder import Home
from vault.verify import verify

ROOT = Path(__file__).resolve().parents[2]


def migrate(tmp_path: Path, source: Path, **changes: str) -> tuple[dict[str, str], RunResult]:
    made = make_trial(tmp_path / "trial", source)
    fields = {
        "source": made["source"],
        "authorisation": made["authorisation"],
        "use": "migration",
        "destination": made["destination"],
        "keys": "keyring",
        "operator": "trial",
        **changes,
    }
    return made, engine.start(Home(Path(made["home"])), Order(**fields), NoObserver())


@pytest.mark.slow
@pytest.mark.parametrize("keys", ["keyring", "memory"])
def test_smf_folder_is_migrated_whole(shared, tmp_path, keys):
    source = tmp_path / "export"
    source.mkdir()
    for number, path in enumerate(sorted((shared / "samples" / "kmehr" / "smf").glob("pricare*.xml"))):
        (source / f"{number}.xml").write_bytes(path.read_bytes())
    made, result = migrate(tmp_path, source, keys=keys)
    assert result.state == "certified"
    assert result.dispositions["degraded"] == 0
    assert set(result.counts["extract"]["rejects"]) <= {"remark"}  # a comment before the root, in some
    assert not list((Path(made["home"]) / "staging").iterdir())
    assert all(Path(path).is_file() for path in result.delivered)
    done = subprocess.run(
        [sys.executable, ROOT / "vault/verify.py", result.proof, "--policy", made["policy"]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_every_flipped_byte_of_a_proof_is_refused(shared, tmp_path):
    made, result = migrate(tmp_path, shared / "samples" / "kmehr" / "smf" / "icure.pmf-minimal.scrubbed.xml")
    policy, folder = Path(made["policy"]).read_text(), Path(result.proof)
    assert verify(folder, policy)[0] == 0
    assert verify(folder, None)[0] == 92
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        for at in {0, len(data) // 3, len(data) // 2, len(data) - 1}:
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            assert 91 <= verify(folder, policy)[0] <= 93, (path.name, at)
        path.write_bytes(data)
    (folder / "added").write_bytes(b"x")
    assert verify(folder, policy)[0] == 91


@pytest.mark.slow
def test_a_refusal_leaves_nothing_but_its_ledger_entry(shared, tmp_path):
    from schemas.errors import ScopeError

    with pytest.raises(ScopeError) as refused:
        migrate(
            tmp_path,
            shared / "samples" / "kmehr" / "_ours" / "smf_reference.xml",
            destination=str(tmp_path / "other"),
        )
    assert refused.value.code == "other_destination"
    assert not list((tmp_path / "trial" / "home" / "staging").iterdir())
    assert not list((tmp_path / "trial" / "home" / "runs").iterdir())
