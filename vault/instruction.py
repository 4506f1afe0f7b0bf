"""The instruction: what the controllers order the processor to do (article 28(3)(a) GDPR), as canonical JSON.

The readable text that the doctor saw is rendered from the same JSON; its digest is inside what is signed, so text and
data cannot part.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from schemas.disposition import RecordKind
from schemas.errors import AuthorisationError
from vault.canonical import canonical_json
from vault.clock import parse_utc
from vault.instruction_text import render_text

MAX_BYTES = 256 << 10
VERSION = 1
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
ROLES = ("controller", "mandated", "successor", "practice_company")
USES = ("inventory", "rehearsal", "migration", "delta")


@dataclass(frozen=True)
class Controller:
    """A controller and the role in which he or she signs."""

    role: str
    nihii: str
    name: str


@dataclass(frozen=True)
class Custody:
    """Who holds a copy and until when."""

    holder: str  # doctor | operator
    until: str | None


@dataclass(frozen=True)
class Instruction:
    """A parsed instruction."""

    document: bytes
    nonce: str
    controllers: tuple[Controller, ...]
    processor: str
    source_system: str
    kinds: frozenset[str]
    patients: dict[str, Any]
    responsible: dict[str, Any]
    uses: dict[str, int]
    recipients: tuple[str, ...]
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


def draft(fields: dict[str, Any]) -> bytes:
    """Complete the fields with the digest of the readable text; gives the bytes to be signed (RFC 8785)."""
    body = {"version": VERSION, **fields}
    body["readable_text_sha256"] = _text_digest(body)
    return canonical_json(body)


def _text_digest(body: dict[str, Any]) -> str:
    rest = {k: v for k, v in body.items() if k != "readable_text_sha256"}
    return sha256(render_text(rest).encode()).hexdigest()


def parse(document: bytes) -> Instruction:
    """Read an instruction. Raises AuthorisationError: malformed, not canonical, or text and data parted."""
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
        if not isinstance(body, dict) or set(body) != _FIELDS or body["version"] is not VERSION:
            raise ValueError
        if canonical_json(body) != document:
            raise ValueError
        return body
    except (ValueError, RecursionError, UnicodeDecodeError):
        pass
    raise AuthorisationError("instruction_malformed")


def _no_float(_text: str) -> None:
    raise ValueError


def _build(document: bytes, body: dict[str, Any]) -> Instruction:
    if _text_digest(body) != body["readable_text_sha256"]:
        raise AuthorisationError("readable_text_differs")
    kinds = frozenset(RecordKind(kind).value for kind in body["kinds"])
    custody = body["custody"]
    return Instruction(
        document=document,
        nonce=_hex(body["nonce"]),
        controllers=tuple(_controller(c) for c in body["controllers"]),
        processor=str(body["processor"]),
        source_system=str(body["source_system"]),
        kinds=kinds,
        patients=_patients(body["patients"]),
        responsible=_responsible(body["responsible"]),
        uses={use: _count(body["uses"].get(use, 0)) for use in USES},
        recipients=tuple(str(r["age"]) for r in body["recipients"]),
        destination=str(body["destination"]),
        source_custody=_custody(custody.get("source")),
        package_custody=_custody(custody.get("package")),
        valid_from=parse_utc(body["valid_from"]),
        valid_until=parse_utc(body["valid_until"]),
        staging_deadline_hours=_positive(body["staging_deadline_hours"]),
        degraded_permille=_count(body["ceilings"]["degraded_permille"]),
        quarantined_permille=_count(body["ceilings"]["quarantined_permille"]),
        language=_one_of(body["language"], ("fr", "nl", "de", "en")),
        text=render_text({k: v for k, v in body.items() if k != "readable_text_sha256"}),
    )


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
    return Custody(_one_of(raw["holder"], ("doctor", "operator")), until)


def _patients(raw: dict[str, Any]) -> dict[str, Any]:
    mode = _one_of(raw["mode"], ("all", "seen_since", "list"))
    if mode == "seen_since":
        _day(raw["since"])
    if mode == "list" and len(bytes.fromhex(raw["list_sha256"])) != 32:
        raise ValueError
    return raw


def _day(text: str) -> None:
    """A day as visits are dated: the two are compared as texts."""
    if datetime.strptime(text, "%Y-%m-%d").strftime("%Y-%m-%d") != text:
        raise ValueError


def _responsible(raw: dict[str, Any]) -> dict[str, Any]:
    _one_of(raw["mode"], ("controllers", "any", "list"))
    return {**raw, "nihii": _list(raw.get("nihii", []))}


def _list(found: Any) -> list[Any]:
    if type(found) is not list:
        raise ValueError
    return found
