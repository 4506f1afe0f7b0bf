"""What we seal and sign, opened and checked by programs that are not ours: age, openssl, securesystemslib."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from schemas.errors import RepriseError
from trial.authority import TrialAuthority
from trial.home import make_trial
from vault.age.sealing import make_identity, open_stream, seal_stream
from vault.proof.statements import RUN, envelope, statement

KIB = 1024
SIZES = (0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 5 * KIB * KIB)


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is missing")


@needs("age")
@pytest.mark.parametrize("size", SIZES)
def test_debian_s_age_opens_what_we_seal_for_each_recipient(size, tmp_path):
    identities = [make_identity() for _ in range(2)]
    plain = os.urandom(size)
    with seal_stream([recipient for _, recipient in identities], tmp_path / "x.age") as sink:
        sink.write(plain)
    for number, (identity, _) in enumerate(identities):
        key = tmp_path / f"{number}.txt"
        key.write_text(identity + "\n")
        done = subprocess.run(["age", "-d", "-i", key, tmp_path / "x.age"], capture_output=True, check=True)
        assert done.stdout == plain


@needs("age")
@pytest.mark.parametrize("size", SIZES)
def test_we_open_what_debian_s_age_seals(size, tmp_path):
    identity, recipient = make_identity()
    plain = os.urandom(size)
    subprocess.run(["age", "-r", recipient, "-o", tmp_path / "x.age"], input=plain, check=True)
    with open_stream(tmp_path / "x.age", identity) as stream:
        assert stream.read() == plain


@pytest.mark.parametrize("harm", ["flip", "cut", "stranger"])
def test_what_was_harmed_does_not_open(harm, tmp_path):
    identity, recipient = make_identity()
    path = tmp_path / "x.age"
    with seal_stream([recipient, make_identity()[1]], path) as sink:
        sink.write(os.urandom(100_000))
    data = bytearray(path.read_bytes())
    if harm == "flip":
        data[-50] ^= 1
    path.write_bytes(bytes(data[:-40] if harm == "cut" else data))
    with (
        pytest.raises(RepriseError),
        open_stream(path, make_identity()[0] if harm == "stranger" else identity) as s,
    ):
        s.read()


@pytest.fixture
def signed(tmp_path) -> Path:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "1.txt").write_text("nothing")
    return Path(make_trial(tmp_path / "trial", tmp_path / "export")["authorisation"])


def verify_cms(document: Path, folder: Path) -> subprocess.CompletedProcess[bytes]:
    trust = folder / "trust.pem"
    ca = document.parent / "ca"
    pems = [ca / "root.pem", ca / "intermediate.pem"]
    crls = [
        subprocess.run(
            ["openssl", "crl", "-inform", "PEM" if b"BEGIN" in crl.read_bytes() else "DER", "-in", crl],
            capture_output=True, check=True,
        ).stdout
        for crl in (ca / "intermediate.crl", ca / "root.crl")
    ]  # fmt: skip
    trust.write_bytes(b"".join([*(p.read_bytes() for p in pems), *crls]))
    return subprocess.run(
        [
            "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", f"{document}.p7s",
            "-content", document, "-CAfile", trust, "-purpose", "any", "-crl_check", "-out", os.devnull,
        ],
        capture_output=True, check=False,
    )  # fmt: skip


@needs("openssl")
def test_openssl_accepts_the_cades_signature_and_no_other_document(signed, tmp_path):
    done = verify_cms(signed, tmp_path)
    assert done.returncode == 0, done.stderr
    signed.write_bytes(signed.read_bytes() + b" ")
    assert verify_cms(signed, tmp_path).returncode != 0


def test_securesystemslib_accepts_the_statement_and_no_other():
    key = Ed25519PrivateKey.generate()
    made = json.loads(envelope(statement("run-1", RUN, {"use": "migration"}), key, "abcd1234"))
    held = Envelope.from_dict(
        {**made, "payload": made["payload"], "signatures": [dict(s) for s in made["signatures"]]}
    )
    public = SSlibKey("abcd1234", "ed25519", "ed25519", {"public": key.public_key().public_bytes_raw().hex()})
    assert "abcd1234" in held.verify([public], 1)
    held.payload = b64decode(made["payload"]).replace(b"migration", b"rehearsal")
    with pytest.raises(VerificationError):
        held.verify([public], 1)


def test_the_trial_authority_says_that_it_is_one():
    assert "TRIAL" in TrialAuthority().root.certificate.subject.rfc4514_string().upper()
