"""Stores the identity of an intake in the kernel's keyring, or sealed in a file of the home.

An identity is 32 random bytes, an X25519 secret. An identity in the keyring is in no file, and is gone after its timeout or a
reboot. A sealed file remains after a reboot, but to unlink it proves nothing on flash storage.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from schemas.errors import KeyDestroyedError, KeyUnavailableError
from vault.age.bech32 import encode
from vault.home_folder import Home
from vault.keys.linux_keyring import KernelKeyring
from vault.keys.provider import KEY_BYTES, KeyProvider, KeyRef, KeyState, Strength
from vault.system.files import sync_folder, write_secret

KEYRING, FILE = "keyring", "file"
PROVIDERS = (KEYRING, FILE)


class IdentityStore(KeyProvider, Protocol):
    """A key provider that can find the identity of an intake whose record is incomplete."""

    def find(self, run_id: str) -> KeyRef | None:
        """Return the identity of the intake with this id, or None."""

    def rearm(self, ref: KeyRef, seconds_left: int) -> None:
        """Set the time after which the identity expires, if the store has timeouts."""


class SealedFile:
    """The `file` provider: sealed under the site key, 0600, in the folder of its intake."""

    name = FILE
    strength = Strength("C", "whoever reads the home's disk, and root", ("disk", "ram"))

    def __init__(self, home: Home) -> None:
        self._home = home

    def create(self, run_id: str, lifetime_seconds: int) -> KeyRef:  # noqa: ARG002 - the record keeps the expiry
        """See `KeyProvider.create`."""
        path = self._path(run_id)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secret(path, self._home.site_key.seal(os.urandom(KEY_BYTES), f"intake/{run_id}"))
        return KeyRef(self.name, run_id, 0)

    def open(self, ref: KeyRef) -> bytes:
        """See `KeyProvider.open`."""
        path = self._path(ref.name)
        if not path.is_file():
            raise KeyDestroyedError("key_gone")
        return self._home.site_key.open(path.read_bytes(), f"intake/{ref.name}")

    def destroy(self, ref: KeyRef) -> None:
        """Unlink it."""
        path = self._path(ref.name)
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            sync_folder(path.parent)

    def state(self, ref: KeyRef) -> KeyState:
        """See `KeyProvider.state`."""
        return KeyState.PRESENT if self._path(ref.name).is_file() else KeyState.ABSENT

    def find(self, run_id: str) -> KeyRef | None:
        """See `IdentityStore.find`."""
        return KeyRef(self.name, run_id, 0) if self._path(run_id).is_file() else None

    def rearm(self, ref: KeyRef, seconds_left: int) -> None:
        """Does nothing: a file does not expire. The run's end, or the sweep, unlinks it."""

    def _path(self, intake_id: str) -> Path:
        return self._home.intakes / intake_id / "identity"


def identity_store(home: Home, name: str) -> IdentityStore:
    """Return the store of this name. Raises KeyUnavailableError for an unknown name."""
    if name == KEYRING:
        return KernelKeyring("reprise-intake")
    if name == FILE:
        return SealedFile(home)
    raise KeyUnavailableError("unknown_provider")


def recipient_of(secret: bytes) -> str:
    """Return the age recipient of an identity."""
    return encode("age", X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw())
