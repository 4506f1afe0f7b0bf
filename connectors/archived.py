"""The files in an archive that is held in memory: what lies inside a text or an attachment (docs/limits.md)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing

from connectors.base import NAMELESS, Limits, Listed
from connectors.nested import archive_kind, open_nested
from schemas.errors import RepriseError

PAYLOAD_BYTES = 4 << 20
"""What is longer is not looked into, at any level."""
_LIMITS = Limits(max_files=1000, max_file_bytes=PAYLOAD_BYTES, max_zip_bytes=4 * PAYLOAD_BYTES)


def archived_files(content: bytes) -> Iterator[bytes]:
    """Yield the files in a zip, gzip or tar, also of those in it; none for other bytes. A damaged or longer file is left out."""
    if archive_kind(content[:512]) is None:
        return
    itself = Listed(lambda _ordinal: lambda: io.BytesIO(content), len(content), NAMELESS)
    for ordinal, file in enumerate(open_nested([itself], _LIMITS, can_seek=True), 1):
        if file is itself or file.size > PAYLOAD_BYTES:
            continue
        try:
            with closing(file.opener(ordinal)()) as stream:
                found = stream.read(PAYLOAD_BYTES + 1)
        except (RepriseError, OSError):
            continue
        if len(found) <= PAYLOAD_BYTES:
            yield found
