"""Tests what a run needs of the kernel keyring: keys can be created and read from another session, expire, and can be revoked."""

from __future__ import annotations

import sys
import time
import uuid

from schemas.errors import IntegrityError, KeyServiceError
from schemas.record import dump, load
from vault.keys.linux_keyring import KernelKeyring, join_new_session
from vault.keys.provider import KEY_GONE, KeyRef
from vault.system.child_process import run_python

_SECONDS = 2


def try_keyring() -> str | None:
    """Return None if the keyring passes all tests, else the code of the finding."""
    keys = KernelKeyring()
    try:
        brief = keys.create(f"doctor-{uuid.uuid4()}", _SECONDS)
        long = keys.create(f"doctor-{uuid.uuid4()}", 60)
    except KeyServiceError:
        return "keyring_forbidden"
    try:
        shared = _readable_elsewhere(long)
    finally:
        keys.destroy(long)
    revoked = keys.state(long) in KEY_GONE
    time.sleep(_SECONDS + 1)  # the kernel counts whole seconds
    expired = keys.state(brief) in KEY_GONE
    keys.destroy(brief)
    if not (revoked and expired):
        return "keyring_keeps"
    return None if shared else "keyring_not_shared"


def _readable_elsewhere(ref: KeyRef) -> bool:
    return run_python("vault.diagnostics.keyring_self_test", dump(ref).decode()).returncode == 0


def main() -> int:
    """Read a reference to a key from stdin, and join a new session. Return exit code 0 if the key can be read there, else 1."""
    ref = load(KeyRef, sys.stdin.read(), IntegrityError, "order_unreadable")
    try:
        join_new_session()
        KernelKeyring().open(ref)
    except (OSError, KeyServiceError):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
