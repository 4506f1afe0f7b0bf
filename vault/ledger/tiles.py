"""Tiles and entry bundles (C2SP tlog-tiles): how files store a tree, and how a subtree is read from them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from hashlib import sha256

from schemas.errors import ProofError
from vault.ledger.merkle import HASH_BYTES, node_hash, root_hash, split

TILE = 256
LEVEL_BITS = 8
MAX_BUNDLE_ENTRY = 65535

ReadFile = Callable[[str], bytes]


def tile_path(level: int | str, index: int, width: int) -> str:
    """Returns `tile/<level>/<index>[.p/<width>]`, the index in groups of three digits."""
    groups = f"{index % 1000:03d}"
    rest = index // 1000
    while rest:
        groups = f"x{rest % 1000:03d}/{groups}"
        rest //= 1000
    return f"tile/{level}/{groups}" + (f".p/{width}" if width < TILE else "")


def format_bundle(entries: list[bytes]) -> bytes:
    """Format entries as a bundle: each is preceded by its length in two bytes, big endian."""
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def parse_bundle(data: bytes) -> list[bytes]:
    """Returns the entries of a bundle. Raises ProofError."""
    entries, at = [], 0
    while at < len(data):
        if at + 2 > len(data):
            raise ProofError("bundle_malformed")
        (length,) = struct.unpack_from(">H", data, at)
        if at + 2 + length > len(data):
            raise ProofError("bundle_malformed")
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    return entries


def widths(size: int, level: int) -> Iterator[tuple[int, int]]:
    """Yield index and width of every tile of a level in a tree of this size."""
    hashes = size >> (LEVEL_BITS * level)
    for index in range((hashes + TILE - 1) // TILE):
        yield index, min(TILE, hashes - index * TILE)


def read_tile(read: ReadFile, level: int, index: int, width: int) -> list[bytes]:
    """Returns the hashes of a tile. Raises ProofError when its length is wrong."""
    data = read(tile_path(level, index, width))
    if len(data) != width * HASH_BYTES:
        raise ProofError("tile_malformed")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


class TileTree:
    """A `Tree` over tile files; it reads only the few that a proof needs."""

    def __init__(self, read: ReadFile, size: int) -> None:
        self._read = read
        self._tiles: dict[tuple[int, int], list[bytes]] = {}
        self.size = size

    def subtree(self, start: int, end: int) -> bytes:
        """See `Tree.subtree`; `start` must be where a subtree can begin. Raises ProofError, OSError."""
        if start == end:
            return sha256(b"").digest()
        count = end - start
        if count & (count - 1) == 0:
            return self._complete(start, count)
        cut = start + split(count)
        return node_hash(self.subtree(start, cut), self.subtree(cut, end))

    def _complete(self, start: int, count: int) -> bytes:
        """Returns the root of a complete subtree, which lies in one tile of the level below its height."""
        level = (count.bit_length() - 1) // LEVEL_BITS
        first, span = start >> (LEVEL_BITS * level), count >> (LEVEL_BITS * level)
        hashes = self._tile(level, first // TILE)
        return root_hash(hashes[first % TILE : first % TILE + span])

    def _tile(self, level: int, index: int) -> list[bytes]:
        if (level, index) not in self._tiles:
            width = min(TILE, (self.size >> (LEVEL_BITS * level)) - index * TILE)
            self._tiles[level, index] = read_tile(self._read, level, index, width)
        return self._tiles[level, index]


def grow_tiles(read: ReadFile, size: int, leaves: list[bytes]) -> Iterator[tuple[int, int, list[bytes]]]:
    """Yield level, index and hashes of every tile that changes when `leaves` extend a tree of `size`; low levels first."""
    level, start, fresh = 0, size, leaves
    while fresh:
        first, width = divmod(start, TILE)
        hashes = (read_tile(read, level, first, width) if width else []) + fresh
        fresh = []
        for at in range(0, len(hashes), TILE):
            some = hashes[at : at + TILE]
            yield level, first + at // TILE, some
            if len(some) == TILE:
                fresh.append(root_hash(some))
        level, start = level + 1, first
