"""Keys by which operators prove who they are at a terminal: Ed25519, made at enrolment, each encrypted under its own passphrase.

Anybody can type a name. In an act that needs two people, each operator therefore signs with their own key, or uses their own
dashboard account (ADR 28). The private key is in the operator's sealed record, encrypted once more under the passphrase. So
nobody can sign for an operator with the home or its backup alone, and an erasure destroys the key.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from hashlib import scrypt

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.errors import IntegrityError, OperatorError
from schemas.record import Record, dump, load
from vault.home_folder import Home
from vault.keys.site_key import open_with, seal_with
from vault.records.operators import Proof
from vault.records.subjects import Subjects

MIN_PASSPHRASE_CHARACTERS = 12
_NAME = "proving-key"
_COST, _BLOCK, _LANES, _MEMORY_BYTES = 1 << 15, 8, 1, 64 << 20
"""The parameters of scrypt: each try takes 32 MiB and a tenth of a second."""


class ProvingKey(Record, frozen=True):
    """An operator's key, as their sealed record holds it."""

    public: str  # base64
    salt: str
    sealed: str  # the private key, encrypted under the passphrase
    former: tuple[str, ...] = ()  # replaced public keys; signatures made with them stay valid


def make_key(home: Home, operator_id: str, passphrase: str) -> None:
    """Make a key for an operator; it replaces an existing key. Raises OperatorError (passphrase_short)."""
    if len(passphrase) < MIN_PASSPHRASE_CHARACTERS:
        raise OperatorError("passphrase_short", limit=MIN_PASSPHRASE_CHARACTERS)
    before = _kept(home, operator_id)
    former = () if before is None else (*before.former, before.public)
    private, salt = Ed25519PrivateKey.generate(), os.urandom(16)
    sealed = seal_with(_derived(passphrase, salt), private.private_bytes_raw(), f"operator/{operator_id}")
    public = _text(private.public_key().public_bytes_raw())
    key = ProvingKey(public, _text(salt), _text(sealed), former)
    Subjects(home).put(operator_id, _NAME, dump(key))


def has_key(home: Home, operator_id: str) -> bool:
    """Return whether an operator has a key."""
    return _kept(home, operator_id) is not None


def prove(home: Home, operator_id: str, passphrase: str) -> Proof:
    """Decrypt an operator's key and return a proof that signs with it.

    Raises OperatorError: operator_without_key, passphrase_wrong.
    """
    key = _kept(home, operator_id)
    if key is None:
        raise OperatorError("operator_without_key")
    try:
        derived = _derived(passphrase, b64decode(key.salt))
        private = open_with(derived, b64decode(key.sealed), f"operator/{operator_id}")
    except IntegrityError:
        private = b""
    if not private:
        raise OperatorError("passphrase_wrong")
    signer = Ed25519PrivateKey.from_private_bytes(private)
    return Proof("key", key.public, lambda data: _text(signer.sign(data)))


def is_signed_by(home: Home, operator_id: str, public: str, signature: str, signed: bytes) -> bool:
    """Return whether an operator's key, present or former, made this signature.

    An erased operator has no stored key. Then the function checks only the signature, with the key `public`.
    """
    key = _kept(home, operator_id)
    if key is not None and public not in (key.public, *key.former):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(b64decode(public)).verify(b64decode(signature), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _kept(home: Home, operator_id: str) -> ProvingKey | None:
    data = Subjects(home).get(operator_id, _NAME)
    return None if data is None else load(ProvingKey, data, IntegrityError, "sealed_record_altered")


def _derived(passphrase: str, salt: bytes) -> bytes:
    return scrypt(
        passphrase.encode("utf-8", "surrogateescape"),
        salt=salt,
        n=_COST,
        r=_BLOCK,
        p=_LANES,
        maxmem=_MEMORY_BYTES,
        dklen=32,
    )


def _text(data: bytes) -> str:
    return b64encode(data).decode()
