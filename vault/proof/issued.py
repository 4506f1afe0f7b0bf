"""Checks that a home issued a proof folder, by the log's entry `proof.issued`. Proofs of version 1 have no such entry."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from vault.ledger.entries import EntryType
from vault.ledger.log import FileLedger
from vault.ledger.policy import format_policy
from vault.verify import verify

MANIFEST = "manifest.json"


def issue_faults(folder: Path, store: FileLedger) -> list[str]:
    """Return the faults of a folder that claims to be of this log, as codes; [] if the folder verifies and was issued.

    Codes: proof_does_not_verify | proof_not_issued (also of a folder of version 1, which has no entry). Raises OSError if there
    is no folder.
    """
    digest = b64encode(sha256((folder / MANIFEST).read_bytes()).digest()).decode()
    if verify(folder, format_policy(store.vkey))[0]:
        return ["proof_does_not_verify"]
    bodies = (json.loads(entry) for entry in store.read(0, store.head().size))
    issued = (body for body in bodies if body["type"] == EntryType.PROOF_ISSUED)
    return [] if any(body["c"].get("manifest") == digest for body in issued) else ["proof_not_issued"]
