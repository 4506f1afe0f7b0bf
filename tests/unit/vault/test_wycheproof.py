"""The primitives under our proofs and seals, by the vectors that were made to break such code (C2SP/wycheproof)."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.errors import IntegrityError
from vault.keys.site_key import open_with
from vault.ledger.notes import format_vkey
from vault.verify import Fault, Key, strict_b64


def cases(shared: Path, name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any], bool]]:
    """Group, case, and whether it holds."""
    for group in json.loads((shared / "vectors/wycheproof" / f"{name}_test.json").read_text())["testGroups"]:
        for case in group["tests"]:
            yield group, case, case["result"] == "valid"


def test_ed25519(shared):
    tried = 0
    for group, case, valid in cases(shared, "ed25519"):
        key = Key(format_vkey("log.example", bytes.fromhex(group["publicKey"]["pk"])))
        try:
            key.verify(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            held = True
        except Fault:
            held = False
        assert held is valid, case["tcId"]
        tried += 1
    assert tried == 151


def test_aes_gcm_as_records_are_sealed(shared):
    tried = 0
    for group, case, valid in cases(shared, "aes_gcm"):
        if (group["ivSize"], group["keySize"], group["tagSize"]) != (96, 256, 128):
            continue  # we seal with 256-bit keys, 96-bit nonces and whole tags alone
        key, aad = bytes.fromhex(case["key"]), bytes.fromhex(case["aad"])
        sealed = bytes.fromhex(case["iv"] + case["ct"] + case["tag"])
        try:
            purpose = aad.decode()
            plain: bytes | None = open_with(key, sealed, purpose)
        except UnicodeDecodeError:  # no purpose of ours: the primitive itself
            plain = opened(key, sealed, aad)
        except IntegrityError:
            plain = None
        assert (plain == bytes.fromhex(case["msg"])) is valid, case["tcId"]
        tried += 1
    assert tried >= 60


def opened(key: bytes, sealed: bytes, aad: bytes) -> bytes | None:
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], aad)
    except InvalidTag:
        return None


def test_hkdf(shared):
    tried = 0
    for _, case, valid in cases(shared, "hkdf_sha256"):
        ikm, salt, info = (bytes.fromhex(case[name]) for name in ("ikm", "salt", "info"))
        try:
            found = HKDF(algorithm=SHA256(), length=case["size"], salt=salt, info=info).derive(ikm).hex()
        except ValueError:
            found = ""
        assert (found == case["okm"] and found != "") is valid, case["tcId"]
        tried += 1
    assert tried == 86


def test_base64_is_refused_unless_it_is_canonical():
    for text in ("AB==", "AA", "AA=", "A A=", "AA==\n", "-_8="):
        try:
            strict_b64(text)
        except (Fault, ValueError):  # both are refusals to whoever verifies
            continue
        raise AssertionError(text)
    assert strict_b64(b64encode(b"x").decode()) == b"x"
