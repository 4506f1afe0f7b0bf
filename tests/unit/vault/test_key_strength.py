"""Which keys are believed: of the doctor, of each authority above, and of what is taken in to be trusted."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from signed_bench import INSS, NAME, NOW, Bench

from schemas.errors import RefusedError, TrustError
from trial.authority import TrialAuthority
from vault.home_folder import Home
from vault.pki.trust_admin import add_material

KEYS = {
    "P-192": (ec.SECP192R1, "key_too_weak"),
    "P-224": (ec.SECP224R1, "key_too_weak"),
    "secp256k1": (ec.SECP256K1, "key_too_weak"),
    "P-256": (ec.SECP256R1, "passed"),
    "P-384": (ec.SECP384R1, "passed"),
    "P-521": (ec.SECP521R1, "passed"),
    "brainpoolP256r1": (ec.BrainpoolP256R1, "passed"),
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"))


def outcome(bench: Bench, signer) -> str:
    try:
        bench.check(signer=signer)
    except RefusedError as error:
        return error.code
    return "passed"


@pytest.mark.parametrize("name", KEYS)
def test_which_keys_are_believed(bench, name):
    curve, code = KEYS[name]
    key = ec.generate_private_key(curve())
    assert outcome(bench, bench.authority.signer(INSS, NAME, key=key)) == code


def test_a_short_rsa_key(bench):
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    assert outcome(bench, bench.authority.signer(INSS, NAME, key=key)) == "key_too_weak"


def test_a_weak_authority_above_the_signer(bench, tmp_path, monkeypatch):
    short = rsa.generate_private_key
    monkeypatch.setattr(rsa, "generate_private_key", lambda public_exponent, key_size: short(65537, 1024))
    weak = TrialAuthority(moment=NOW)
    monkeypatch.undo()
    signer = weak.signer(INSS, NAME)
    made = Bench(tmp_path)
    made.authority = weak
    weak.install(Home(made.home))
    assert outcome(made, signer) == "key_too_weak"
    for identity in (weak.root, weak.intermediate):
        with pytest.raises(TrustError, match="key_too_weak"):
            kind = "root" if identity is weak.root else "intermediate"
            data = identity.certificate.public_bytes(Encoding.DER)
            add_material(Home(made.home).trust, kind, data, trial_home=True, now=NOW)
