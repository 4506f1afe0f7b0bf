"""Media types that both releases of KMEHR name; others are left out, which is allowed (the bytes decide)."""

from __future__ import annotations

from connectors.targets.conform import is_valid
from connectors.targets.tree import Node

_SAME = {"application/rtf": "text/rtf"}


def media_type_of(sniffed: str | None) -> str | None:
    """The MEDIATYPE for bytes of this kind, or None."""
    if sniffed is None:
        return None
    name = _SAME.get(sniffed, sniffed)
    valid = is_valid(Node("lnk", {"TYPE": "multimedia", "MEDIATYPE": name}), "CD:lnkType")
    return name if valid else None
