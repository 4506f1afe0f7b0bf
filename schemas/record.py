"""Values that are kept or sent as JSON: typed, frozen, checked field by field when they are read (msgspec).

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
"""Where a message of msgspec says that a value does not fit; the message itself may quote the value."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the values that a home keeps."""

    def changed(self, **changes: Any) -> Self:
        """The same value with other fields."""
        return msgspec.structs.replace(self, **changes)


def dump(value: object) -> bytes:
    """A record or a dataclass as JSON, its keys sorted."""
    return msgspec.json.encode(value, order="sorted")


def load(
    kind: type[T], data: bytes | str, refused: Callable[..., RepriseError], code: str, **facts: str
) -> T:
    """The record of this kind in the data. Raises `refused(code, field=..., **facts)` for what is not one."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        found = _PATH.search(str(error))
        field = found[1] if found else ""
    except (ValueError, RecursionError):  # no JSON, or no UTF-8
        field = ""
    raise refused(code, **facts, **({"field": field} if field else {}))
