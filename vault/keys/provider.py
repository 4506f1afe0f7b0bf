"""Run keys: one random 256-bit key per run, kept by a provider, identified by a reference."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.record import Record

KEY_BYTES = 32


class KeyState(StrEnum):
    """The state of a key, as its provider sees it."""

    PRESENT = "present"
    ABSENT = "absent"
    EXPIRED = "expired"
    REVOKED = "revoked"
    NOT_OBSERVABLE = "not_observable"


KEY_GONE = frozenset({KeyState.ABSENT, KeyState.EXPIRED, KeyState.REVOKED})
"""The states in which a key is seen to be gone."""


@dataclass(frozen=True)
class Strength:
    """How reliable a provider's destruction is, and who else could have read the key."""

    strength_class: str
    also_readable_by: str
    copies_ever: tuple[str, ...]


class KeyRef(Record, frozen=True):
    """The location of a key, never the key itself."""

    provider: str
    name: str
    serial: int


class KeyProvider(Protocol):
    """Keeps run keys."""

    name: str
    strength: Strength

    def create(self, run_id: str, lifetime_seconds: int) -> KeyRef:
        """Create a random key that expires after the lifetime. Raises KeyUnavailableError."""

    def open(self, ref: KeyRef) -> bytes:
        """Returns the key. Raises KeyDestroyedError when it is gone, KeyUnavailableError when it is out of reach."""

    def destroy(self, ref: KeyRef) -> None:
        """Make the key unreadable for good. Idempotent."""

    def state(self, ref: KeyRef) -> KeyState:
        """Whether the key can be read from here."""


def derive(run_key: bytes, purpose: str) -> bytes:
    """Derive a sub-key of the run key for one purpose (HKDF-SHA-256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"reprise/1/{purpose}".encode()).derive(
        run_key
    )
