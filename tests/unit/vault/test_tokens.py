"""Signing with a token: SoftHSM stands for a card; openssl and pdfsig, which are not ours, check what it signed."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from signed_bench import INSS, NAME, Bench
from typer.testing import CliRunner

from flows.cli import app
from schemas.errors import AuthorisationError
from trial.authority import pem
from vault.instruction.document import draft
from vault.instruction.page import render_pdf
from vault.instruction.signed_page import open_pdf
from vault.pki.pkcs11 import token_signer
from vault.pki.signed_document import detached

LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "1234"
MISSING = [t for t in ("softhsm2-util", "pkcs11-tool", "pdfsig", "certutil") if shutil.which(t) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING) or not LIBRARY.is_file(), reason=f"SoftHSM or {MISSING} missing"
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def card(bench, tmp_path_factory):
    """A token with the doctor's key and certificate under one label, and a key without certificate under another."""
    folder = tmp_path_factory.mktemp("card")
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
    (folder / "cert").write_bytes(bench.doctor.certificate.public_bytes(serialization.Encoding.DER))
    (folder / "key").write_bytes(
        bench.doctor.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    make = ["softhsm2-util", "--pin", PIN]
    load = ["pkcs11-tool", "--module", LIBRARY, "--token-label", "card", "--login", "--pin", PIN]
    for words in (
        [*make, "--init-token", "--free", "--label", "card", "--so-pin", "5678"],
        [*make, "--import", folder / "key", "--token", "card", "--label", "Signature", "--id", "a1"],
        [*make, "--import", folder / "key", "--token", "card", "--label", "bare", "--id", "b2"],
        [*load, "--write-object", folder / "cert", "--type", "cert", "--label", "Signature", "--id", "a1"],
    ):
        subprocess.run(words, check=True, capture_output=True)
    yield "card"
    del os.environ["SOFTHSM2_CONF"]


def sign(file: Path, label: str = "card", pin: str = PIN, **more: str) -> str:
    words = ["authorise", "sign", str(file), "--token", str(LIBRARY), "--label", label]
    words += [word for name, value in more.items() for word in (f"--{name}", value)]
    done = CliRunner().invoke(app, words, env={"REPRISE_PIN": pin})
    assert done.exit_code == 0, done.output
    return done.output


def anchors(bench: Bench, folder: Path) -> Path:
    """Roots and revocation lists as one file of PEM, for openssl."""
    lists = [bench.authority.crl(), bench.authority.root_crl()]
    crls = [
        subprocess.run(["openssl", "crl", "-inform", "DER"], input=one, capture_output=True, check=True)
        for one in lists
    ]
    authorities = (bench.authority.root, bench.authority.intermediate)
    path = folder / "trust.pem"
    path.write_bytes(b"".join([*(pem(a.certificate) for a in authorities), *(c.stdout for c in crls)]))
    return path


def test_a_token_signs_json_and_openssl_agrees(card, bench, tmp_path):
    file = tmp_path / "instruction.json"
    file.write_bytes(draft(bench.fields))
    assert sign(file) == "signed: instruction.json.p7s\n"
    p7s = file.with_name("instruction.json.p7s")
    assert bench.check(signed=detached(file.read_bytes(), [p7s.read_bytes()])).kinds
    words = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", p7s, "-content", file]
    words += ["-CAfile", anchors(bench, tmp_path), "-purpose", "any", "-crl_check", "-out", os.devnull]
    assert b"CAdES Verification successful" in subprocess.run(words, capture_output=True, check=True).stderr


def nss_base(bench: Bench, folder: Path) -> str:
    folder.mkdir()
    base = f"sql:{folder}"
    subprocess.run(["certutil", "-N", "-d", base, "--empty-password"], check=True)
    for name, authority in (("root", bench.authority.root), ("citizen", bench.authority.intermediate)):
        (folder / name).write_bytes(pem(authority.certificate))
        subprocess.run(
            ["certutil", "-A", "-d", base, "-n", name, "-t", "C,C,C", "-a", "-i", folder / name], check=True
        )
    return base


def pdfsig(pdf: Path, base: str) -> str:
    done = subprocess.run(["pdfsig", "-nssdir", base, pdf], capture_output=True, text=True, check=False)
    return done.stdout


def test_a_token_signs_a_page_and_pdfsig_agrees(card, bench, tmp_path):
    file = tmp_path / "instruction.pdf"
    file.write_bytes(render_pdf(draft(bench.fields)))
    assert sign(file) == "signed: instruction.pdf\n"
    assert bench.check(signed=open_pdf(file.read_bytes())).kinds
    base = nss_base(bench, tmp_path / "nss")
    told = pdfsig(file, base)
    assert "ETSI.CAdES.detached" in told and "Total document signed" in told
    assert "Signature is Valid" in told and "Certificate is Trusted" in told
    altered = file.read_bytes().replace(b'"destination":"/out"', b'"destination":"/oux"')
    file.write_bytes(altered)
    assert "Signature is Valid" not in pdfsig(file, base)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"pin": "9999"}, "token_pin_wrong"),
        ({"label": "other"}, "token_not_found"),
        ({"key": "none"}, "token_key_missing"),
        ({"key": "bare"}, "token_key_missing"),
        ({"library": Path(os.devnull)}, "token_library_unusable"),
    ],
)
def test_refusals_of_a_token(card, changes, code):
    words = {"library": LIBRARY, "label": "card", "pin": PIN, **changes}
    with pytest.raises(AuthorisationError) as error, token_signer(**words):
        pass
    assert error.value.code == code
    assert error.value.__context__ is None


def test_what_must_be_said(tmp_path):
    file = tmp_path / "x.json"
    file.write_bytes(b"{}")
    for words, code in (
        ([], "one_of_p12_and_token"),
        (["--token", "a", "--p12", "b", "--label", "c"], "one_of_p12_and_token"),
        (["--token", "a"], "token_label_missing"),
    ):
        done = CliRunner().invoke(app, ["authorise", "sign", str(file), *words])
        assert done.exit_code == 10 and code in done.output


def test_nobody_is_named_where_it_could_be_read(card, bench, tmp_path, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        file = tmp_path / "instruction.pdf"
        file.write_bytes(render_pdf(draft(bench.fields)))
        sign(file)
        bench.check(signed=open_pdf(file.read_bytes()))
        for data in (
            file.read_bytes() + b"x",
            file.read_bytes()[:-900],
            file.read_bytes().replace(b"/out", b"/oux"),
        ):
            with pytest.raises(AuthorisationError):
                bench.check(signed=open_pdf(data))
        with pytest.raises(AuthorisationError), token_signer(LIBRARY, "card", "9999"):
            pass
    out, err = capfd.readouterr()
    for needle in (INSS, NAME, "Zzcanary"):
        assert needle not in caplog.text + out + err
