"""What the first release drafted: instructions of version 1, whose fields were not closed."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from vault.canonical_json import canonical_json
from vault.instruction._text import render_text


def draft_1(fields: dict[str, Any]) -> bytes:
    """The bytes to be signed of an instruction of version 1."""
    body = {**fields, "version": 1}
    body.pop("readable_text_sha256", None)
    return canonical_json({**body, "readable_text_sha256": sha256(render_text(body, 1).encode()).hexdigest()})
