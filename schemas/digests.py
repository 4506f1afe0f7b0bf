"""The identity of a file's bytes: their SHA-256 and their number."""

from __future__ import annotations

from hashlib import sha256
from typing import BinaryIO, NamedTuple


class Digest(NamedTuple):
    """SHA-256 (hex) and size of a file."""

    sha256: str
    size: int


class Hashing:
    """A digest in progress, which can continue where a broken reading stopped."""

    def __init__(self) -> None:
        self._hash = sha256()
        self.size = 0

    def feed(self, piece: bytes | memoryview) -> None:
        """Process the next bytes."""
        self._hash.update(piece)
        self.size += len(piece)

    def close(self) -> Digest:
        """The digest of all bytes fed so far."""
        return Digest(self._hash.hexdigest(), self.size)


def stream_digest(stream: BinaryIO) -> Digest:
    """Read a stream to its end, in constant memory."""
    hashing = Hashing()
    for piece in iter(lambda: stream.read(1 << 20), b""):
        hashing.feed(piece)
    return hashing.close()
