"""Whether a package is the one that a run's proof tells of, as a practice asks it with `reprise open --proof`."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from support.whole_run import WholeRun

from flows.package.open_package import open_package
from schemas.errors import PackageError
from vault.age.sealing import make_identity, seal_bytes


@pytest.fixture(scope="module")
def case(practice, tmp_path_factory) -> WholeRun:
    made = WholeRun(tmp_path_factory.mktemp("open") / "trial", practice)
    assert made.start().state == "certified"
    return made


def delivered(case: WholeRun, tmp_path: Path) -> Path:
    """A copy of what was delivered, to be altered."""
    (found,) = case.destination.glob("reprise-*")
    return Path(shutil.copytree(found, tmp_path / "package"))


def opened(case: WholeRun, package: Path, into: Path, policy: str | None = None) -> dict[str, int | bool]:
    identity = (case.folder / "identity.age").read_text()
    proof = case.home / "runs" / case.run_id / "proof"
    return open_package(package, identity, into, proof, policy or Path(case.made["policy"]).read_text())


def test_a_package_is_held_against_its_proof(case, tmp_path):
    """Another's parts, well sealed and listed in a manifest that fits them, are not those that the run sealed."""
    package = delivered(case, tmp_path)
    assert opened(case, package, tmp_path / "in")["compared_with_proof"]
    manifest = json.loads((package / "manifest.json").read_bytes())
    forged = seal_bytes([make_identity()[1]], b"forged")
    listed = manifest["parts"][0]
    (package / listed["name"]).write_bytes(forged)
    listed.update(bytes=len(forged), sha256=sha256(forged).hexdigest())
    (package / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PackageError, match="package_not_as_proven"):
        opened(case, package, tmp_path / "again")
    manifest["run"] = "99999999-2222-3333-4444-555555555555"
    (package / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PackageError, match="package_of_another_run"):
        opened(case, package, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_part_left_out_of_the_manifest_is_missed(case, tmp_path):
    package = delivered(case, tmp_path)
    manifest = json.loads((package / "manifest.json").read_bytes())
    del manifest["parts"][-1]
    (package / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PackageError, match="package_not_as_proven"):
        opened(case, package, tmp_path / "in")


def test_nothing_is_compared_with_a_proof_that_does_not_hold(case, tmp_path):
    package = delivered(case, tmp_path)
    with pytest.raises(PackageError, match="proof_not_accepted"):
        opened(case, package, tmp_path / "in", policy="log x\nquorum none\n")
    assert not (tmp_path / "in").exists()


def test_the_command_says_whether_it_compared(case, tmp_path):
    package, identity = str(delivered(case, tmp_path)), str(case.folder / "identity.age")
    proof = str(case.home / "runs" / case.run_id / "proof")
    words = ("open", package, "--identity", identity, "--into")
    plain = case.reprise(*words, str(tmp_path / "one"))
    assert (plain.returncode, "Not compared with a proof" in plain.stdout) == (0, True), plain.stderr
    compared = case.reprise(*words, str(tmp_path / "two"), "--proof", proof, "--policy", case.made["policy"])
    assert "These are the parts that the proof names" in compared.stdout, compared.stderr
    assert case.reprise(*words, str(tmp_path / "three"), "--proof", proof).returncode == 2
    assert case.reprise(*words, str(tmp_path / "two")).returncode == 61, "never over what is there"
