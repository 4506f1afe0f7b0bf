"""A process that makes the identity of an intake and prints its recipient. Only it and a data process ever hold the secret."""

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
    """The order to make an identity: its intake, its store, and its lifetime in seconds."""

    home: str
    provider: str
    intake: str
    seconds: int


class Minted(Record, frozen=True):
    """The location of the identity, and its recipient."""

    ref: KeyRef
    recipient: str


def mint(home: Home, provider: str, intake_id: str, seconds: int) -> tuple[KeyRef, str]:
    """Make an identity with this lifetime in a separate process. Return the identity's location and its recipient.

    Raises KeyUnavailableError (identity_not_made).
    """
    order = MintOrder(str(home.path), provider, intake_id, seconds)
    process = run_python("vault.intake.mint", dump(order).decode())
    if process.returncode:
        raise KeyUnavailableError("identity_not_made")
    minted = load(Minted, process.stdout, IntegrityError, "order_unreadable")
    return minted.ref, minted.recipient


def main() -> int:
    """Read an order from stdin, make the identity, and print its location and its recipient. Return the exit code."""
    harden_process()
    try:
        order = load(MintOrder, sys.stdin.readline(), IntegrityError, "order_unreadable")
        store = identity_store(Home(Path(order.home)), order.provider)
        ref = store.create(order.intake, order.seconds)
        minted = Minted(ref, recipient_of(store.open(ref)))
    except (RepriseError, OSError):
        return 1
    sys.stdout.write(dump(minted).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
