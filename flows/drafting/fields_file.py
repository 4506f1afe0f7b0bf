"""FIELDS: the fields of an instruction in a file, as JSON (a finished instruction too) or as TOML (the template)."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

from schemas.errors import AuthorisationError, LimitExceededError
from vault.instruction.document import MAX_BYTES
from vault.system.clock import format_utc

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def read_fields(path: Path) -> dict[str, Any]:
    """The fields in a file.

    Raises AuthorisationError: fields_unreadable (neither JSON nor TOML, with the line), LimitExceededError.
    """
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise LimitExceededError("fields_too_large", limit=MAX_BYTES)
    try:
        text = data.decode("utf-8-sig")
        is_json = text.lstrip()[:1] in ("{", "[")
        found = json.loads(text) if is_json else _with_no_dates(tomllib.loads(text))
        return _with_moments(_plain(found)) if isinstance(found, dict) else {}
    except (ValueError, RecursionError) as error:
        line = _line(error)
    raise AuthorisationError("fields_unreadable", **({"line": line} if line else {}))


def whole_moment(text: Any, *, end: bool) -> Any:
    """A day as the moment of its end or beginning (UTC); anything else as it is."""
    if isinstance(text, str) and _DAY.fullmatch(text):
        return f"{text}T23:59:59Z" if end else f"{text}T00:00:00Z"
    return text


def _line(error: Exception) -> int:
    """The line that cannot be read; 0 when the reader does not say."""
    if isinstance(error, json.JSONDecodeError):
        return error.lineno
    found = _AT_LINE.search(str(error))
    return int(found[1]) if found else 0


def _with_no_dates(found: dict[str, Any]) -> dict[str, Any]:
    """TOML has no null: where who holds a copy has no `until` there, none is stated."""
    custody = found.get("custody")
    for held in custody.values() if isinstance(custody, dict) else ():
        if isinstance(held, dict):
            held.setdefault("until", None)
    return found


def _with_moments(found: dict[str, Any]) -> dict[str, Any]:
    """Days where moments are wanted: an instruction holds from the beginning of the one to the end of the other."""
    for name in ("valid_from", "valid_until"):
        if name in found:
            found[name] = whole_moment(found[name], end=name == "valid_until")
    custody = found.get("custody")
    for held in custody.values() if isinstance(custody, dict) else ():
        if isinstance(held, dict) and "until" in held:
            held["until"] = whole_moment(held["until"], end=True)
    return found


def _plain(value: Any) -> Any:
    """TOML's own moments and days as an instruction writes them. One without an offset stays none, and is refused."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return format_utc(value) if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value
