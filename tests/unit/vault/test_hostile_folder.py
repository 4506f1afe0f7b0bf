"""A proof folder built to hurt whoever reads it: the verifier says so by its code, in one line, and ends."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz import folder, seeds

VERIFIER = Path(__file__).resolve().parents[3] / "vault" / "verify.py"


@pytest.fixture
def proof(tmp_path) -> Path:
    for name, data in folder.good().items():
        path = tmp_path / "proof" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "policy.txt").write_text(seeds.POLICY)
    return tmp_path / "proof"


def verified(proof: Path) -> tuple[int, str]:
    words = [sys.executable, VERIFIER, proof, "--policy", proof.parent / "policy.txt"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.stderr == "", "a traceback"
    return done.returncode, done.stdout.strip()


def pipe(proof: Path) -> None:
    os.mkfifo(proof / "entries/9.json")


def pipe_for_a_file(proof: Path) -> None:
    (proof / "certificate.json").unlink()
    os.mkfifo(proof / "certificate.json")


def plug(proof: Path) -> None:
    here = Path.cwd()
    os.chdir(proof)  # the name of a socket is short
    socket.socket(socket.AF_UNIX).bind("s")
    os.chdir(here)


def device(proof: Path) -> None:
    try:
        os.mknod(proof / "zero", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")


def link_to_device(proof: Path) -> None:
    (proof / "certificate.html").unlink()
    (proof / "certificate.html").symlink_to("/dev/zero")


def link_to_itself(proof: Path) -> None:
    (proof / "loop").symlink_to("loop")


def folder_link_to_its_parent(proof: Path) -> None:
    (proof / "entries/up").symlink_to("..")


def hole(proof: Path) -> None:
    with (proof / "hole").open("wb") as stream:
        stream.truncate(1 << 40)


def holes(proof: Path) -> None:
    for number in range(12):
        with (proof / f"hole-{number}").open("wb") as stream:
            stream.truncate(7 << 20)


def thousands(proof: Path) -> None:
    for number in range(5000):
        (proof / f"{number}.txt").touch()


def deep(proof: Path) -> None:
    """Deeper than a path can be named."""
    here = os.open(proof, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("ddd", dir_fd=here)
        here, last = os.open("ddd", os.O_RDONLY, dir_fd=here), here
        os.close(last)
    os.close(here)


def odd_names(proof: Path) -> None:
    for name in (
        b"\xff\xfe",
        "\u202e.json".encode(),
        b"a\nACCEPTED against the given policy.",
        b"n" * 255,
        b"\x1b[2J",
    ):
        with open(os.fsencode(proof) + b"/" + name, "wb"):
            pass


def name_but_for_case(proof: Path) -> None:
    (proof / "CERTIFICATE.JSON").write_bytes((proof / "certificate.json").read_bytes())


def name_but_for_normal_form(proof: Path) -> None:
    (proof / "e\u0301").touch()
    (proof / "\u00e9").touch()


@pytest.mark.parametrize(
    ("hurt", "answer"),
    [
        (pipe, (93, "REFUSED: folder_too_large")),
        (pipe_for_a_file, (93, "REFUSED: folder_too_large")),
        (plug, (93, "REFUSED: folder_too_large")),
        (device, (93, "REFUSED: folder_too_large")),
        (link_to_device, (93, "REFUSED: link_in_folder")),
        (link_to_itself, (93, "REFUSED: link_in_folder")),
        (folder_link_to_its_parent, (93, "REFUSED: link_in_folder")),
        (hole, (93, "REFUSED: folder_too_large")),
        (holes, (93, "REFUSED: folder_too_large")),
        (thousands, (93, "REFUSED: folder_too_large")),
        (deep, (93, "REFUSED: folder_malformed")),
        (odd_names, (91, "REFUSED: file_of_unknown_name")),
        (name_but_for_case, (91, "REFUSED: file_of_unknown_name")),
        (name_but_for_normal_form, (91, "REFUSED: file_of_unknown_name")),
    ],
)
def test_a_folder_built_to_hurt(proof, hurt, answer):
    hurt(proof)
    try:
        assert verified(proof) == answer
    finally:
        subprocess.run(["rm", "-rf", proof], check=True)  # pytest's own clean-up does not go so deep


def test_the_folder_was_a_good_one(proof):
    code, words = verified(proof)
    assert code == 0, words


@pytest.mark.parametrize("policy", [b"\xff", b"\0", b"log x\n" * 300, b""])
def test_a_policy_that_is_none(proof, policy):
    (proof.parent / "policy.txt").write_bytes(policy)
    code, words = verified(proof)
    assert code in (91, 93)
    assert words.startswith("REFUSED: ")
    assert "\n" not in words


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000.p/4", "tile/entries/000.p/4"])
def test_a_ledger_built_to_hurt_its_audit(tmp_path, name):
    from test_ledger_attacks import WHOLE, faults, open_log, record

    record(open_log(tmp_path / "log"), "r1", *WHOLE)
    path = tmp_path / "log" / name
    path.unlink()
    os.mkfifo(path)
    verifier = open_log(tmp_path / "log").store.vkey  # the audit alone: nothing else opens a pipe
    assert "unknown_file" in audited(tmp_path / "log", verifier)
    path.unlink()
    with path.open("wb") as stream:
        stream.truncate(1 << 40)
    assert faults(tmp_path / "log") == ["unknown_file"]


def audited(log: Path, vkey: str) -> list[str]:
    script = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path; from vault.ledger.audit import audit;"
        "from vault.ledger.notes import VerifierKey; print(*audit(Path(sys.argv[1]), VerifierKey.parse(sys.argv[2]), datetime.now(UTC)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, log, vkey],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=VERIFIER.parent.parent,
    )
    return done.stdout.split()
