"""DER or not, beside a reader that we did not write (pyca's, which takes nothing else)."""

from __future__ import annotations

import subprocess
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from fuzz import seeds
from fuzz.mutate import mutate_bytes, mutate_der
from vault.pki._der import MAX_DEPTH, is_der

CERTIFICATE = seeds.authority().intermediate.certificate.public_bytes(serialization.Encoding.DER)


def test_what_openssl_and_pyhanko_write():
    made = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "ed25519", "-outform", "DER"], capture_output=True, check=True
    ).stdout
    for data in (made, CERTIFICATE, seeds.signature(), seeds.authority().crl(), seeds.stamp()):
        assert is_der(data)
        assert not is_der(data + b"\0")
        assert not is_der(data[:-1])
        assert not is_der(data * 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30",
        "3080 0000",  # no length
        "0281 0101",  # a longer length than needed
        "0282 0001 01",
        "0200",  # a number without octets
        "0202 0001",  # an octet that says nothing
        "0202 ffff",
        "0101 02",  # a boolean that is neither
        "2402 0400",  # a string in pieces
        "1000",  # a sequence that says it is none
        "1f01 00",  # a long tag
        "3106 0201 02 0201 01",  # a set out of order
        "308500 00000000",
    ],
)
def test_what_is_not_der(text):
    assert not is_der(bytes.fromhex(text))


@pytest.mark.parametrize(
    "text", ["0101 ff", "0201 80", "0202 0080", "3106 0201 01 0201 02", "3000", "a003 0201 00"]
)
def test_what_is_der(text):
    assert is_der(bytes.fromhex(text))


def test_depth_is_bounded():
    data = b""
    for _ in range(MAX_DEPTH):
        data = b"\x30" + bytes([len(data)]) + data
    assert is_der(data)
    assert not is_der(b"\x30" + bytes([len(data)]) + data)
    assert not is_der(b"\x30\x80" * 100_000)


def read_whole(certificate: x509.Certificate) -> None:
    """pyca leaves unread what it is not asked for."""
    _ = certificate.public_key(), certificate.extensions, certificate.subject, certificate.issuer
    _ = (
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        certificate.signature_hash_algorithm,
    )


@pytest.mark.filterwarnings("ignore")
def test_whatever_pyca_takes_is_der():
    taken = 0
    for number in range(3000):
        chance = Random(number)
        data = (mutate_der if number % 2 else mutate_bytes)(CERTIFICATE, chance)
        try:
            read_whole(x509.load_der_x509_certificate(data))
        except Exception:  # noqa: BLE001 - whatever it is: not taken
            continue
        assert is_der(data), number
        taken += 1
    assert taken > 100
