"""Sealed records about persons: doctors and operators. Each person has a separate key.

A record can be shown to its person, and erased: its key is destroyed. The ledger holds only commitments that were made with the
record's salts, so every other proof still verifies after an erasure.
"""

from __future__ import annotations

import os
import shutil
from base64 import b64encode

from schemas.errors import IntegrityError
from schemas.person_records import AnyPerson
from schemas.record import dump, load
from vault.home_folder import Home
from vault.keys.site_key import open_with, seal_with
from vault.system.files import sync_folder, write_durably, write_secret


class Subjects:
    """The sealed records of a home, `subjects/<id>/`."""

    def __init__(self, home: Home) -> None:
        self._folder = home.subjects
        self._site = home.site_key

    def identify(self, kind: str, text: str) -> str:
        """Return the opaque id of a person of this kind."""
        return self._site.pseudonym(kind, text)

    def write(self, subject_id: str, record: AnyPerson) -> None:
        """Write or replace a record. The first write creates its key and salt."""
        folder = self._folder / subject_id
        if not self.has_key(subject_id):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            key = self._site.seal(os.urandom(32), f"subject/{subject_id}")
            write_secret(folder / "key", key)
            sync_folder(self._folder)
        if not record.salt:
            record = record.changed(salt=b64encode(os.urandom(32)).decode())
        self.put(subject_id, "record", dump(record))

    def read(self, subject_id: str) -> AnyPerson | None:
        """Return a record; None for an unknown or erased person. Raises IntegrityError (sealed_record_altered)."""
        if not self.has_key(subject_id):
            return None  # erased, or partly erased: without the key nothing can be opened
        plain = self.get(subject_id, "record")
        return None if plain is None else load(AnyPerson, plain, IntegrityError, "sealed_record_altered")  # type: ignore[arg-type]

    def put(self, subject_id: str, name: str, data: bytes) -> None:
        """Seal another object under the subject's key."""
        sealed = seal_with(self.key(subject_id), data, f"{subject_id}/{name}")
        write_durably(self._folder / subject_id / name, sealed)

    def get(self, subject_id: str, name: str) -> bytes | None:
        """Open an object of the subject. Return None if it does not exist, or if the subject was erased."""
        path = self._folder / subject_id / name
        if not (path.is_file() and self.has_key(subject_id)):
            return None
        return open_with(self.key(subject_id), path.read_bytes(), f"{subject_id}/{name}")

    def drop(self, subject_id: str, name: str) -> None:
        """Remove an object of the subject, if it exists."""
        (self._folder / subject_id / name).unlink(missing_ok=True)

    def erase(self, subject_id: str) -> None:
        """Destroy the key, salts and records of a subject."""
        folder = self._folder / subject_id
        (folder / "key").unlink(missing_ok=True)
        if folder.is_dir():
            sync_folder(folder)
            shutil.rmtree(folder)
            sync_folder(self._folder)

    def ids(self) -> list[str]:
        """Return the opaque ids of all persons with stored data."""
        return sorted(p.name for p in self._folder.iterdir()) if self._folder.is_dir() else []

    def names(self, subject_id: str) -> list[str]:
        """Return the names of the sealed objects of a subject."""
        folder = self._folder / subject_id
        return sorted(p.name for p in folder.iterdir() if p.name != "key") if folder.is_dir() else []

    def has_key(self, subject_id: str) -> bool:
        """Return whether the key that opens all the person's records exists."""
        return (self._folder / subject_id / "key").is_file()

    def key(self, subject_id: str) -> bytes:
        """Return the key under which a person's records are sealed."""
        return self._site.open((self._folder / subject_id / "key").read_bytes(), f"subject/{subject_id}")
