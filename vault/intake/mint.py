"""Subprocess that makes an intake's identity and prints only its recipient. Only it and the data process ever hold the secret."""

from __future__ import annotations

import sys
from pathlib import Path

from schemas.errors import IntegrityError, KeyUnavailableError, RepriseError
from schemas.record import Record, dump, load
from vault.home_folder import Home
from vault.intake.identity_store import identity_store, recipient_of
from vault.keys.provider import KeyRef
from vault.system.child_process import run_python
from vault.system.hardening import harden_process


class MintOrder(Record, frozen=True):
    """The intake whose identity to make, the store for it, and its lifetime."""

    home: str
    provider: str
    intake: str
    seconds: int


class Minted(Record, frozen=True):
    """The location of the identity, and its recipient."""

    ref: KeyRef
    recipient: str


def mint(home: Home, provider: str, intake_id: str, seconds: int) -> tuple[KeyRef, str]:
    """Have an identity made with this lifetime. Returns its location and its recipient.

    Raises KeyUnavailableError when it could not be made.
    """
    order = MintOrder(str(home.path), provider, intake_id, seconds)
    done = run_python("vault.intake.mint", dump(order).decode())
    if done.returncode:
        raise KeyUnavailableError("identity_not_made")
    made = load(Minted, done.stdout, IntegrityError, "order_unreadable")
    return made.ref, made.recipient


def main() -> int:
    """Read the order on stdin; print reference and recipient."""
    harden_process()
    try:
        order = load(MintOrder, sys.stdin.readline(), IntegrityError, "order_unreadable")
        store = identity_store(Home(Path(order.home)), order.provider)
        ref = store.create(order.intake, order.seconds)
        made = Minted(ref, recipient_of(store.open(ref)))
    except (RepriseError, OSError):
        return 1
    sys.stdout.write(dump(made).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
