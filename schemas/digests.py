"""What identifies a file's bytes: their SHA-256 and how many they are."""

from __future__ import annotations

from hashlib import sha256
from typing import BinaryIO, NamedTuple


class Digest(NamedTuple):
    """SHA-256 (hex) and size of a file."""

    sha256: str
    size: int


class Hashing:
    """A digest under way; it can go on where a broken reading stopped."""

    def __init__(self) -> None:
        self._hash = sha256()
        self.size = 0

    def feed(self, piece: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._hash.update(piece)
        self.size += len(piece)

    def close(self) -> Digest:
        """The digest of all that was fed."""
        return Digest(self._hash.hexdigest(), self.size)


def stream_digest(stream: BinaryIO) -> Digest:
    """Read a stream to its end, in flat memory."""
    hashing = Hashing()
    for piece in iter(lambda: stream.read(1 << 20), b""):
        hashing.feed(piece)
    return hashing.close()
