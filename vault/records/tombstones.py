"""Tombstones: opaque names of erased sealed records, so that a restored copy of one can be erased again.

The ledger's entry of an erasure holds a commitment whose salt only the person has: it cannot identify the person later. A
tombstone, `tombstones/<subject>.<incarnation>`, is an empty file. The incarnation is the digest of the record's sealed key file
(a ciphertext of random bytes). A person who is enrolled again has another key, and is not erased with the old record.
"""

from __future__ import annotations

from hashlib import sha256

from vault.home_folder import Home
from vault.records.subjects import Subjects
from vault.system.files import sync_folder, write_durably

KEYLESS = "0" * 32


def name_of(home: Home, subject_id: str) -> str:
    """Returns the opaque name of a record as it is now: subject and incarnation (all zeros when its key is already gone)."""
    key = home.subjects / subject_id / "key"
    incarnation = sha256(key.read_bytes()).hexdigest()[:32] if key.is_file() else KEYLESS
    return f"{subject_id}.{incarnation}"


def write_tombstone(home: Home, name: str) -> None:
    """Write the tombstone. It is on disk when this returns, before any part of the record is destroyed."""
    folder = home.tombstones
    if not folder.is_dir():
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(home.path)
    write_durably(folder / name, b"")


def tombstones(home: Home) -> frozenset[str]:
    """Returns the names of all records erased from this home."""
    folder = home.tombstones
    return (
        frozenset(p.name for p in folder.iterdir() if not p.name.startswith("."))
        if folder.is_dir()
        else frozenset()
    )


def resurrected(home: Home, names: frozenset[str]) -> list[str]:
    """Returns subjects whose erased record exists again, or whose erasure was interrupted."""
    subjects = Subjects(home)
    return [subject for subject in subjects.ids() if _is_dead(home, subject, names)]


def _is_dead(home: Home, subject: str, names: frozenset[str]) -> bool:
    if name_of(home, subject) in names:
        return True
    keyless = not (home.subjects / subject / "key").is_file()
    return keyless and any(name.startswith(f"{subject}.") for name in names)
