"""The proof folder against whoever changes it, and the verifier alone in the world."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.whole_run import WholeRun

from trial.practice.write import write_practice
from vault.home_folder import Home
from vault.ledger.home_log import load_log_key
from vault.ledger.notes import COSIGNATURE, cosign_note, format_vkey
from vault.proof.certificate import build_certificate
from vault.proof.folder import _certificate_of, write_proof
from vault.verify import read_folder, verify
from vault.verify import verify as judge

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
REFUSED = range(91, 94)


@pytest.fixture(scope="module")
def proven(tmp_path_factory) -> tuple[WholeRun, Path, str]:
    folder = tmp_path_factory.mktemp("proof")
    write_practice(folder / "export", patients=2)
    case = WholeRun(folder / "trial", folder / "export")
    result = case.start()
    return case, Path(str(result.proof)), Path(case.made["policy"]).read_text()


@pytest.fixture
def copied(proven, tmp_path) -> tuple[Path, str]:
    return Path(shutil.copytree(proven[1], tmp_path / "proof")), proven[2]


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_the_verifier_needs_python_and_cryptography_alone(proven, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    for name in ("cryptography", "cffi", "_cffi_backend"):
        spec = find_spec(name)
        assert spec
        origin = Path(str(spec.origin))
        origin = origin.parent if origin.name == "__init__.py" else origin
        (site / origin.name).symlink_to(origin)
    words = [str(ROOT / "vault/verify.py"), str(proven[1]), "--policy", proven[0].made["policy"]]
    script = f"import sys,runpy; sys.path.append({str(site)!r}); sys.argv={words!r}; runpy.run_path(sys.argv[0], run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ACCEPTED" in done.stdout


def test_the_command_line_verifies_with_a_policy_and_not_without(proven):
    case, folder, _ = proven
    assert case.reprise("verify", str(folder), "--policy", case.made["policy"]).returncode == 0
    unanchored = case.reprise("verify", str(folder))
    assert unanchored.returncode == 92
    assert "UNANCHORED" in unanchored.stdout


def test_every_bit_of_the_manifest_and_its_signature(proven):
    files, policy = read_folder(proven[1]), proven[2]
    for name in ("manifest.json", "manifest.sig"):
        data = files[name]
        for at in range(len(data)):
            for bit in range(8) if name.endswith("sig") else (at % 8,):
                flipped = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
                assert judge({**files, name: flipped}, policy)[0] in REFUSED, (name, at, bit)
    assert judge(files, policy)[0] == 0


def test_every_bit_of_every_file(proven):
    """Sampled, one bit of every hundredth byte; `make bits` flips them all (some minutes)."""
    step = 1 if os.environ.get("REPRISE_EVERY_BIT") else 100
    files, tried = read_folder(proven[1]), 0
    for name, data in files.items():
        for at in range(0, len(data), step):
            for bit in range(8) if step == 1 else (at // step % 8,):
                flipped = bytearray(data)
                flipped[at] ^= 1 << bit
                assert judge({**files, name: bytes(flipped)}, proven[2])[0] in REFUSED, (name, at, bit)
                tried += 1
    print(f"{tried} bits of {len(files)} files flipped, each refused")


def test_flipped_bits_of_every_file(copied):
    folder, policy = copied
    chance = random.Random(5)
    for path in files_of(folder):
        data = path.read_bytes()
        for at in {0, len(data) - 1, *(chance.randrange(len(data)) for _ in range(40))}:
            path.write_bytes(data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :])
            assert verify(folder, policy)[0] in REFUSED, (path.name, at)
        path.write_bytes(data)


def test_removed_renamed_added_emptied_and_linked_files(copied, tmp_path):
    folder, policy = copied
    for path in files_of(folder):
        data = path.read_bytes()
        path.unlink()
        assert verify(folder, policy)[0] in REFUSED, path.name
        other = path.with_name(path.name + "x")
        other.write_bytes(data)
        assert verify(folder, policy)[0] in REFUSED, path.name
        other.unlink()
        path.write_bytes(b"")
        assert verify(folder, policy)[0] in REFUSED, path.name
        path.unlink()
        outside = tmp_path / "outside"
        outside.write_bytes(data)
        path.symlink_to(outside)
        assert verify(folder, policy)[0] in REFUSED, path.name
        path.unlink()
        path.write_bytes(data)
    (folder / "one-more.txt").write_text("x")
    assert verify(folder, policy)[0] in REFUSED


def test_a_folder_rebuilt_with_another_key(proven, copied):
    """Somebody signs the same files anew, and names his own key in the folder."""
    case, _, policy = proven
    folder, _ = copied
    files = {str(p.relative_to(folder)): p.read_bytes() for p in files_of(folder)}
    rest = {
        name: data
        for name, data in files.items()
        if not name.startswith("manifest.") and name != "README.txt"
    }
    write_proof(folder, rest, origin=Home(case.home).site.origin, key=Ed25519PrivateKey.generate())
    assert verify(folder, policy)[0] in REFUSED
    assert verify(folder, None)[0] in REFUSED


def test_a_policy_that_asks_for_witnesses(proven):
    """Nobody cosigned: with a quorum the folder is refused; with the witness's line over the same head it holds."""
    case, folder, policy = proven
    files, witness = read_folder(folder), Ed25519PrivateKey.from_private_bytes(b"w" * 32)
    vkey = format_vkey("w.example", witness.public_key().public_bytes_raw(), COSIGNATURE)
    asks = policy.replace("quorum none", f"witness w {vkey}\nquorum w")
    assert judge(files, asks) == (91, ["REFUSED: quorum_not_met"])
    seen = cosign_note(files["checkpoint"], "w.example", witness, 1_800_000_000)
    built = rebuilt_with(case, files, files["checkpoint"], seen)
    code, words = judge(built, asks)
    assert code == 0, words
    assert "cosigned the head: w." in "\n".join(words)
    false = seen[:-12] + (b"A" if seen[-12:-11] != b"A" else b"B") + seen[-11:]
    assert judge(rebuilt_with(case, files, files["checkpoint"], false), asks)[0] in REFUSED


