"""The ledger: an append-only log on plain files (C2SP tlog-tiles) with a signed checkpoint.

Entries hold enumeration values, counts and salted commitments: no personal data, no plain hash of any, no free text.
`entries` come first on disk, then tiles, then the checkpoint; after a crash everything is recomputed from the entries
that the last checkpoint covers, and a checkpoint is never replaced by a smaller one.
"""

from __future__ import annotations

import fcntl
import hmac
import os
import re
import struct
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.errors import ForkError, LedgerError, OperatorError, ProofError
from vault.canonical import canonical_json
from vault.clock import Clock, format_utc
from vault.files import write_durably, write_secret
from vault.merkle import leaf_hash, prove_inclusion, root_hash
from vault.notes import Checkpoint, VerifierKey, format_vkey, open_note, sign_note

TILE = 256
MAX_ENTRY = 4096
_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_COMMITMENT = re.compile(r"[A-Za-z0-9+/]{43}=")


def _is_commitment(text: str) -> bool:
    """32 bytes in base64, or the sweep, which answers for itself."""
    return text == "sweep" or _COMMITMENT.fullmatch(text) is not None


class EntryType(StrEnum):
    """What is recorded."""

    AUTHORISATION_CHECKED = "authorisation.checked"
    AUTHORISATION_REFUSED = "authorisation.refused"
    AUTHORISATION_WITHDRAWN = "authorisation.withdrawn"
    RUN_STARTED = "run.started"
    RUN_RESUMED = "run.resumed"
    RUN_RED = "run.red"
    RUN_DELIVERED = "run.delivered"
    RUN_ABANDONED = "run.abandoned"
    DESTRUCTION_STARTED = "destruction.started"
    DESTRUCTION_COMPLETED = "destruction.completed"
    DESTRUCTION_INCOMPLETE = "destruction.incomplete"
    SUBJECT_ENROLLED = "subject.enrolled"
    SUBJECT_ERASED = "subject.erased"


def commit(salt: bytes, entry_type: str, field: str, data: bytes) -> str:
    """A salted commitment to an object: it hides it from guessing, and binds to it."""
    message = f"proof/v1/{entry_type}/{field}".encode() + b"\x00" + sha256(data).digest()
    return b64encode(hmac.new(salt, message, sha256).digest()).decode()


class LedgerStore(Protocol):
    """Where entries lie. There is no update and no delete."""

    def head(self) -> Checkpoint:
        """The signed head."""

    def append(self, expected_size: int, entries: list[bytes]) -> Checkpoint:
        """Add entries if the log still has the expected size; raises ForkError otherwise."""

    def read(self, start: int, end: int) -> list[bytes]:
        """Entries from `start` up to, not including, `end`."""


def tile_path(level: int | str, index: int, width: int) -> str:
    """`tile/<level>/<index>[.p/<width>]`, the index in groups of three digits (C2SP tlog-tiles)."""
    groups = f"{index % 1000:03d}"
    rest = index // 1000
    while rest:
        groups = f"x{rest % 1000:03d}/{groups}"
        rest //= 1000
    return f"tile/{level}/{groups}" + (f".p/{width}" if width < TILE else "")


def make_log_key(home: Path) -> None:
    """Make the log's signing key of a new home."""
    write_secret(home / "keys" / "log.key", Ed25519PrivateKey.generate().private_bytes_raw())


def load_log_key(home: Path) -> Ed25519PrivateKey:
    """The log's signing key."""
    return Ed25519PrivateKey.from_private_bytes((home / "keys" / "log.key").read_bytes())


