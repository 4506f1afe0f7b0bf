"""A short process that makes the identity of an intake and prints its recipient: the only one but the data process to hold it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from schemas.errors import KeyUnavailableError, RepriseError
from vault.intake.identity_store import identity_store, recipient_of
from vault.keys.provider import KeyRef
from vault.system.child_process import run_python
from vault.system.hardening import harden_process


def mint(home: Path, provider: str, intake_id: str, seconds: int) -> tuple[KeyRef, str]:
    """Have an identity made that lives for so long; gives where it is and its recipient.

    Raises KeyUnavailableError when it could not be made.
    """
    order = json.dumps({"home": str(home), "provider": provider, "id": intake_id, "seconds": seconds})
    done = run_python("vault.intake.mint", order)
    if done.returncode:
        raise KeyUnavailableError("identity_not_made")
    made = json.loads(done.stdout)
    return KeyRef.from_json(made["ref"]), str(made["recipient"])


def main() -> int:
    """Read the order on stdin; print reference and recipient."""
    harden_process()
    order = json.loads(sys.stdin.readline())
    try:
        store = identity_store(Path(order["home"]), order["provider"])
        ref = store.create(order["id"], int(order["seconds"]))
        recipient = recipient_of(store.open(ref))
    except (RepriseError, OSError):
        return 1
    sys.stdout.write(json.dumps({"ref": ref.to_json(), "recipient": recipient}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
