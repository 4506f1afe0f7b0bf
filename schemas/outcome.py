"""How a run can end: one closed list, from which every text and every `--json` takes its words."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What an ended run came to, as programs read it (`"outcome"` beside `"state"`)."""

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
    """Why a run ends, as ledger, statement and certificate carry it. Its words: `certificate.outcome` in `schemas.texts`."""

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
    REFUSED = "refused"  # anything else that no resume could mend, before a byte was staged
    RECORD_LOST = "record_lost"

    @property
    def outcome(self) -> Outcome:
        """What a run that ends for this cause came to."""
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
