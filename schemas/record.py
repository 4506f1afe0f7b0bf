"""Values that are stored or sent as JSON: typed, frozen, and checked field by field on reading (msgspec).

Unknown fields and values of another type are refused. The error names the field and never its value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Self, TypeVar

import msgspec

from schemas.errors import RepriseError

T = TypeVar("T")
R = TypeVar("R", bound=msgspec.Struct)
_PATH = re.compile(r"at `\$\.?([A-Za-z0-9_.\[\]]*)")
"""The part of a msgspec message that names the field; the message itself may quote the value."""
_ELEMENT = re.compile(r"\[[^\]]*\]")
"""The place in a list or a mapping: an error names the field alone."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base class of the values stored in a home."""

    def changed(self, **changes: Any) -> Self:
        """Returns a copy with these fields changed."""
        return msgspec.structs.replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """Returns the plain values, by field in the order of the fields."""
        return dict(msgspec.to_builtins(self))


def dump(value: object) -> bytes:
    """Encode a record or a dataclass as JSON with sorted keys."""
    return msgspec.json.encode(value, order="sorted")


def load(
    kind: type[T], data: bytes | str, refused: Callable[..., RepriseError], code: str, **facts: str
) -> T:
    """Decode a record of this kind. Raises `refused(code, field=..., **facts)` for invalid data."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        found = _PATH.search(str(error))
        field = _ELEMENT.sub("", found[1]) if found else ""
    except (ValueError, RecursionError):  # not JSON, or not UTF-8
        field = ""
    raise refused(code, **facts, **({"field": field} if field else {}))


def load_or_none(kind: type[T], data: bytes) -> T | None:
    """Decode a record where its loss is no error, or where its author is a stranger. Returns None for invalid data."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (ValueError, RecursionError):  # a ValidationError is a ValueError
        return None
