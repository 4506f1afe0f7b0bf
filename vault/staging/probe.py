"""A short process that tries the run's key on the run's segments and prints how many opened; else exits with 1."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from schemas.errors import RepriseError
from vault.keys.provider import KeyRef
from vault.keys.registry import provider
from vault.staging.segments import verify_opens
from vault.system.hardening import harden_process


def main() -> int:
    """Read the order on stdin; print a count."""
    harden_process()
    order = json.loads(sys.stdin.readline())
    ref = KeyRef.from_json(order["ref"])
    try:
        key = provider(ref.provider).open(ref)
        opened = verify_opens(Path(order["staging"]), order["run"], key, int(order["segments"]))
    except RepriseError:
        return 1
    sys.stdout.write(f"{opened}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
