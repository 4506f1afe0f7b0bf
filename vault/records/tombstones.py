"""Tombstones: empty marker files that name erased records, so that a restored copy of such a record can be erased again.

A tombstone is `tombstones/<subject>.<key digest>`. The subject is the person's opaque id; the key digest identifies the record's
sealed key file (a ciphertext of random bytes). A person who is enrolled again has another key, so the new record is not erased
with the old record. The ledger cannot serve for this: its entry of an erasure holds a commitment whose salt only the person has.
"""

from __future__ import annotations

from hashlib import sha256

from vault.home_folder import Home
from vault.records.subjects import Subjects
from vault.system.files import sync_folder, write_durably

NO_KEY_DIGEST = "0" * 32


def tombstone_name(home: Home, subject_id: str) -> str:
    """Return the name of the tombstone for a record as it is on disk. The key digest is all zeros if the key is destroyed."""
    key = home.subjects / subject_id / "key"
    key_digest = sha256(key.read_bytes()).hexdigest()[:32] if key.is_file() else NO_KEY_DIGEST
    return f"{subject_id}.{key_digest}"


def write_tombstone(home: Home, name: str) -> None:
    """Write a tombstone, which is on disk when this returns. Call it before any part of the record is destroyed."""
    folder = home.tombstones
    if not folder.is_dir():
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(home.path)
    write_durably(folder / name, b"")


def tombstones(home: Home) -> frozenset[str]:
    """Return the names of all tombstones of this home."""
    folder = home.tombstones
    return (
        frozenset(p.name for p in folder.iterdir() if not p.name.startswith("."))
        if folder.is_dir()
        else frozenset()
    )


def still_present(home: Home, names: frozenset[str]) -> list[str]:
    """Return the subjects of whose erased record a part exists: a restored copy, or the rest of an interrupted erasure.

    `names` are names of tombstones.
    """
    subjects = Subjects(home)
    return [subject for subject in subjects.ids() if _is_marked(home, subject, names)]


def _is_marked(home: Home, subject: str, names: frozenset[str]) -> bool:
    """Return whether a tombstone marks this record; any tombstone of the subject marks a record without its key."""
    if tombstone_name(home, subject) in names:
        return True
    keyless = not (home.subjects / subject / "key").is_file()
    return keyless and any(name.startswith(f"{subject}.") for name in names)
