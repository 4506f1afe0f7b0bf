"""Run keys in the Linux kernel keyring: never on disk; the kernel removes them at the deadline.

The key remains when every process of this program has ended, so that a crashed run can resume on this host until a reboot; the
kernel removes it at its timeout. Every process of the same uid can read the key: use one uid per worker. The user keyring never
holds a key without a timeout: the key is created in the process keyring, given its timeout and permissions, and only then linked
to the user keyring. A process of another session must first link the user keyring into its own process keyring.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os

from schemas.errors import KeyDestroyedError, KeyUnavailableError
from vault.keys.provider import KEY_BYTES, KeyRef, KeyState, Strength

_ADD_KEY, _KEYCTL = {"x86_64": (248, 250), "aarch64": (217, 219)}.get(os.uname().machine, (248, 250))
_PROCESS, _USER = -2, -4
_JOIN_SESSION, _REVOKE, _SETPERM, _LINK, _UNLINK, _SEARCH, _READ, _SET_TIMEOUT, _INVALIDATE = (
    1,
    3,
    5,
    8,
    9,
    10,
    11,
    15,
    21,
)
_PERMISSIONS = 0x3F3F0000  # possessor and owner: all; group and others: nothing
_libc = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: int | bytes | None) -> int:
    converted = [ctypes.c_char_p(a) if isinstance(a, bytes) else ctypes.c_long(a or 0) for a in arguments]
    result = int(_libc.syscall(ctypes.c_long(number), *converted))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _possess_user_keyring() -> None:
    """Link the user keyring: only a possessor can read its keys from a separate session.

    The link goes into the process keyring, which no child inherits. A link in the session keyring would let every process of that
    session read the key, including a process that changed its user.
    """
    with contextlib.suppress(OSError):
        _call(_KEYCTL, _LINK, _USER, _PROCESS)


def join_new_session() -> None:
    """Give this process a new session keyring that is linked to no other keyring. Raises OSError."""
    _call(_KEYCTL, _JOIN_SESSION, None)


class KernelKeyring:
    """The `keyring` provider; keys of different kinds have different names."""

    name = "keyring"
    strength = Strength("A", "every process of the same uid on this host, and root", ("kernel", "ram"))

    def __init__(self, kind: str = "reprise") -> None:
        self._kind = kind

    def create(self, run_id: str, lifetime_seconds: int) -> KeyRef:
        """See `KeyProvider.create`."""
        name = f"{self._kind}:{run_id}"
        try:
            serial = self._add(name, lifetime_seconds)
        except OSError as error:
            code = errno.errorcode.get(error.errno or 0, "unknown")
        else:
            return KeyRef(self.name, name, serial)
        raise KeyUnavailableError("keyring_refuses", case=code)

    def _add(self, name: str, lifetime_seconds: int) -> int:
        secret = ctypes.create_string_buffer(os.urandom(KEY_BYTES), KEY_BYTES)
        try:
            serial = _call(_ADD_KEY, b"user", name.encode(), bytes(secret.raw), KEY_BYTES, _PROCESS)
        finally:
            ctypes.memset(secret, 0, KEY_BYTES)
        _call(_KEYCTL, _SET_TIMEOUT, serial, max(1, lifetime_seconds))
        _call(_KEYCTL, _SETPERM, serial, _PERMISSIONS)
        _call(_KEYCTL, _LINK, serial, _USER)
        _call(_KEYCTL, _UNLINK, serial, _PROCESS)
        return serial

    def open(self, ref: KeyRef) -> bytes:
        """See `KeyProvider.open`."""
        _possess_user_keyring()
        buffer = ctypes.create_string_buffer(KEY_BYTES)
        result = int(
            _libc.syscall(
                ctypes.c_long(_KEYCTL),
                ctypes.c_long(_READ),
                ctypes.c_long(ref.serial),
                buffer,
                ctypes.c_long(KEY_BYTES),
            )
        )
        code = ctypes.get_errno()
        if result == KEY_BYTES and self._is_ours(ref):
            return buffer.raw
        if result < 0 and code == errno.EACCES:
            raise KeyUnavailableError("key_of_another_session")
        raise KeyDestroyedError("key_gone")

    def _is_ours(self, ref: KeyRef) -> bool:
        """Return whether the key is this run's. Serial numbers are reused after a reboot, so the name must match too."""
        try:
            return _call(_KEYCTL, _SEARCH, _USER, b"user", ref.name.encode(), 0) == ref.serial
        except OSError:
            return False

    def rearm(self, ref: KeyRef, seconds_left: int) -> None:
        """Set the timeout to the seconds that are left, or to one second if fewer are left. Do nothing if the key is gone."""
        _possess_user_keyring()
        with contextlib.suppress(OSError):
            _call(_KEYCTL, _SET_TIMEOUT, ref.serial, max(1, seconds_left))

    def destroy(self, ref: KeyRef) -> None:
        """Revoke the key (unreadable at once), invalidate it and unlink it. Unlinking alone would leave the key readable."""
        _possess_user_keyring()
        for serial in {ref.serial, self._find(ref.name)} - {0}:
            if serial == ref.serial and not (self._is_ours(ref) or self._find(ref.name) == 0):
                continue
            for operation in ((_REVOKE, serial), (_INVALIDATE, serial), (_UNLINK, serial, _USER)):
                with contextlib.suppress(OSError):
                    _call(_KEYCTL, *operation)

    def _find(self, name: str) -> int:
        try:
            return _call(_KEYCTL, _SEARCH, _USER, b"user", name.encode(), 0)
        except OSError:
            return 0

    def find(self, run_id: str) -> KeyRef | None:
        """Return the key of a run (or intake) whose record does not contain the key's serial number; None if there is no key."""
        name = f"{self._kind}:{run_id}"
        serial = self._find(name)
        return KeyRef(self.name, name, serial) if serial else None

    def state(self, ref: KeyRef) -> KeyState:
        """See `KeyProvider.state`."""
        _possess_user_keyring()
        try:
            _call(_KEYCTL, _SEARCH, _USER, b"user", ref.name.encode(), 0)
        except OSError as error:
            states = {errno.EKEYEXPIRED: KeyState.EXPIRED, errno.EKEYREVOKED: KeyState.REVOKED}
            return states.get(error.errno or 0, KeyState.ABSENT)
        try:
            self.open(ref)
        except KeyUnavailableError:
            return KeyState.NOT_OBSERVABLE
        except KeyDestroyedError:
            return KeyState.ABSENT
        return KeyState.PRESENT
