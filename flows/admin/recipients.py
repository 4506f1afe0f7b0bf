"""Challenges the holder of an age key and checks the answer. Instructions may then name the key."""

from __future__ import annotations

from flows.session.acts import act
from flows.session.control import Control
from schemas.errors import ScopeError
from vault.ledger.entries import EntryType
from vault.records import recipients as register
from vault.records.recipients import CHALLENGE_DAYS, Recipient, RecipientRole

__all__ = ["CHALLENGE_DAYS", "Recipient", "RecipientRole", "challenge", "confirm", "listed", "remove"]
_MAX_ANSWER_BYTES = 4096


def challenge(control: Control, key: str, role: RecipientRole) -> bytes:
    """Return a sealed challenge that only the holder of the key can open."""
    with act(control, EntryType.RECIPIENT_CHALLENGED, role):
        return register.challenge(control.home, key, role, control.clock.now())


def confirm(control: Control, answer: bytes) -> Recipient:
    """Check a holder's answer; instructions may then name the key. Raises ScopeError (answer_unknown)."""
    with act(control, EntryType.RECIPIENT_ENROLLED) as doing:
        if len(answer) > _MAX_ANSWER_BYTES:
            raise ScopeError("answer_unknown")
        recipient = register.confirm(control.home, answer.decode("utf-8", "replace"), control.clock.now())
        doing.code = recipient.role
        return recipient


def listed(control: Control) -> list[Recipient]:
    """List the keys whose possession was proved."""
    return list(register.recipients(control.home))


def remove(control: Control, key: str) -> None:
    """Remove a key. Instructions that name the key are refused from now on."""
    with act(control, EntryType.RECIPIENT_REMOVED, "removed"):
        register.remove(control.home, key)
