"""Run keys only in the memory of the data process: they end with it, and a crash means extracting again."""

from __future__ import annotations

import os

from schemas.errors import KeyDestroyedError
from vault.keys.provider import KEY_BYTES, KeyRef, KeyState, Strength

_held: dict[str, bytes] = {}


class ProcessMemory:
    """The `memory` provider."""

    name = "memory"
    strength = Strength("A", "root on this host while the data process lives", ("ram",))

    def create(self, run_id: str, lifetime_seconds: int) -> KeyRef:  # noqa: ARG002 - the process is the lifetime
        """See `KeyProvider.create`."""
        name = f"reprise:{run_id}"
        _held[name] = os.urandom(KEY_BYTES)
        return KeyRef(self.name, name, os.getpid())

    def open(self, ref: KeyRef) -> bytes:
        """See `KeyProvider.open`; only in the process that made the key."""
        if ref.name not in _held or ref.serial != os.getpid():
            raise KeyDestroyedError("key_gone")
        return _held[ref.name]

    def destroy(self, ref: KeyRef) -> None:
        """Drop the key."""
        _held.pop(ref.name, None)

    def state(self, ref: KeyRef) -> KeyState:
        """See `KeyProvider.state`. To another process, the key exists as long as its process does."""
        if ref.name in _held and ref.serial == os.getpid():
            return KeyState.PRESENT
        return KeyState.ABSENT
