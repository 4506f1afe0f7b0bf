"""The instruction: the controllers' order to the processor (article 28(3)(a) GDPR), as canonical JSON.

The readable text that the doctor saw is rendered from the same JSON. Its digest is part of the signed data, so text and data
cannot diverge.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from schemas.disposition import RecordKind
from schemas.errors import AuthorisationError
from schemas.texts import LANGUAGES
from vault.canonical_json import canonical_json
from vault.instruction._text import WORDING, WORDINGS, render_text
from vault.instruction.fields import HOLDERS, PATIENTS, RESPONSIBLE, ROLES, USES, field_problems
from vault.instruction.printable import hides, visible
from vault.system.clock import parse_utc

MAX_BYTES = 256 << 10
VERSION = 2
"""The version that is drafted. Version 1 can still be read. Its fields could have any value; `vault.authorisation.terms` defines
which values a site refuses.
"""
_READABLE_VERSIONS = (1, VERSION)
_SET_WHEN_DRAFTED = ("version", "readable_text_sha256")
_FIELDS = {
    "version",
    "nonce",
    "controllers",
    "processor",
    "purpose",
    "source_system",
    "target_system",
    "kinds",
    "patients",
    "responsible",
    "uses",
    "recipients",
    "destination",
    "custody",
    "valid_from",
    "valid_until",
    "staging_deadline_hours",
    "ceilings",
    "language",
    "readable_text_sha256",
}


@dataclass(frozen=True)
class Controller:
    """A controller: the role in which they sign, their INAMI number and their name."""

    role: str
    nihii: str
    name: str


@dataclass(frozen=True)
class Custody:
    """The holder of a copy, and the UTC time until which it may be held."""

    holder: str  # doctor | operator
    until: str | None


@dataclass(frozen=True)
class Instruction:
    """A parsed instruction. `text` is the signed text; `shown` is that text, made safe for a terminal."""

    document: bytes
    version: int
    nonce: str
    controllers: tuple[Controller, ...]
    processor: str
    source_system: str
    target_system: str
    kinds: frozenset[str]
    patients: dict[str, Any]
    responsible: dict[str, Any]
    uses: dict[str, int]
    recipients: tuple[str, ...]
    recipient_roles: tuple[str, ...]  # one per recipient, in their order
    destination: str
    source_custody: Custody | None
    package_custody: Custody | None
    valid_from: datetime
    valid_until: datetime
    staging_deadline_hours: int
    degraded_permille: int
    quarantined_permille: int
    language: str
    text: str
    shown: str
    wording: int  # of the text (`vault.instruction._text`)
    hides: bool  # a field holds a character that is invisible or changes how others are drawn; possible only in version 1


def draft(fields: dict[str, Any]) -> bytes:
    """Add a nonce, if missing, and the digest of the readable text to the fields. Return the bytes to be signed.

    The fields may be those of a finished instruction. Raises AuthorisationError (fields_refused, with the number of problems;
    `vault.instruction.fields.field_problems` lists them).
    """
    body = {"version": VERSION, **completed(fields)}
    _refuse_problems(body)
    body["readable_text_sha256"] = _text_digest(body, WORDING)
    return canonical_json(body)


def completed(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields without those that `draft` adds (version, digest), and with a nonce."""
    return {"nonce": secrets.token_hex(16), **{k: v for k, v in fields.items() if k not in _SET_WHEN_DRAFTED}}


def _refuse_problems(body: dict[str, Any]) -> None:
    problems = field_problems({k: v for k, v in body.items() if k not in _SET_WHEN_DRAFTED})
    if problems:
        raise AuthorisationError("fields_refused", count=len(problems))


def _text_digest(body: dict[str, Any], wording: int) -> str:
    return sha256(_text(body, wording).encode()).hexdigest()


def _wording_of(body: dict[str, Any]) -> int:
    """Return the wording whose text has the signed digest. Raises AuthorisationError (readable_text_differs)."""
    for wording in WORDINGS:
        if _text_digest(body, wording) == body["readable_text_sha256"]:
            return wording
    raise AuthorisationError("readable_text_differs")


def parse(document: bytes) -> Instruction:
    """Parse an instruction of either version.

    Raises AuthorisationError: instruction_malformed (also if not canonical, or of an unknown version), readable_text_differs,
    fields_refused (in version 2, if `field_problems` lists a problem).
    """
    body = _load(document)
    try:
        return _build(document, body)
    except AuthorisationError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise AuthorisationError("instruction_malformed")


