"""Time stamps from an authority made with `openssl ts`, which also verifies them."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.errors import RepriseError
from vault.timestamps import Stamps

CHECKPOINT = b"test.example/log\n1\nroot\n"
CONFIG = """
[tsa]
default_tsa = ours
[ours]
serial = {0}/serial
signer_cert = {0}/tsa.pem
signer_key = {0}/tsa.key
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
"""


def openssl(*words: object) -> None:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


class Authority:
    """A time-stamp authority in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self.config = folder, folder / "tsa.cnf"
        self.config.write_text(CONFIG.format(folder))
        (folder / "serial").write_text("01\n")
        key = ["-newkey", "rsa:2048", "-nodes", "-config", "/dev/null"]
        root, leaf, request = folder / "root.pem", folder / "tsa.pem", folder / "tsa.csr"
        openssl(
            "req", "-new", *key, "-subj", "/CN=Stamp root", "-keyout", folder / "root.key", "-out", request
        )
        signing = ["-days", "30", "-extfile", self.config]
        openssl(
            "x509",
            "-req",
            "-in",
            request,
            "-signkey",
            folder / "root.key",
            *signing,
            "-extensions",
            "root",
            "-out",
            root,
        )
        openssl("req", "-new", *key, "-subj", "/CN=Stamps", "-keyout", folder / "tsa.key", "-out", request)
        by = ["-CA", root, "-CAkey", folder / "root.key", "-CAcreateserial"]
        openssl("x509", "-req", "-in", request, *by, *signing, "-extensions", "leaf", "-out", leaf)

    def answer(self, request: bytes) -> bytes:
        (self.folder / "q.tsq").write_bytes(request)
        out = self.folder / "a.tsr"
        openssl("ts", "-reply", "-config", self.config, "-queryfile", self.folder / "q.tsq", "-out", out)
        return out.read_bytes()


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "a")


@pytest.fixture
def stamps(tmp_path, authority) -> Stamps:
    roots = tmp_path / "trust/timestamps"
    roots.mkdir(parents=True)
    (roots / "root.pem").write_bytes((authority.folder / "root.pem").read_bytes())
    return Stamps(tmp_path)


def now() -> datetime:
    return datetime.now(UTC)


def test_a_head_is_stamped_and_openssl_agrees(stamps, authority, tmp_path):
    response = authority.answer(stamps.request(1, CHECKPOINT))
    size, moment = stamps.accept(response, now())
    assert size == 1
    assert abs(moment - now()) < timedelta(minutes=1)
    (kept,) = stamps.kept()
    assert (kept.checkpoint, kept.response) == (CHECKPOINT, response)
    (tmp_path / "data").write_bytes(CHECKPOINT)
    files = [
        "-data",
        tmp_path / "data",
        "-in",
        tmp_path / "stamps/1.tsr",
        "-CAfile",
        authority.folder / "root.pem",
    ]
    openssl("ts", "-verify", *files)


def refused(code: str):
    return pytest.raises(RepriseError, match=code)


def test_what_is_refused(stamps, authority, tmp_path):
    response = authority.answer(stamps.request(1, CHECKPOINT))
    with refused("stamp_untrusted"):
        stamps.verify(CHECKPOINT + b"x", response)
    with refused("clock_differs"):
        stamps.accept(response, now() + timedelta(days=5 * 365))
    with refused("stamp_malformed"):
        stamps.accept(b"no answer", now())
    with refused("stamp_untrusted"):
        stamps.accept(Authority(tmp_path / "other").answer(stamps.request(1, CHECKPOINT)), now())
    with refused("stamp_of_nothing_here"):
        Stamps(tmp_path / "elsewhere").accept(response, now())
    (tmp_path / "trust/timestamps/root.pem").unlink()
    with refused("no_timestamp_roots"):
        stamps.accept(response, now())
    assert stamps.kept() == []


def test_flipped_bits_of_an_answer(stamps, authority):
    response = authority.answer(stamps.request(1, CHECKPOINT))
    accepted = []
    for at in range(0, len(response), 11):
        try:
            stamps.verify(CHECKPOINT, response[:at] + bytes([response[at] ^ 4]) + response[at + 1 :])
        except RepriseError:
            continue
        accepted.append(at)
    certificates = response.find(b"Stamp root")
    assert all(at > certificates - 200 for at in accepted), "only in what the signature does not cover"
