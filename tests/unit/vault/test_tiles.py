"""A tree in tiles is the same tree as in memory, however it grew."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from vault.ledger.merkle import (
    LeafList,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_hash,
    verify_consistency,
)
from vault.ledger.tiles import TileTree, grow_tiles, tile_path

LEAVES = [leaf_hash(str(n).encode()) for n in range(70_000)]


def grow(files: dict[str, bytes], size: int, leaves: list[bytes]) -> None:
    for level, index, hashes in grow_tiles(files.__getitem__, size, leaves):
        files[tile_path(level, index, len(hashes))] = b"".join(hashes)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=5), st.data())
def test_proofs_from_tiles_are_those_from_all_leaves(steps, data):
    files: dict[str, bytes] = {}
    size = 0
    for step in steps:
        grow(files, size, LEAVES[size : size + step])
        size += step
    tiles, memory = TileTree(files.__getitem__, size), LeafList(LEAVES[:size])
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert tiles.subtree(0, size) == root_hash(LEAVES[:size])
    assert prove_inclusion(index, tiles) == prove_inclusion(index, memory)
    proof = prove_consistency(old, tiles)
    assert proof == prove_consistency(old, memory)
    assert verify_consistency(old, size, proof, root_hash(LEAVES[:old]), root_hash(LEAVES[:size]))


def test_three_levels_of_tiles_named_as_the_specification_says():
    files: dict[str, bytes] = {}
    grow(files, 0, LEAVES)
    assert TileTree(files.__getitem__, 70_000).subtree(0, 70_000) == root_hash(LEAVES)
    widths = {name: len(data) // 32 for name, data in files.items()}
    assert widths["tile/0/273.p/112"] == 112
    assert (widths["tile/1/000"], widths["tile/1/001.p/17"], widths["tile/2/000.p/1"]) == (256, 17, 1)
    assert len(files) == 277
    assert tile_path(0, 1234067, 256) == "tile/0/x001/x234/067"
