"""Run keys: a provider keeps one random 256-bit key for each run; a reference identifies the key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.record import Record

KEY_BYTES = 32


class KeyState(StrEnum):
    """The state of a key, as its provider observes it."""

    PRESENT = "present"
    ABSENT = "absent"
    EXPIRED = "expired"
    REVOKED = "revoked"
    NOT_OBSERVABLE = "not_observable"


KEY_GONE = frozenset({KeyState.ABSENT, KeyState.EXPIRED, KeyState.REVOKED})
"""The states in which the key can never be read again."""


@dataclass(frozen=True)
class Strength:
    """A provider's guarantee: how reliably it destroys a key, who else could have read the key, and where copies ever were."""

    strength_class: str
    also_readable_by: str
    copies_ever: tuple[str, ...]


class KeyRef(Record, frozen=True):
    """The location of a key, never the key itself."""

    provider: str
    name: str
    serial: int


class KeyProvider(Protocol):
    """The interface of every provider. A provider keeps run keys."""

    name: str
    strength: Strength

    def create(self, run_id: str, lifetime_seconds: int) -> KeyRef:
        """Create a random key that expires after the lifetime. Raises KeyUnavailableError."""

    def open(self, ref: KeyRef) -> bytes:
        """Return the key. Raises KeyDestroyedError if the key is gone, KeyUnavailableError if this process may not read it."""

    def destroy(self, ref: KeyRef) -> None:
        """Make the key unreadable for ever. Do nothing if the key is gone."""

    def state(self, ref: KeyRef) -> KeyState:
        """Return the state of the key, as this process observes it."""


def derive(run_key: bytes, purpose: str) -> bytes:
    """Derive a sub-key of 32 bytes from a run key, or from the site key, for one purpose (HKDF-SHA-256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"reprise/1/{purpose}".encode()).derive(
        run_key
    )
