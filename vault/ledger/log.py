"""The log on plain files (C2SP tlog-tiles, tlog-checkpoint): data covered by a checkpoint never changes.

An append writes, each file durable before the next: entry bundle, tiles (low levels first), the note of the new tree in `.tree`,
then the checkpoint. After a crash before `.tree` is written, the next append removes the files that no checkpoint covers. After a
crash later than that, the next process finishes the append. So two heads of one size are never signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.errors import ForkError, LedgerError, ProofError
from schemas.record import Record, dump, load
from vault.ledger.merkle import (
    Prefix,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_hash,
    verify_consistency,
)
from vault.ledger.notes import Checkpoint, VerifierKey, add_signatures, format_vkey, open_note, sign_note
from vault.ledger.tiles import HASHES_PER_TILE, TileTree, format_bundle, grow_tiles, parse_bundle, tile_path
from vault.system.files import write_durably
from vault.system.locks import lock_file


class LedgerStore(Protocol):
    """Storage of entries. It has no update and no delete."""

    def head(self) -> Checkpoint:
        """Return the signed head."""

    def append(self, expected_size: int, entries: list[bytes]) -> Checkpoint:
        """Append entries if the log still has the expected size. Raises ForkError otherwise."""

    def read(self, start: int, end: int) -> list[bytes]:
        """Return the entries from `start` to `end` (exclusive)."""


class TreeNote(Record, frozen=True):
    """The note in `.tree`: size and root (hexadecimal) of the tree after an append, and of the tree before."""

    size: int
    after: int  # the size before
    root: str
    former: str = msgspec.field(name="from")


@dataclass(frozen=True)
class _Noted:
    """The head of the tree that an append has written, and the head before that append. Neither is signed here."""

    head: Checkpoint
    before: Checkpoint


class FileLedger:
    """A `LedgerStore` on a folder."""

    def __init__(self, folder: Path, origin: str, key: Ed25519PrivateKey) -> None:
        self._folder = folder
        self._origin = origin
        self._key = key
        self._held = False
        self.vkey = format_vkey(origin, key.public_key().public_bytes_raw())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the writer lock, unless this object already holds it. The kernel releases the lock when its process ends."""
        if self._held:
            yield
            return
        with lock_file(self._folder / ".lock"):
            self._held = True
            try:
                yield
            finally:
                self._held = False

    def begin(self) -> None:
        """Sign the head of an empty log, so that every log has a checkpoint and a missing checkpoint is a fault."""
        with self.locked():
            if not (self._folder / "checkpoint").is_file():
                self._publish(self._published())

    def checkpoint(self) -> bytes:
        """Return the signed checkpoint as it is on disk, with its cosignatures."""
        self.head()
        return self._read("checkpoint")

    def head(self) -> Checkpoint:
        """Finish an append that a crash interrupted, and return the verified head (size 0 for a new log).

        Raises ForkError if the checkpoint is neither the head in `.tree` nor the head before it, LedgerError if the tiles do not
        match.
        """
        published = self._published()
        if self._noted(published).head == published:
            return published
        with self.locked():
            return self._settle()

    def _settle(self) -> Checkpoint:
        published = self._published()
        noted = self._noted(published)
        if noted.head == published:
            return published
        if published != noted.before:
            raise ForkError("checkpoint_older_than_log", count=noted.head.size)
        self._require_extension(published, noted.head)
        self._publish(noted.head)
        return noted.head

    def _require_extension(self, old: Checkpoint, new: Checkpoint) -> None:
        tree = self.tree(new.size)
        try:
            extends = tree.subtree(0, new.size) == new.root and tree.subtree(0, old.size) == old.root
        except (OSError, ProofError):
            extends = False
        if not extends:
            raise LedgerError("tiles_do_not_match_head", count=new.size)

    def _published(self) -> Checkpoint:
        if not (self._folder / "checkpoint").is_file():
            return Checkpoint(self._origin, 0, root_hash([]))
        return Checkpoint.parse(open_note(self._read("checkpoint"), VerifierKey.parse(self.vkey)))

    def _noted(self, published: Checkpoint) -> _Noted:
        """Return the note in `.tree`; the signed head in a log without that file (restored from a backup, for example)."""
        path = self._folder / ".tree"
        if not path.is_file():
            return _Noted(published, published)
        note = load(TreeNote, path.read_bytes(), LedgerError, "tree_note_malformed")
        try:
            head = Checkpoint(self._origin, note.size, bytes.fromhex(note.root))
            return _Noted(head, Checkpoint(self._origin, note.after, bytes.fromhex(note.former)))
        except ValueError:
            raise LedgerError("tree_note_malformed") from None

    def tree(self, size: int) -> TileTree:
        """Return the tree of this size, read from the tiles."""
        return TileTree(self._read, size)

    def read(self, start: int, end: int) -> list[bytes]:
        """See `LedgerStore.read`. Raises ProofError if a bundle is incomplete."""
        size = self.head().size
        end = min(end, size)
        found: list[bytes] = []
        for index in range(start // HASHES_PER_TILE, (end + HASHES_PER_TILE - 1) // HASHES_PER_TILE):
            width = min(HASHES_PER_TILE, size - index * HASHES_PER_TILE)
            bundle = parse_bundle(self._read(tile_path("entries", index, width)))
            if len(bundle) != width:
                raise ProofError("bundle_malformed")
            found += bundle
        offset = start // HASHES_PER_TILE * HASHES_PER_TILE
        return found[start - offset : end - offset]

    def append(self, expected_size: int, entries: list[bytes]) -> Checkpoint:
        """See `LedgerStore.append`. It reads only the right edge of the tree, whatever the size of the log."""
        with self.locked():
            head = self.head()
            if head.size != expected_size:
                raise ForkError("ledger_moved", count=head.size)
            self._require_extension(head, head)
            self._drop_uncovered(head.size)
            grown = self._grow(head, entries)
            self._note(grown, head)
            self._publish(grown)
            return grown

    def _grow(self, head: Checkpoint, entries: list[bytes]) -> Checkpoint:
        leaves = [leaf_hash(entry) for entry in entries]
        edge = head.size // HASHES_PER_TILE * HASHES_PER_TILE
        known = self.read(edge, head.size)
        if self.tree(head.size).subtree(edge, head.size) != root_hash([leaf_hash(e) for e in known]):
            raise LedgerError("entries_do_not_match_head", count=head.size)
        bundled = known + entries
        for offset in range(0, len(bundled), HASHES_PER_TILE):
            bundle = bundled[offset : offset + HASHES_PER_TILE]
            self._write(
                tile_path("entries", (edge + offset) // HASHES_PER_TILE, len(bundle)), format_bundle(bundle)
            )
        for level, index, hashes in grow_tiles(self._read, head.size, leaves):
            self._write(tile_path(level, index, len(hashes)), b"".join(hashes))
        size = head.size + len(entries)
        return Checkpoint(self._origin, size, self.tree(size).subtree(0, size))

    def _drop_uncovered(self, size: int) -> None:
        """Remove bundles and tiles that a crash left beyond the head: they may hold entries that were never recorded."""
        for level in ("entries", *range(8)):
            shift = 0 if level == "entries" else 8 * int(level)
            index, width = divmod(size >> shift, HASHES_PER_TILE)
            while self._drop_tile(level, index, width):
                index, width = index + 1, 0

    def _drop_tile(self, level: int | str, index: int, above: int) -> bool:
        """Remove the full tile and its partial tiles wider than `above`. Return whether any of them existed."""
        full = self._folder / tile_path(level, index, HASHES_PER_TILE)
        partial = full.with_name(full.name + ".p")
        paths = [path for path in partial.iterdir() if int(path.name) > above] if partial.is_dir() else []
        paths += [full] if full.is_file() else []
        for path in paths:
            path.unlink()
        return bool(paths)

    def _note(self, head: Checkpoint, before: Checkpoint) -> None:
        note = TreeNote(head.size, before.size, head.root.hex(), before.root.hex())
        self._write(".tree", dump(note))

    def _publish(self, head: Checkpoint) -> None:
        self._write("checkpoint", sign_note(head.format(), self._origin, self._key))

    def cosign(self, note: bytes) -> int:
        """Add the signature lines of a witness's note to the checkpoint. Return the number of new lines.

        Raises ForkError if the note is of another head.
        """
        with self.locked():
            self.head()
            grown, fresh = add_signatures(self._read("checkpoint"), note)
            if fresh:
                self._write("checkpoint", grown)
            return fresh

    def prove(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the inclusion proof of an entry in the current head, or in the head of an earlier size."""
        head_size = self.head().size
        return prove_inclusion(index, Prefix(self.tree(head_size), size or head_size))

    def extend(self, old: Checkpoint, size: int | None = None) -> list[bytes]:
        """Return the consistency proof from a head kept elsewhere to the current head, or to the head of `size` entries.

        Raises ForkError if the log does not extend that head.
        """
        head = self.head()
        size = size or head.size
        if old.origin != self._origin or not 0 < old.size <= size <= head.size:
            raise ForkError("log_shorter_than_head" if old.size > size else "log_differs_from_head")
        tree = Prefix(self.tree(head.size), size)
        proof = prove_consistency(old.size, tree)
        if not verify_consistency(old.size, size, proof, old.root, tree.subtree(0, size)):
            raise ForkError("log_differs_from_head", count=old.size)
        return proof

    def _read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def _write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(path, data, temporary=self._folder / ".writing")
