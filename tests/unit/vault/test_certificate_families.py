"""Which certificates may sign: known families, each with its key usage and whom it names; and what OCSP says of them."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from signed_bench import INSS, KEY, NAME, NOW, Bench
from typer.testing import CliRunner

from flows.cli import app
from schemas.errors import RefusedError, TrustError
from trial.authority import TrialAuthority, pem
from vault.authorisation.check import evidence_of
from vault.home_folder import Home
from vault.pki.trust_admin import add_material, list_material
from vault.pki.trust_store import TrustStore

FORMS = ("cades", "pades")


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Bench:
    made = Bench(tmp_path_factory.mktemp("bench"))
    made.doctor = made.authority.signer(INSS, NAME, key=KEY, responder=True)
    return made


def passes(bench: Bench, signer, form: str = "cades") -> str:
    try:
        bench.check(signer=signer, form=form)
    except RefusedError as error:
        return error.code
    return "passed"


@pytest.mark.parametrize("usage", ["digital_signature", "non_repudiation"])
def test_an_ehealth_certificate_of_a_person_signs(bench, usage):
    signer = bench.authority.ehealth(f"SSIN={INSS}", NAME, usage=usage)
    assert [passes(bench, signer, form) for form in FORMS] == ["passed", "passed"]


@pytest.mark.parametrize(
    ("typed", "more", "code"),
    [
        (f'"SSIN={INSS}"', (), "passed"),
        (f"SSIN\\={INSS}", (), "passed"),
        ("NIHII-LABO=81234530", ("LIS01",), "signer_without_number"),
        ("CBE=0403019261", (), "signer_without_number"),
        ("SSIN=85073003329", (), "signer_number_malformed"),
        (f"SSIN={INSS}", ("SSIN=93051822460",), "signer_number_malformed"),
        (f"SSIN={INSS}", ("CBE=0403019261",), "signer_without_number"),
        (f"XSSIN={INSS}", (), "signer_without_number"),
    ],
)
def test_whom_an_ehealth_certificate_names(bench, typed, more, code):
    assert passes(bench, bench.authority.ehealth(typed, NAME, more_units=more)) == code


def test_other_certificates_may_not_sign(bench):
    stranger = bench.authority.signer(INSS, NAME, policy="1.2.3.4", key=KEY)
    without = bench.authority.signer(INSS, NAME, policy=None, key=KEY)
    private = bench.authority.ehealth(f"SSIN={INSS}", NAME, organisation="Somebody")
    for signer in (stranger, without, private):
        assert [passes(bench, signer, form) for form in FORMS] == ["certificate_family_unknown"] * 2


def test_the_cards_authentication_certificate_does_not_sign(bench):
    signer = bench.authority.signer(
        INSS, NAME, policy="2.16.56.12.1.1.2.2", usage="digital_signature", key=KEY
    )
    assert passes(bench, signer) == "key_usage"


def test_a_false_national_number_names_nobody(bench):
    assert passes(bench, bench.authority.signer("85073003329", NAME, key=KEY)) == "signer_number_malformed"


GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED


def answer(bench: Bench, *, about=None, by=None, status=GOOD, since: int = 1, until: int = 1) -> bytes:
    signer = by or bench.authority.intermediate
    gone = NOW - timedelta(days=2) if status is REVOKED else None
    builder = ocsp.OCSPResponseBuilder().add_response(
        (about or bench.doctor).certificate,
        bench.authority.intermediate.certificate,
        hashes.SHA256(),
        status,
        NOW - timedelta(days=since),
        NOW + timedelta(days=until),
        gone,
        None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    if by is not None:
        builder = builder.certificates([by.certificate])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.fixture
def told(bench):
    """Put an OCSP answer and a revocation list (or none) into the home; all is as before afterwards."""
    crl, place = bench.home / "trust/crls/trial-citizen.crl", bench.home / "trust/ocsps/x.ocsp"
    kept = crl.read_bytes()
    place.parent.mkdir(exist_ok=True)

    def put(data: bytes, listed: bytes | None) -> None:
        place.write_bytes(data)
        crl.unlink(missing_ok=True)
        if listed is not None:
            crl.write_bytes(listed)

    yield put
    crl.write_bytes(kept)
    place.unlink(missing_ok=True)


def flip_last(data: bytes) -> bytes:
    """The same with one bit of its last byte turned."""
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("form", FORMS)
def test_what_an_answer_decides(bench, told, form):
    peer = bench.authority.signer("93051822460", "Peer", key=KEY)
    stranger = TrialAuthority("Stranger").intermediate
    good, revoked = bench.authority.crl(), bench.authority.crl((bench.doctor,))
    old = bench.authority.crl(days=-1, since_days=60)
    cases = [
        (answer(bench), None, "passed"),
        (answer(bench, status=REVOKED), None, "signer_revoked"),
        (answer(bench, since=9, until=-1), None, "revocation_stale"),
        (answer(bench, about=peer), None, "revocation_missing"),
        (answer(bench, by=peer), None, "revocation_missing"),
        (answer(bench, by=stranger), None, "revocation_missing"),
        (answer(bench, status=ocsp.OCSPCertStatus.UNKNOWN), None, "revocation_missing"),
        (flip_last(answer(bench)), None, "revocation_missing"),
        (answer(bench), old, "passed"),
        (answer(bench, by=peer), old, "revocation_stale"),
        (answer(bench, status=REVOKED), good, "signer_revoked"),
        (answer(bench), revoked, "signer_revoked"),  # one good answer hides no list
    ]
    for number, (data, listed, code) in enumerate(cases):
        told(data, listed)
        assert passes(bench, bench.doctor, form) == code, number


def test_an_answer_made_by_openssl_decides_the_same(bench, told, tmp_path):
    folder = tmp_path
    der = serialization.Encoding.PEM
    identity = bench.authority.intermediate
    (folder / "ca").write_bytes(pem(identity.certificate))
    (folder / "key").write_bytes(
        identity.key.private_bytes(der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "cert").write_bytes(pem(bench.doctor.certificate))
    serial = f"{bench.doctor.certificate.serial_number:X}"
    serial = serial.zfill(len(serial) + len(serial) % 2)
    for row, code in (
        (f"V\t350101000000Z\t\t{serial}\tunknown\t/CN=x\n", "passed"),
        (f"R\t350101000000Z\t250101000000Z\t{serial}\tunknown\t/CN=x\n", "signer_revoked"),
    ):
        (folder / "index").write_text(row)
        words = [
            "openssl",
            "ocsp",
            "-index",
            "index",
            "-CA",
            "ca",
            "-issuer",
            "ca",
            "-cert",
            "cert",
            "-rsigner",
            "ca",
        ]
        words += ["-rkey", "key", "-ndays", "2", "-respout", "answer", "-no_nonce", "-noverify"]
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
        told((folder / "answer").read_bytes(), None)

        assert passes(bench, bench.doctor) == code


def test_openssl_reads_the_answers_of_these_tests(bench, tmp_path):
    (tmp_path / "a").write_bytes(answer(bench, status=REVOKED))
    (tmp_path / "ca").write_bytes(
        pem(bench.authority.intermediate.certificate) + pem(bench.authority.root.certificate)
    )
    words = ["openssl", "ocsp", "-respin", "a", "-text", "-CAfile", "ca", "-verify_other", "ca", "-no_nonce"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Cert Status: revoked" in done.stdout and "Response verify OK" in done.stderr + done.stdout


def test_answers_come_in_with_their_checks(bench, tmp_path: Path):
    home, now = bench.home, NOW
    with pytest.raises(TrustError, match="trust_material_stale"):
        add_material(Home(home).trust, "ocsp", answer(bench, since=9, until=-1), trial_home=True, now=now)
    for data in (
        b"junk",
        ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(
            serialization.Encoding.DER
        ),
    ):
        with pytest.raises(TrustError, match="trust_material_malformed"):
            add_material(Home(home).trust, "ocsp", data, trial_home=True, now=now)
    other = Bench(tmp_path / "other")
    with pytest.raises(TrustError, match="revocation_of_unknown_issuer"):
        add_material(Home(home).trust, "ocsp", answer(other), trial_home=True, now=now)
    file = tmp_path / "answer.der"
    file.write_bytes(answer(bench))
    done = CliRunner().invoke(
        app, ["trust", "add", str(file), "--as", "ocsp", "--home", str(home), "--operator", "one"]
    )
    assert done.exit_code == 0, done.output
    (held,) = [m for m in list_material(Home(home).trust) if m.kind == "ocsp"]
    assert not held.stale(now) and held.stale(now + timedelta(days=3))
    shown = CliRunner().invoke(app, ["trust", "show", "--home", str(home)])
    assert "ocsp" in shown.output
    assert any(name.startswith("ocsps-") for name in TrustStore.load(Home(home).trust).raw)
    made = bench.check(consume=True)

    assert any(name.startswith("ocsps-") for name in evidence_of(Home(home), made.id))
