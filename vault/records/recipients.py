"""The register of recipients: age keys whose holders proved that they can open what is sealed to them.

If a public key were copied wrongly or belonged to someone else, the wrong person or no one could open a package. So its holder
opens one challenge, once, with plain `age -d`, before an authorisation may name the key. The register is one sealed file,
`recipients.json`; each entry states its `kind`, so that other channels can be added beside age keys.
"""

from __future__ import annotations

import hmac
import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from schemas.errors import ScopeError
from vault.age.sealing import open_bytes, parse_identity, parse_recipients, seal_bytes
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.records.attestation import read_code
from vault.system.clock import format_utc, parse_utc
from vault.system.files import write_durably
from vault.system.locks import lock_folder

CHALLENGE_DAYS = 14
_EMPTY: dict[str, Any] = {"version": 1, "recipients": [], "challenges": []}


class RecipientRole(StrEnum):
    """The purpose of a key."""

    PRACTICE = "practice"
    MEDINECT = "medinect"
    RECOVERY = "recovery"


@dataclass(frozen=True)
class Recipient:
    """A key whose possession was proven."""

    key: str
    role: str
    proven_at: str


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
        if any(entry["key"] == key for entry in register["recipients"]):
            raise ScopeError("recipient_known")
        waiting = [c for c in register["challenges"] if c["key"] != key and parse_utc(c["until"]) >= moment]
        asked = {"kind": "age", "key": key, "role": wanted.value, "answer": answer, "until": until}
        _write(home, {**register, "challenges": [*waiting, asked]})
    return seal_bytes([key], f"{answer}\n".encode())


def confirm(home: Home, answer: str, moment: datetime) -> Recipient:
    """Accept the holder's answer: the challenge is used up, the key enters the register.

    Raises ScopeError: answer_unknown (no pending challenge of this home matches), challenge_expired.
    """
    given = answer.strip().encode()
    with lock_folder(home.path):
        register = _read(home)
        # compare all of them, so that the time does not show which came close
        fitting = [c for c in register["challenges"] if hmac.compare_digest(c["answer"].encode(), given)]
        if not fitting:
            raise ScopeError("answer_unknown")
        (asked,) = fitting
        register["challenges"].remove(asked)
        expired = moment > parse_utc(asked["until"])
        found = Recipient(asked["key"], asked["role"], format_utc(moment))
        if not expired:
            register["recipients"].append({"kind": "age", **found.__dict__})
        _write(home, register)
    if expired:
        raise ScopeError("challenge_expired")
    return found


def remove(home: Home, key: str) -> None:
    """Remove a key and its pending challenge. Raises ScopeError (recipient_not_proven) for an unknown key."""
    with lock_folder(home.path):
        register = _read(home)
        left = {name: [e for e in register[name] if e["key"] != key] for name in ("recipients", "challenges")}
        if all(left[name] == register[name] for name in left):
            raise ScopeError("recipient_not_proven")
        _write(home, {**register, **left})


def recipients(home: Home) -> list[Recipient]:
    """Returns the keys in the register."""
    return [
        Recipient(entry["key"], entry["role"], entry["proven_at"])
        for entry in _read(home)["recipients"]
        if entry["kind"] == "age"
    ]


def prove_possession(home: Home, identity: str, role: str, moment: datetime) -> Recipient:
    """Challenge and answer in one, where the identity is available locally: trials."""
    key = str(parse_identity(identity).to_public())
    return confirm(home, open_bytes(challenge(home, key, role, moment), identity).decode(), moment)


def _read(home: Home) -> dict[str, Any]:
    path = home.recipients
    if not path.is_file():
        return json.loads(json.dumps(_EMPTY))  # type: ignore[no-any-return]
    return dict(json.loads(home.site_key.open(path.read_bytes(), "recipients")))


def _write(home: Home, register: dict[str, Any]) -> None:
    write_durably(home.recipients, home.site_key.seal(canonical_json(register), "recipients"))
