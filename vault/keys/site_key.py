"""The site key seals what a home keeps about people. The key itself is a file that only its owner can read (0600)."""

from __future__ import annotations

import hmac
import os
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import IntegrityError
from vault.keys.provider import derive
from vault.system.files import write_secret

_NONCE_BYTES = 12


def seal_with(key: bytes, data: bytes, purpose: str) -> bytes:
    """Seal with AES-256-GCM. Return the random nonce and the sealed bytes; the purpose is authenticated with them."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, purpose.encode())


def open_with(key: bytes, sealed: bytes, purpose: str) -> bytes:
    """Open what `seal_with` returned. Raises IntegrityError for another key, another purpose, or an altered byte."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
    except (InvalidTag, ValueError):
        pass
    raise IntegrityError("sealed_record_altered")


class SiteKey:
    """The key of a home. It seals records, and derives opaque names for persons."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def create(cls, keys: Path) -> SiteKey:
        """Create the key of a new home in its folder of keys."""
        key = os.urandom(32)
        write_secret(keys / "site.key", key)
        return cls(key)

    @classmethod
    def load(cls, keys: Path) -> SiteKey:
        """Load the key from a home's folder of keys."""
        return cls((keys / "site.key").read_bytes())

    def seal(self, data: bytes, purpose: str) -> bytes:
        """Seal with the site key for one purpose."""
        return seal_with(derive(self._key, f"site/{purpose.partition('/')[0]}"), data, purpose)

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Open what `seal` sealed for the same purpose. Raises IntegrityError if it was altered or has another purpose."""
        return open_with(derive(self._key, f"site/{purpose.partition('/')[0]}"), sealed, purpose)

    def pseudonym(self, kind: str, text: str) -> str:
        """Return an opaque name (24 hex) for a person: the same for the same person, meaningless without the key."""
        return hmac.new(
            derive(self._key, "pseudonyms"), f"{kind}\0{text}".encode("utf-8", "surrogateescape"), sha256
        ).hexdigest()[:24]
