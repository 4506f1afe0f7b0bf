"""The outcomes of a run: one closed list, used by every text and every `--json`."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The outcome of an ended run, as programs read it (`"outcome"` beside `"state"`)."""

    DELIVERED = "delivered"
    REHEARSED = "rehearsed"
    COUNTED = "counted"
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    DEADLINE = "deadline"
    KEY_LOST = "key_lost"
    REFUSED = "refused"
    RECORD_LOST = "record_lost"
    FORGOTTEN = "forgotten"  # it never began: nothing was read, and no proof exists


class Cause(StrEnum):
    """Why a run ends, in ledger, statement and certificate. Its texts: `certificate.outcome` in `schemas.texts`."""

    PUBLISHED = "published"
    REHEARSAL = "rehearsal"
    INVENTORY = "inventory"
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    DEADLINE = "deadline"
    KEY_LOST = "key_lost"
    REFUSED_AFTER_HEADER = "refused_after_header"  # the export is not the one authorised
    REFUSED_SOURCE = "refused_source"  # the export cannot be used: empty, cut short, unknown, unsafe
    REFUSED = "refused"  # any other refusal, before a byte was staged, that resuming cannot overcome
    RECORD_LOST = "record_lost"

    @property
    def outcome(self) -> Outcome:
        """The outcome of a run that ends for this cause."""
        return _OUTCOMES[self]


_OUTCOMES = {
    Cause.PUBLISHED: Outcome.DELIVERED,
    Cause.REHEARSAL: Outcome.REHEARSED,
    Cause.INVENTORY: Outcome.COUNTED,
    Cause.ABANDONED: Outcome.ABANDONED,
    Cause.CANCELLED: Outcome.CANCELLED,
    Cause.WITHDRAWN: Outcome.WITHDRAWN,
    Cause.DEADLINE: Outcome.DEADLINE,
    Cause.KEY_LOST: Outcome.KEY_LOST,
    Cause.REFUSED_AFTER_HEADER: Outcome.REFUSED,
    Cause.REFUSED_SOURCE: Outcome.REFUSED,
    Cause.REFUSED: Outcome.REFUSED,
    Cause.RECORD_LOST: Outcome.RECORD_LOST,
}