def _load(document: bytes) -> dict[str, Any]:
    try:
        if len(document) > MAX_BYTES:
            raise ValueError
        body = json.loads(document.decode("utf-8"), parse_float=_no_float)
        if not isinstance(body, dict) or set(body) != _FIELDS or not _is_read(body["version"]):
            raise ValueError
        if canonical_json(body) != document:
            raise ValueError
        return body
    except (ValueError, RecursionError, UnicodeDecodeError):
        pass
    raise AuthorisationError("instruction_malformed")


def _is_read(version: Any) -> bool:
    return type(version) is int and version in _READABLE_VERSIONS


def _no_float(_text: str) -> None:
    raise ValueError


def _build(document: bytes, body: dict[str, Any]) -> Instruction:
    if body["version"] == VERSION:
        _refuse_problems(body)
    wording = _wording_of(body)
    kinds = frozenset(RecordKind(kind).value for kind in body["kinds"])
    custody = body["custody"]
    return Instruction(
        document=document,
        version=body["version"],
        nonce=_hex(body["nonce"]),
        controllers=tuple(_controller(c) for c in body["controllers"]),
        processor=str(body["processor"]),
        source_system=str(body["source_system"]),
        target_system=str(body["target_system"]),
        kinds=kinds,
        patients=_patients(body["patients"]),
        responsible=_responsible(body["responsible"]),
        uses={use: _count(body["uses"].get(use, 0)) for use in USES},
        recipients=tuple(str(r["age"]) for r in body["recipients"]),
        recipient_roles=tuple(str(r["role"]) for r in body["recipients"]),
        destination=str(body["destination"]),
        source_custody=_custody(custody.get("source")),
        package_custody=_custody(custody.get("package")),
        valid_from=parse_utc(body["valid_from"]),
        valid_until=parse_utc(body["valid_until"]),
        staging_deadline_hours=_positive(body["staging_deadline_hours"]),
        degraded_permille=_count(body["ceilings"]["degraded_permille"]),
        quarantined_permille=_count(body["ceilings"]["quarantined_permille"]),
        language=_one_of(body["language"], LANGUAGES),
        text=_text(body, wording),
        shown=_text(_each_text(body, visible), wording),
        wording=wording,
        hides=_each_text(body, lambda text: "" if hides(text) else text) != body,
    )


def _text(body: dict[str, Any], wording: int) -> str:
    return render_text({k: v for k, v in body.items() if k != "readable_text_sha256"}, wording)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """Return the value with each text in it changed, but not the names of fields."""
    if isinstance(value, dict):
        return {name: _each_text(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [_each_text(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value


def _hex(text: str) -> str:
    if bytes.fromhex(text).hex() != text or len(text) != 32:
        raise ValueError
    return text


def _count(number: int) -> int:
    if type(number) is not int or number < 0:
        raise ValueError
    return number


def _positive(number: int) -> int:
    if not _count(number):
        raise ValueError
    return number


def _one_of(text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise ValueError
    return text


def _controller(raw: dict[str, Any]) -> Controller:
    return Controller(_one_of(raw["role"], ROLES), str(raw["nihii"]), str(raw["name"]))


def _custody(raw: dict[str, Any] | None) -> Custody | None:
    if not raw:
        return None
    until = raw.get("until")
    if until is not None:
        parse_utc(until)
    return Custody(_one_of(raw["holder"], HOLDERS), until)


def _patients(raw: dict[str, Any]) -> dict[str, Any]:
    mode = _one_of(raw["mode"], PATIENTS)
    if mode == "seen_since":
        _day(raw["since"])
    if mode == "list" and len(bytes.fromhex(raw["list_sha256"])) != 32:
        raise ValueError
    return raw


def _day(text: str) -> None:
    """Check the form of a day (YYYY-MM-DD): it is compared with the dates of visits as text."""
    if datetime.strptime(text, "%Y-%m-%d").strftime("%Y-%m-%d") != text:
        raise ValueError


def _responsible(raw: dict[str, Any]) -> dict[str, Any]:
    _one_of(raw["mode"], RESPONSIBLE)
    return {**raw, "nihii": _list(raw.get("nihii", []))}


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise ValueError
    return value
