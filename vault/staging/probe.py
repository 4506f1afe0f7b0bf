"""A short process that tries the run's key on the run's segments. Prints how many opened; exits with 1 otherwise."""

from __future__ import annotations

import sys
from pathlib import Path

from schemas.errors import IntegrityError, RepriseError
from schemas.record import Record, load
from vault.keys.provider import KeyRef
from vault.keys.registry import provider
from vault.system.hardening import harden_process


class ProbeOrder(Record, frozen=True):
    """The key to try, on how many segments of which staging."""

    ref: KeyRef
    staging: str
    run: str
    segments: int


def main() -> int:
    """Read the order on stdin; print a count."""
    from vault.staging.segments import verify_opens  # pyarrow: not loaded by those who only write the order

    harden_process()
    try:
        order = load(ProbeOrder, sys.stdin.readline(), IntegrityError, "order_unreadable")
        key = provider(order.ref.provider).open(order.ref)
        opened = verify_opens(Path(order.staging), order.run, key, order.segments)
    except RepriseError:
        return 1
    sys.stdout.write(f"{opened}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