def rebuilt_with(case: WholeRun, files: dict[str, bytes], old: bytes, new: bytes) -> dict[str, bytes]:
    """The folder with another note of the same head in it, under a manifest of the true key."""
    changed = {
        name: data.replace(old, new) for name, data in files.items() if not name.startswith("manifest")
    }
    if old == files["checkpoint"]:
        changed |= build_certificate(_certificate_of(changed))  # which lists witnesses among its channels
    folder = case.folder / "cosigned"
    write_proof(folder, changed, origin=Home(case.home).site.origin, key=load_log_key(Home(case.home)))
    return read_folder(folder)


HURTING = {
    "deep": b'{"files":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "huge number": b'{"files":[],"version":' + b"9" * 100_000 + b"}",
    "odd unicode": '{"files":[{"name":"\u202e\ud83d\ude00"}],"version":1}'.encode("utf-8", "surrogatepass"),
    "lone surrogate": b'{"files":[],"version":"\\ud800"}',
    "nan": b'{"files":NaN}',
    "twice": b'{"files":[],"files":[]}',
    "not json": bytes(range(256)),
    "empty": b"",
}


@pytest.mark.parametrize(
    "name", ["manifest.json", "certificate.json", "checkpoint", "policy.txt", "manifest.sig"]
)
@pytest.mark.parametrize("hurt", HURTING)
def test_files_that_are_made_to_hurt(proven, name, hurt):
    """Signed by the true key all the same, so that every parser behind the manifest sees them."""
    case, folder, policy = proven
    files = {**read_folder(folder), name: HURTING[hurt]}
    assert judge(files, policy)[0] in REFUSED
    if not name.startswith(("manifest", "policy")):
        assert judge(rebuilt_with(case, files, b"\x00never", b""), policy)[0] in REFUSED


def test_a_folder_too_large_to_read(copied):
    folder, policy = copied
    with (folder / "entries/9.json").open("wb") as stream:
        stream.truncate(1 << 40)
    assert verify(folder, policy) == (93, ["REFUSED: folder_too_large"])


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_foreign_bytes_in_any_file_are_refused_and_never_raise(proven, data):
    files = read_folder(proven[1])
    name = data.draw(st.sampled_from(sorted(files)))
    foreign = data.draw(
        st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "ignore"))
    )
    assert foreign == files[name] or judge({**files, name: foreign}, proven[2])[0] in REFUSED
    policy = data.draw(st.text(max_size=200))
    assert judge(files, policy)[0] in REFUSED


def test_files_of_another_run_under_a_true_manifest(proven, tmp_path):
    """Two true proofs of one log, mixed."""
    case, first, policy = proven
    second = Path(str(case.start(use="rehearsal").proof))
    assert verify(second, policy)[0] == 0
    for name in [str(p.relative_to(first)) for p in files_of(first)]:
        mixed = Path(shutil.copytree(second, tmp_path / "mixed", dirs_exist_ok=True))
        if not (mixed / name).is_file() or (mixed / name).read_bytes() == (first / name).read_bytes():
            continue
        (mixed / name).write_bytes((first / name).read_bytes())
        assert verify(mixed, policy)[0] in REFUSED, name
        shutil.rmtree(mixed)
