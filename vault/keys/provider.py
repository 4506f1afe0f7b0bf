"""Run keys: one random 256-bit key a run, kept by a provider, spoken of by reference."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32


class KeyState(StrEnum):
    """What a provider can say about a key."""

    PRESENT = "present"
    ABSENT = "absent"
    EXPIRED = "expired"
    REVOKED = "revoked"
    NOT_OBSERVABLE = "not_observable"


@dataclass(frozen=True)
class Strength:
    """What a provider's destruction is worth, and who else could have read the key."""

    strength_class: str
    also_readable_by: str
    restorable_from_backup: bool
    copies_ever: tuple[str, ...]


@dataclass(frozen=True)
class KeyRef:
    """Where a key is; never the key."""

    provider: str
    name: str
    serial: int

    def to_json(self) -> dict[str, Any]:
        """As kept in the lease."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> KeyRef:
        """From the lease."""
        return cls(str(raw["provider"]), str(raw["name"]), int(raw["serial"]))


class KeyProvider(Protocol):
    """Keeps run keys."""

    name: str
    strength: Strength

    def create(self, run_id: str, lifetime_seconds: int) -> KeyRef:
        """Make a fresh random key that dies by itself after the lifetime. Raises KeyUnavailableError."""

    def open(self, ref: KeyRef) -> bytes:
        """The key. Raises KeyDestroyedError when it is gone, KeyUnavailableError when out of reach."""

    def destroy(self, ref: KeyRef) -> None:
        """Make the key unreadable for good; doing it twice changes nothing."""

    def state(self, ref: KeyRef) -> KeyState:
        """Whether the key can be read from here."""


def derive(run_key: bytes, purpose: str) -> bytes:
    """A sub-key of the run key (HKDF-SHA-256, RFC 5869) for one purpose."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"reprise/1/{purpose}".encode()).derive(
        run_key
    )
