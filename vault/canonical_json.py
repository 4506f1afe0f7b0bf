"""Canonical JSON (RFC 8785): each object has one byte sequence, so that it can be signed and compared."""

from __future__ import annotations

from typing import Any

import rfc8785


def canonical_json(value: Any) -> bytes:
    """Returns the canonical bytes of plain JSON values. Raises ValueError for values outside of JSON."""
    return rfc8785.dumps(value)
