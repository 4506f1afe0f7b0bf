"""The register of recipients: age keys whose holders proved that they can open what is sealed to them.

If a public key were copied wrongly or belonged to someone else, the wrong person or nobody could open a package. So the holder of
a key opens one challenge with plain `age -d` before an authorisation may name the key. The register is one sealed file,
`recipients.json`. Each entry states its `kind`, so that other kinds of recipients can be added beside age keys.
"""

from __future__ import annotations

import hmac
import os
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.errors import ScopeError
from schemas.record import Record
from vault.age.sealing import open_bytes, parse_identity, parse_recipients, seal_bytes
from vault.home_folder import Home
from vault.records.attestation import read_code
from vault.records.sealed_records import read_sealed, write_sealed
from vault.system.clock import format_utc, parse_utc
from vault.system.locks import lock_folder

CHALLENGE_DAYS = 14


class RecipientRole(StrEnum):
    """The purpose of a key."""

    PRACTICE = "practice"
    MEDINECT = "medinect"
    RECOVERY = "recovery"


class Recipient(Record, frozen=True):
    """A key whose possession was proven."""

    key: str
    role: str
    proven_at: str


class _Recipient(Recipient, frozen=True, tag_field="kind", tag="age"):
    """A `Recipient` as the register holds it, with its kind."""


class _Challenge(Record, frozen=True, tag_field="kind", tag="age"):
    """A challenge for a key whose holder has not answered yet."""

    key: str
    role: str
    answer: str
    until: str


class _Register(Record, frozen=True):
    """The content of `recipients.json`."""

    version: int = 1
    recipients: tuple[_Recipient, ...] = ()
    challenges: tuple[_Challenge, ...] = ()


def challenge(home: Home, key: str, role: str, moment: datetime) -> bytes:
    """Create a sealed challenge for the holder of a key. It replaces a pending challenge for the same key.

    Raises TargetRefusedError (recipient_not_age), AuthorisationError (role_unknown), ScopeError (recipient_known).
    """
    parse_recipients([key])
    wanted = read_code(RecipientRole, role, "role_unknown")
    site = home.site_key
    answer = f"reprise-recipient-v1 {site.pseudonym('home', 'recipients')} {os.urandom(32).hex()}"
    until = format_utc(moment + timedelta(days=CHALLENGE_DAYS))
    with lock_folder(home.path):
        register = _read(home)
        if any(proven.key == key for proven in register.recipients):
            raise ScopeError("recipient_known")
        waiting = [c for c in register.challenges if c.key != key and parse_utc(c.until) >= moment]
        pending = _Challenge(key, wanted, answer, until)
        _write(home, register.changed(challenges=(*waiting, pending)))
    return seal_bytes([key], f"{answer}\n".encode())


def confirm(home: Home, answer: str, moment: datetime) -> Recipient:
    """Accept the holder's answer: remove the challenge, and add the key to the register.

    Raises ScopeError: answer_unknown (no pending challenge of this home matches), challenge_expired.
    """
    given = answer.strip().encode()
    with lock_folder(home.path):
        register = _read(home)
        # compare with every answer in constant time, so that the time does not show how much of one is right
        matching = [c for c in register.challenges if hmac.compare_digest(c.answer.encode(), given)]
        if not matching:
            raise ScopeError("answer_unknown")
        (answered,) = matching
        expired = moment > parse_utc(answered.until)
        recipient = _Recipient(answered.key, answered.role, format_utc(moment))
        proven = register.recipients if expired else (*register.recipients, recipient)
        left = tuple(c for c in register.challenges if c != answered)
        _write(home, register.changed(recipients=proven, challenges=left))
    if expired:
        raise ScopeError("challenge_expired")
    return Recipient(recipient.key, recipient.role, recipient.proven_at)


def remove(home: Home, key: str) -> None:
    """Remove a key and its pending challenge. Raises ScopeError (recipient_not_proven) for an unknown key."""
    with lock_folder(home.path):
        register = _read(home)
        left = register.changed(
            recipients=tuple(proven for proven in register.recipients if proven.key != key),
            challenges=tuple(pending for pending in register.challenges if pending.key != key),
        )
        if left == register:
            raise ScopeError("recipient_not_proven")
        _write(home, left)


def recipients(home: Home) -> list[Recipient]:
    """Return the keys in the register."""
    return [Recipient(entry.key, entry.role, entry.proven_at) for entry in _read(home).recipients]


def prove_possession(home: Home, identity: str, role: str, moment: datetime) -> Recipient:
    """Prove the possession of a key whose identity is available here, as in a trial: make the challenge and answer it."""
    key = str(parse_identity(identity).to_public())
    return confirm(home, open_bytes(challenge(home, key, role, moment), identity).decode(), moment)


def _read(home: Home) -> _Register:
    if not home.recipients.is_file():
        return _Register()
    return read_sealed(home, home.recipients, "recipients", _Register)


def _write(home: Home, register: _Register) -> None:
    write_sealed(home, home.recipients, "recipients", register)
