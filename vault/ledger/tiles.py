"""Tiles and entry bundles (C2SP tlog-tiles): the files that store a tree and its entries, and a tree that reads them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from hashlib import sha256

from schemas.errors import ProofError
from vault.ledger.merkle import HASH_BYTES, node_hash, root_hash, split

HASHES_PER_TILE = 256
LEVEL_BITS = 8
MAX_BUNDLE_ENTRY_BYTES = 65535

ReadFile = Callable[[str], bytes]


def tile_path(level: int | str, index: int, width: int) -> str:
    """Return `tile/<level>/<index>[.p/<width>]`, the index in groups of three digits."""
    groups = f"{index % 1000:03d}"
    rest = index // 1000
    while rest:
        groups = f"x{rest % 1000:03d}/{groups}"
        rest //= 1000
    return f"tile/{level}/{groups}" + (f".p/{width}" if width < HASHES_PER_TILE else "")


def format_bundle(entries: list[bytes]) -> bytes:
    """Format entries as a bundle: each is preceded by its length in two bytes, big endian."""
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def parse_bundle(data: bytes) -> list[bytes]:
    """Return the entries of a bundle. Raises ProofError (bundle_malformed)."""
    entries, offset = [], 0
    while offset < len(data):
        if offset + 2 > len(data):
            raise ProofError("bundle_malformed")
        (length,) = struct.unpack_from(">H", data, offset)
        if offset + 2 + length > len(data):
            raise ProofError("bundle_malformed")
        entries.append(data[offset + 2 : offset + 2 + length])
        offset += 2 + length
    return entries


def widths(size: int, level: int) -> Iterator[tuple[int, int]]:
    """Yield index and width of every tile of a level in a tree of this size."""
    hashes = size >> (LEVEL_BITS * level)
    for index in range((hashes + HASHES_PER_TILE - 1) // HASHES_PER_TILE):
        yield index, min(HASHES_PER_TILE, hashes - index * HASHES_PER_TILE)


def read_tile(read: ReadFile, level: int, index: int, width: int) -> list[bytes]:
    """Return the hashes of a tile. Raises ProofError if its length is wrong."""
    data = read(tile_path(level, index, width))
    if len(data) != width * HASH_BYTES:
        raise ProofError("tile_malformed")
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]


class TileTree:
    """A `Tree` over tile files. It reads only the few files that a proof needs."""

    def __init__(self, read: ReadFile, size: int) -> None:
        self._read = read
        self._tiles: dict[tuple[int, int], list[bytes]] = {}
        self.size = size

    def subtree(self, start: int, end: int) -> bytes:
        """See `Tree.subtree`. `start` must be a multiple of the size of the subtree's largest complete part.

        Raises ProofError, OSError.
        """
        if start == end:
            return sha256(b"").digest()
        count = end - start
        if count & (count - 1) == 0:
            return self._complete(start, count)
        cut = start + split(count)
        return node_hash(self.subtree(start, cut), self.subtree(cut, end))

    def _complete(self, start: int, count: int) -> bytes:
        """Return the root of a complete subtree, from the one tile that holds the nodes of its level."""
        level = (count.bit_length() - 1) // LEVEL_BITS
        first, span = start >> (LEVEL_BITS * level), count >> (LEVEL_BITS * level)
        hashes = self._tile(level, first // HASHES_PER_TILE)
        return root_hash(hashes[first % HASHES_PER_TILE : first % HASHES_PER_TILE + span])

    def _tile(self, level: int, index: int) -> list[bytes]:
        if (level, index) not in self._tiles:
            width = min(HASHES_PER_TILE, (self.size >> (LEVEL_BITS * level)) - index * HASHES_PER_TILE)
            self._tiles[level, index] = read_tile(self._read, level, index, width)
        return self._tiles[level, index]


def grow_tiles(read: ReadFile, size: int, leaves: list[bytes]) -> Iterator[tuple[int, int, list[bytes]]]:
    """Yield level, index and hashes of every tile that changes if `leaves` extend a tree of `size`; low levels first."""
    level, start, fresh = 0, size, leaves
    while fresh:
        first, width = divmod(start, HASHES_PER_TILE)
        hashes = (read_tile(read, level, first, width) if width else []) + fresh
        fresh = []
        for offset in range(0, len(hashes), HASHES_PER_TILE):
            tile = hashes[offset : offset + HASHES_PER_TILE]
            yield level, first + offset // HASHES_PER_TILE, tile
            if len(tile) == HASHES_PER_TILE:
                fresh.append(root_hash(tile))
        level, start = level + 1, first