class FileLedger:
    """A `LedgerStore` on a folder."""

    def __init__(self, folder: Path, origin: str, key: Ed25519PrivateKey) -> None:
        self._folder = folder
        self._origin = origin
        self._key = key
        self.vkey = format_vkey(origin, key.public_key().public_bytes_raw())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One writer at a time; the kernel lets go when its holder dies."""
        descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def checkpoint(self) -> bytes:
        """The signed checkpoint as it stands on disk."""
        return (self._folder / "checkpoint").read_bytes()

    def head(self) -> Checkpoint:
        """The verified head; of a new log, size 0."""
        known = self._known_size()
        if not (self._folder / "checkpoint").is_file():
            if known:
                raise ForkError("checkpoint_missing", count=known)
            return Checkpoint(self._origin, 0, root_hash([]))
        head = Checkpoint.parse(open_note(self.checkpoint(), VerifierKey.parse(self.vkey)))
        if head.size < known:
            raise ForkError("checkpoint_older_than_log", count=known)
        return head

    def _known_size(self) -> int:
        """The size noted after the last checkpoint was signed: a log that is smaller was put back."""
        path = self._folder / ".size"
        return int(path.read_text()) if path.is_file() else 0

    def read(self, start: int, end: int) -> list[bytes]:
        """See `LedgerStore.read`. Raises ProofError when a bundle is not what the head covers."""
        size = self.head().size
        end = min(end, size)
        found: list[bytes] = []
        for index in range(start // TILE, (end + TILE - 1) // TILE):
            width = min(TILE, size - index * TILE)
            bundle = (self._folder / tile_path("entries", index, width)).read_bytes()
            found += parse_bundle(bundle)
        offset = start // TILE * TILE
        return found[start - offset : end - offset]

    def append(self, expected_size: int, entries: list[bytes]) -> Checkpoint:
        """See `LedgerStore.append`; callers hold `locked()`."""
        head = self.head()
        if head.size != expected_size:
            raise ForkError("ledger_moved", count=head.size)
        everything = self.read(0, head.size) + entries
        leaves = [leaf_hash(entry) for entry in everything]
        if root_hash(leaves[: head.size]) != head.root:
            raise LedgerError("entries_do_not_match_head")
        first = head.size // TILE
        self._write_bundles(everything, first)
        self._write_tiles(leaves, head.size)
        grown = Checkpoint(self._origin, len(leaves), root_hash(leaves))
        write_durably(self._folder / "checkpoint", sign_note(grown.format(), self._origin, self._key))
        write_durably(self._folder / ".size", str(grown.size).encode())
        return grown

    def _write_bundles(self, entries: list[bytes], first: int) -> None:
        for index in range(first, (len(entries) + TILE - 1) // TILE):
            some = entries[index * TILE : (index + 1) * TILE]
            data = b"".join(struct.pack(">H", len(entry)) + entry for entry in some)
            self._write(tile_path("entries", index, len(some)), data)

    def _write_tiles(self, leaves: list[bytes], old_size: int) -> None:
        level, hashes, done = 0, leaves, old_size
        while hashes:
            for index in range(done // TILE, (len(hashes) + TILE - 1) // TILE):
                some = hashes[index * TILE : (index + 1) * TILE]
                self._write(tile_path(level, index, len(some)), b"".join(some))
            full = len(hashes) // TILE
            hashes = [root_hash(hashes[i * TILE : (i + 1) * TILE]) for i in range(full)]
            done //= TILE
            level += 1

    def _write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(path, data)


def parse_bundle(data: bytes) -> list[bytes]:
    """The entries of a bundle. Raises ProofError."""
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


@dataclass(frozen=True)
class Recorded:
    """An entry in the ledger."""

    index: int
    entry: bytes


class Ledger:
    """What the program records, entry by entry, gapless."""

    def __init__(self, store: FileLedger, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    def record(
        self,
        entry_type: EntryType,
        run_id: str | None,
        code: str,
        *,
        commitments: Mapping[str, str],
        counts: Mapping[str, int] | None = None,
    ) -> Recorded:
        """Append one entry. Every act carries its operator's commitment; raises OperatorError without it."""
        if "operator" not in commitments:
            raise OperatorError("no_operator")
        if not _CODE.fullmatch(code):
            raise LedgerError("code_not_an_enumeration_value")
        with self.store.locked():
            size = self.store.head().size
            entry = canonical_json(self._body(entry_type, run_id, code, commitments, counts or {}, size + 1))
            if len(entry) > MAX_ENTRY:
                raise LedgerError("entry_too_large", bytes=len(entry))
            self.store.append(size, [entry])
        return Recorded(size, entry)

    def _body(
        self,
        entry_type: EntryType,
        run_id: str | None,
        code: str,
        commitments: Mapping[str, str],
        counts: Mapping[str, int],
        sequence: int,
    ) -> dict[str, Any]:
        if not all(type(value) is int and 0 <= value < 1 << 53 for value in counts.values()):
            raise LedgerError("count_is_no_number")
        if not all(_CODE.fullmatch(name) for name in (*counts, *commitments, run_id or "none")):
            raise LedgerError("name_not_an_enumeration_value")
        if not all(_is_commitment(value) for value in commitments.values()):
            raise LedgerError("commitment_malformed")
        if entry_type is EntryType.RUN_STARTED and "deadline_s" not in counts:
            raise LedgerError("run_without_deadline")
        return {
            "v": 1,
            "type": entry_type.value,
            "runId": run_id,
            "runSeq": sequence,
            "at": format_utc(self._clock.now()),
            "c": dict(commitments),
            "n": dict(counts),
            "code": code,
        }

    def prove(self, index: int) -> bytes:
        """A C2SP tlog-proof of an entry against the present checkpoint."""
        head = self.store.head()
        leaves = [leaf_hash(entry) for entry in self.store.read(0, head.size)]
        hashes = "".join(f"{b64encode(h).decode()}\n" for h in prove_inclusion(index, leaves))
        return f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n".encode() + self.store.checkpoint()
