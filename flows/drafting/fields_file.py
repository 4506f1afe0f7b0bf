"""Reads FIELDS, a file with the fields of an instruction, as JSON (also a finished instruction) or TOML (the template)."""

from __future__ import annotations

import json
import re
import tomllib
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.errors import AuthorisationError, LimitExceededError
from schemas.writing import day_begins
from vault.instruction.document import MAX_BYTES
from vault.system.clock import format_utc

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ONE_DAY, _ONE_SECOND = timedelta(days=1), timedelta(seconds=1)
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def read_fields(path: Path) -> dict[str, Any]:
    """Return the fields in a file.

    Raises AuthorisationError (fields_unreadable, with the line: neither JSON nor TOML), LimitExceededError (fields_too_large).
    """
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise LimitExceededError("fields_too_large", limit=MAX_BYTES)
    try:
        text = data.decode("utf-8-sig")
        is_json = text.lstrip()[:1] in ("{", "[")
        fields = json.loads(text) if is_json else _with_no_dates(tomllib.loads(text))
        return _with_moments(_plain(fields)) if isinstance(fields, dict) else {}
    except (ValueError, RecursionError) as error:
        line = _line(error)
    raise AuthorisationError("fields_unreadable", **({"line": line} if line else {}))


def whole_moment(text: Any, *, end: bool) -> Any:
    """Convert a day to the UTC time of its end or beginning in Belgium. Return any other value unchanged."""
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        return text
    with suppress(ValueError, OverflowError):  # no such day: the check of the fields reports it
        day = date.fromisoformat(text)
        return format_utc(day_begins(day + _ONE_DAY) - _ONE_SECOND if end else day_begins(day))
    return text


def _line(error: Exception) -> int:
    """Return the line that cannot be read; 0 if the parser does not report it."""
    if isinstance(error, json.JSONDecodeError):
        return error.lineno
    match = _AT_LINE.search(str(error))
    return int(match[1]) if match else 0


def _with_no_dates(fields: dict[str, Any]) -> dict[str, Any]:
    """Add `until = None` to holders without a date, because TOML has no null."""
    custody = fields.get("custody")
    for held in custody.values() if isinstance(custody, dict) else ():
        if isinstance(held, dict):
            held.setdefault("until", None)
    return fields


def _with_moments(fields: dict[str, Any]) -> dict[str, Any]:
    """Convert days to UTC times: an instruction is valid from the beginning of its first day to the end of its last day."""
    for name in ("valid_from", "valid_until"):
        if name in fields:
            fields[name] = whole_moment(fields[name], end=name == "valid_until")
    custody = fields.get("custody")
    for held in custody.values() if isinstance(custody, dict) else ():
        if isinstance(held, dict) and "until" in held:
            held["until"] = whole_moment(held["until"], end=True)
    return fields


def _plain(value: Any) -> Any:
    """Convert TOML's dates and times to the instruction's format. A time without an offset is kept so, and refused later."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return format_utc(value) if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value
