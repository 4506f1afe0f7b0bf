"""The kinds of values that several JSON formats have in common."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Moment = Annotated[
    str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$", description="RFC 3339, UTC, whole seconds")
]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Commitment = Annotated[str, Meta(description="32 bytes in base64, or `sweep`")]
Count = Annotated[int, Meta(ge=0)]
PerMille = Annotated[int, Meta(ge=0, le=1000)]
Inami = Annotated[str, Meta(pattern=r"^\d{8,11}$")]
