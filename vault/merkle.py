"""Merkle trees of RFC 6962: roots, inclusion and consistency proofs, made and checked."""

from __future__ import annotations

from hashlib import sha256

HASH_BYTES = 32


def leaf_hash(entry: bytes) -> bytes:
    """Hash of a leaf (RFC 6962, 2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def root_hash(leaves: list[bytes]) -> bytes:
    """Root over leaf hashes; of no leaves, the hash of nothing."""
    if not leaves:
        return sha256(b"").digest()
    stack: list[bytes] = []
    for index, leaf in enumerate(leaves):
        done = leaf
        rest = index
        while rest & 1:
            done = node_hash(stack.pop(), done)
            rest >>= 1
        stack.append(done)
    root = stack.pop()
    while stack:
        root = node_hash(stack.pop(), root)
    return root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def prove_inclusion(index: int, leaves: list[bytes]) -> list[bytes]:
    """The audit path of a leaf (RFC 6962, 2.1.1), from leaf to root."""
    if len(leaves) == 1:
        return []
    cut = _split(len(leaves))
    if index < cut:
        return [*prove_inclusion(index, leaves[:cut]), root_hash(leaves[cut:])]
    return [*prove_inclusion(index - cut, leaves[cut:]), root_hash(leaves[:cut])]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: list[bytes], root: bytes) -> bool:
    """Whether the proof shows the leaf at the index of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or any(len(h) != HASH_BYTES for h in (leaf, root, *proof)):
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            found = node_hash(found, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and found == root


def prove_consistency(old_size: int, leaves: list[bytes]) -> list[bytes]:
    """Proof that the first `old_size` leaves are a prefix (RFC 6962, 2.1.2); none for an empty or equal tree."""
    if old_size in (0, len(leaves)):
        return []
    return _subproof(old_size, leaves, whole=True)


def _subproof(old_size: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    if old_size == len(leaves):
        return [] if whole else [root_hash(leaves)]
    cut = _split(len(leaves))
    if old_size <= cut:
        return [*_subproof(old_size, leaves[:cut], whole=whole), root_hash(leaves[cut:])]
    return [*_subproof(old_size - cut, leaves[cut:], whole=False), root_hash(leaves[:cut])]


def verify_consistency(old_size: int, size: int, proof: list[bytes], old_root: bytes, root: bytes) -> bool:
    """Whether the proof shows the old tree to be a prefix of the new (RFC 9162, 2.1.4.2); never from size 0."""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == root
    if any(len(h) != HASH_BYTES for h in (old_root, root, *proof)):
        return False
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    node, last = old_size - 1, size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            second = node_hash(second, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and first == old_root and second == root
