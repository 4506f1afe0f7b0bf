"""Sealed objects that concern several people, `shared/<name>`: opening one needs the keys of all of them.

A document that several controllers signed names each of them, so it cannot be sealed under one person's key. The erasure of one
of these persons destroys a key that is needed to open the object, and removes its file. The first line of the file lists the
persons by opaque ids; the rest is AES-256-GCM under a key derived from all their keys
(docs/adr/0011-records-about-several-people.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from schemas.errors import AuthorisationError, IntegrityError
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.keys.provider import derive
from vault.keys.site_key import open_with, seal_with
from vault.records.subjects import Subjects
from vault.system.files import sync_folder, write_durably

VERSION = 2


class SharedRecords:
    """The sealed objects of a home that name several people."""

    def __init__(self, home: Home) -> None:
        self._home, self._folder = home, home.shared
        self._subjects = Subjects(home)

    def put(self, name: str, persons: Iterable[str], data: bytes) -> None:
        """Seal an object under the keys of all these persons, replacing an existing one.

        Raises AuthorisationError (evidence_erased) if one of them is erased before or during the write. Then no file remains.
        """
        head = _head(persons)
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(self._home.path)
        with self._refusing_erased():
            key = self._key(name, head)
        write_durably(self._folder / name, head + b"\n" + seal_with(key, data, self._purpose(name, head)))
        if not all(self._subjects.has_key(person) for person in _persons(head)):
            self.drop(name)  # an erasure may have run before the file existed
            raise AuthorisationError("evidence_erased")

    def get(self, name: str) -> bytes | None:
        """Open an object. Return None if it does not exist, or if one of its persons was erased.

        Raises IntegrityError (sealed_record_altered).
        """
        path = self._folder / name
        if not path.is_file():
            return None
        head, _, sealed = path.read_bytes().partition(b"\n")
        if not all(self._subjects.has_key(person) for person in _persons(head)):
            return None
        return open_with(self._key(name, head), sealed, self._purpose(name, head))

    def persons(self, name: str) -> tuple[str, ...]:
        """Return the ids of the persons whom an object concerns; () if the object does not exist, or is damaged."""
        path = self._folder / name
        with suppress(IntegrityError):
            return _persons(path.read_bytes().partition(b"\n")[0]) if path.is_file() else ()
        return ()

    def about(self, persons: frozenset[str]) -> list[str]:
        """Return the names of the objects that concern at least one of these persons."""
        names = sorted(p.name for p in self._folder.iterdir()) if self._folder.is_dir() else []
        return [name for name in names if not name.startswith(".") and persons & set(self.persons(name))]

    def drop(self, name: str) -> None:
        """Remove an object, if it exists."""
        (self._folder / name).unlink(missing_ok=True)

    def erase(self, persons: frozenset[str]) -> None:
        """Remove every object that concerns at least one of these persons."""
        names = self.about(persons)
        for name in names:
            self.drop(name)
        if names:
            sync_folder(self._folder)

    def _key(self, name: str, head: bytes) -> bytes:
        keys = b"".join(self._subjects.key(person) for person in _persons(head))
        return derive(keys, f"shared/{name}")

    @staticmethod
    @contextmanager
    def _refusing_erased() -> Iterator[None]:
        try:
            yield
            return
        except FileNotFoundError:
            erased = AuthorisationError("evidence_erased")
        raise erased

    @staticmethod
    def _purpose(name: str, head: bytes) -> str:
        return f"shared/{name}/{head.decode('utf-8', 'replace')}"


def _head(persons: Iterable[str]) -> bytes:
    return canonical_json({"persons": sorted(set(persons)), "version": VERSION})


def _persons(head: bytes) -> tuple[str, ...]:
    with suppress(ValueError, TypeError, KeyError, RecursionError):
        return tuple(str(person) for person in json.loads(head)["persons"])
    raise IntegrityError("sealed_record_altered")
