"""Merkle trees of RFC 6962: roots; inclusion and consistency proofs, generated and verified."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

HASH_BYTES = 32


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf (RFC 6962, 2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def root_hash(leaves: list[bytes]) -> bytes:
    """Return the root over leaf hashes; without leaves, the hash of the empty string."""
    if not leaves:
        return sha256(b"").digest()
    stack: list[bytes] = []
    for index, leaf in enumerate(leaves):
        subtree = leaf
        rest = index
        while rest & 1:
            subtree = node_hash(stack.pop(), subtree)
            rest >>= 1
        stack.append(subtree)
    root = stack.pop()
    while stack:
        root = node_hash(stack.pop(), root)
    return root


class Peaks:
    """The roots of the largest complete subtrees of a tree, from left to right. They suffice to append leaves to the tree."""

    def __init__(self, size: int = 0, roots: bytes = b"") -> None:
        self.size = size
        self._roots = [roots[i : i + HASH_BYTES] for i in range(0, len(roots), HASH_BYTES)]

    @property
    def roots(self) -> bytes:
        """The roots, 32 bytes each, one after the other."""
        return b"".join(self._roots)

    def add(self, leaf: bytes) -> None:
        """Append a leaf hash."""
        rest = self.size
        while rest & 1:
            leaf = node_hash(self._roots.pop(), leaf)
            rest >>= 1
        self._roots.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree."""
        if not self._roots:
            return root_hash([])
        *others, root = self._roots
        for peak in reversed(others):
            root = node_hash(peak, root)
        return root


class Tree(Protocol):
    """A tree that can return the roots of its subtrees, wherever its hashes are stored."""

    size: int

    def subtree(self, start: int, end: int) -> bytes:
        """Return the root over the leaves from `start` to `end` (exclusive)."""


class LeafList:
    """A tree over leaf hashes in memory."""

    def __init__(self, leaves: list[bytes]) -> None:
        self._leaves = leaves
        self.size = len(leaves)

    def subtree(self, start: int, end: int) -> bytes:
        """See `Tree.subtree`."""
        return root_hash(self._leaves[start:end])


@dataclass
class Prefix:
    """An earlier, smaller tree: the first `size` leaves of a tree."""

    tree: Tree
    size: int

    def subtree(self, start: int, end: int) -> bytes:
        """See `Tree.subtree`."""
        return self.tree.subtree(start, end)


def split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def prove_inclusion(index: int, tree: Tree) -> list[bytes]:
    """Return the audit path of a leaf (RFC 6962, 2.1.1), from leaf to root."""
    path: list[bytes] = []
    start, end = 0, tree.size
    while end - start > 1:
        cut = start + split(end - start)
        if index < cut:
            path.append(tree.subtree(cut, end))
            end = cut
        else:
            path.append(tree.subtree(start, cut))
            start = cut
    return path[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: list[bytes], root: bytes) -> bool:
    """Return whether the proof shows that the leaf is at this index of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or any(len(h) != HASH_BYTES for h in (leaf, root, *proof)):
        return False
    node, last, subtree = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            subtree = node_hash(sibling, subtree)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            subtree = node_hash(subtree, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and subtree == root


def prove_consistency(old_size: int, tree: Tree) -> list[bytes]:
    """Return a proof that the tree begins with the leaves of an old tree (RFC 6962, 2.1.2); [] for an empty or equal tree."""
    if old_size in (0, tree.size):
        return []
    path: list[bytes] = []
    start, end = 0, tree.size
    while end != old_size:
        cut = start + split(end - start)
        if old_size <= cut:
            path.append(tree.subtree(cut, end))
            end = cut
        else:
            path.append(tree.subtree(start, cut))
            start = cut
    # The old tree is no complete subtree: a verifier has its root, but not the root of its last subtree.
    if start:
        path.append(tree.subtree(start, end))
    return path[::-1]


def verify_consistency(old_size: int, size: int, proof: list[bytes], old_root: bytes, root: bytes) -> bool:
    """Return whether the proof shows that the old tree is a prefix of the new (RFC 9162, 2.1.4.2); never from size 0."""
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
