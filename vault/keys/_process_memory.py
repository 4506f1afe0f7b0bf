"""Keeps run keys only in the memory of the data process. When that process ends, the key is gone, and the run extracts again."""

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
        """See `KeyProvider.open`. Only the process that made the key can open it."""
        if ref.name not in _held or ref.serial != os.getpid():
            raise KeyDestroyedError("key_gone")
        return _held[ref.name]

    def destroy(self, ref: KeyRef) -> None:
        """See `KeyProvider.destroy`."""
        _held.pop(ref.name, None)

    def state(self, ref: KeyRef) -> KeyState:
        """See `KeyProvider.state`. Any process but the one that made the key gets ABSENT, even while that one holds the key."""
        if ref.name in _held and ref.serial == os.getpid():
            return KeyState.PRESENT
        return KeyState.ABSENT
