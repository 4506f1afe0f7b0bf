"""The entries of the ledger: their types and fields; appends an entry, and proves that the log contains an entry.

Entries hold enumeration values, counts and salted commitments: no personal data, no plain hash of it, no free text.
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from schemas.errors import LedgerError, OperatorError
from vault.canonical_json import canonical_json
from vault.ledger.log import FileLedger
from vault.ledger.notes import Checkpoint, split_note
from vault.ledger.tiles import HASHES_PER_TILE
from vault.system.clock import Clock, format_utc

MAX_ENTRY_BYTES = 4096
FIELDS = frozenset({"v", "type", "runId", "seq", "at", "code", "c", "n"})
"""Every entry has exactly these fields."""
_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_COMMITMENT = re.compile(r"[A-Za-z0-9+/]{43}=")


def _is_commitment(text: str) -> bool:
    """Return whether the text may name who acted: a commitment (32 bytes in base64), or the plain word `sweep`."""
    return text == "sweep" or _COMMITMENT.fullmatch(text) is not None


class EntryType(StrEnum):
    """The types of entries."""

    ACT_INTERRUPTED = "act.interrupted"
    ACT_REFUSED = "act.refused"
    AUTHORISATION_RECORDED = "authorisation.recorded"
    AUTHORISATION_CHECKED = "authorisation.checked"
    AUTHORISATION_REFUSED = "authorisation.refused"
    AUTHORISATION_WITHDRAWN = "authorisation.withdrawn"
    AUTHORISATION_HANDWRITTEN = "authorisation.handwritten"
    AUTHORISATION_ATTESTED = "authorisation.attested"
    RUN_STARTED = "run.started"
    RUN_RESUMED = "run.resumed"
    RUN_FAILED = "run.red"  # the value of the first release: logs and proofs hold it
    RUN_DELIVERED = "run.delivered"
    RUN_ABANDONED = "run.abandoned"
    USE_SPENT = "use.spent"
    USE_GIVEN_BACK = "use.given_back"
    DESTINATION_ADDED = "destination.added"
    DESTINATION_REMOVED = "destination.removed"
    DESTRUCTION_STARTED = "destruction.started"
    DESTRUCTION_COMPLETED = "destruction.completed"
    DESTRUCTION_INCOMPLETE = "destruction.incomplete"
    LEASE_UNREADABLE = "lease.unreadable"
    STAGING_REMOVED = "staging.removed"
    STAGING_STRAY_DESTROYED = "staging.stray_destroyed"
    CUSTODY_DESTROYED = "custody.destroyed"
    CUSTODY_INCOMPLETE = "custody.incomplete"
    IMPORT_CONFIRMED = "import.confirmed"
    PROOF_ISSUED = "proof.issued"
    CLOCK_CONFIRMED = "clock.confirmed"
    INTAKE_OPENED = "intake.opened"
    INTAKE_CLOSED = "intake.closed"
    SUBJECT_ENROLLED = "subject.enrolled"
    SUBJECT_ATTESTED = "subject.attested"
    SUBJECT_SHOWN = "subject.shown"
    SUBJECT_RETAINED = "subject.retained"
    SUBJECT_ERASED = "subject.erased"
    RECIPIENT_CHALLENGED = "recipient.challenged"
    RECIPIENT_ENROLLED = "recipient.enrolled"
    RECIPIENT_REMOVED = "recipient.removed"
    TRUST_ADDED = "trust.added"
    ACCOUNT_INVITED = "account.invited"
    ACCOUNT_CHANGED = "account.changed"
    HOME_BACKED_UP = "home.backed_up"
    HOME_RESTORED = "home.restored"


def commit(salt: bytes, entry_type: str, field: str, data: bytes) -> str:
    """Return a salted commitment (base64) to an object: hiding (nobody can guess the object) and binding (it fits no other)."""
    message = f"proof/v1/{entry_type}/{field}".encode() + b"\x00" + sha256(data).digest()
    return b64encode(hmac.new(salt, message, sha256).digest()).decode()


@dataclass(frozen=True)
class Recorded:
    """An entry that is in the ledger, with its index."""

    index: int
    entry: bytes


class Ledger:
    """The record of every act, one entry each, numbered without gaps."""

    def __init__(self, store: FileLedger, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    def record(
        self,
        entry_type: EntryType,
        run_id: str | None,
        code: str,
        *,
        commitments: Mapping[str, str],
        counts: Mapping[str, int] | None = None,
    ) -> Recorded:
        """Append one entry, in whose commitments the operator must be.

        Raises OperatorError (no_operator), LedgerError if a field has another form than an entry allows.
        """
        if "operator" not in commitments:
            raise OperatorError("no_operator")
        if not _CODE.fullmatch(code):
            raise LedgerError("code_not_an_enumeration_value")
        with self.store.locked():
            size = self.store.head().size
            numbers = dict(counts or {})
            if entry_type is EntryType.RUN_STARTED:
                numbers["run_number"] = self._last_run_number(size) + 1
            entry = canonical_json(self._body(entry_type, run_id, code, commitments, numbers, size + 1))
            if len(entry) > MAX_ENTRY_BYTES:
                raise LedgerError("entry_too_large", bytes=len(entry))
            self.store.append(size, [entry])
        return Recorded(size, entry)

    def _body(
        self,
        entry_type: EntryType,
        run_id: str | None,
        code: str,
        commitments: Mapping[str, str],
        counts: Mapping[str, int],
        sequence: int,
    ) -> dict[str, Any]:
        if not all(type(value) is int and 0 <= value < 1 << 53 for value in counts.values()):
            raise LedgerError("count_is_no_number")
        if not all(_CODE.fullmatch(name) for name in (*counts, *commitments, run_id or "none")):
            raise LedgerError("name_not_an_enumeration_value")
        if not all(_is_commitment(value) for value in commitments.values()):
            raise LedgerError("commitment_malformed")
        if entry_type is EntryType.RUN_STARTED and "deadline_s" not in counts:
            raise LedgerError("run_without_deadline")
        return {
            "v": 1,
            "type": entry_type.value,
            "runId": run_id,
            "seq": sequence,
            "at": format_utc(self._clock.now()),
            "c": dict(commitments),
            "n": dict(counts),
            "code": code,
        }

    def _last_run_number(self, size: int) -> int:
        """Return the number of runs ever started, from the last start in the log."""
        for end in range(size, 0, -HASHES_PER_TILE):
            for entry in reversed(self.store.read(max(end - HASHES_PER_TILE, 0), end)):
                body = json.loads(entry)
                if body["type"] == EntryType.RUN_STARTED:
                    return int(body["n"]["run_number"])
        return 0

    def prove(self, index: int, checkpoint: bytes | None = None) -> bytes:
        """Return a C2SP tlog-proof of an entry against the current checkpoint, or against an earlier one of this log."""
        with self.store.locked():
            note = checkpoint or self.store.checkpoint()
            size = Checkpoint.parse(split_note(note)[0]).size
            hashes = format_hashes(self.store.prove(index, size))
            return f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n".encode() + note


def format_hashes(hashes: list[bytes]) -> str:
    """Format a proof as text: base64, one hash per line."""
    return "".join(f"{b64encode(h).decode()}\n" for h in hashes)
