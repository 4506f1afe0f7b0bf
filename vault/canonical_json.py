"""Canonical JSON (RFC 8785): one object, one sequence of bytes, so that it can be signed and compared."""

from __future__ import annotations

from typing import Any

import rfc8785


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of plain JSON values. Raises ValueError for what JSON cannot hold."""
    return rfc8785.dumps(value)
