"""Records sealed with the site key, one file each.

The seal covers the register's purpose and the record's name, so a moved file does not open. Several registers of a home use this
module: accounts, copies in custody, destinations, orders. Records about persons have keys of their own
(`vault.records.subjects`), so that each can be erased.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from schemas.errors import IntegrityError
from schemas.record import Record, dump, load
from vault.home_folder import Home
from vault.system.files import sync_folder, write_durably, write_secret
from vault.system.locks import lock_folder

T = TypeVar("T")
ALTERED = "sealed_record_altered"


def write_sealed(home: Home, path: Path, purpose: str, record: Record) -> None:
    """Seal a record into a file, replacing an existing one."""
    write_durably(path, home.site_key.seal(dump(record), purpose))


def read_sealed(home: Home, path: Path, purpose: str, kind: type[T], code: str = ALTERED) -> T:
    """Return the record that `write_sealed` sealed.

    Raises OSError, IntegrityError (sealed_record_altered, or `code` if the content is no record of this kind).
    """
    return load(kind, home.site_key.open(path.read_bytes(), purpose), IntegrityError, code)


class SealedRecords(Generic[T]):
    """A folder of records of one kind, each in a file of its own. The folder need not exist yet."""

    def __init__(self, home: Home, folder: Path, purpose: str, kind: Any, code: str = ALTERED) -> None:
        """Take a type of records or a union as `kind`. `purpose` is part of the seal: no other register opens these records."""
        self._home, self._folder, self._purpose, self._kind, self._code = home, folder, purpose, kind, code

    def names(self) -> list[str]:
        """Return the names of the records. Dot files left by an interrupted write are skipped."""
        paths = self._folder.iterdir() if self._folder.is_dir() else ()
        return sorted(path.name for path in paths if not path.name.startswith("."))

    def __contains__(self, name: str) -> bool:
        """Return whether a record of this name exists, readable or not. False for a name that contains a path."""
        return Path(name).name == name and (self._folder / name).is_file()

    def read(self, name: str) -> T:
        """Open a record. Raises OSError, IntegrityError."""
        path, purpose = self._folder / name, f"{self._purpose}/{name}"
        record: T = read_sealed(self._home, path, purpose, self._kind, self._code)
        return record

    def read_or_none(self, name: str) -> T | None:
        """Open a record. Return None if it is damaged or missing."""
        try:
            return self.read(name)
        except (IntegrityError, OSError):
            return None

    def readable(self) -> list[T]:
        """Return every record that can be opened, by name; `unreadable` counts the others."""
        return [record for record in map(self.read_or_none, self.names()) if record is not None]

    def unreadable(self) -> int:
        """Return how many records cannot be opened."""
        return sum(self.read_or_none(name) is None for name in self.names())

    def write(self, name: str, record: Record) -> None:
        """Write or replace a record."""
        self._make_folder()
        write_sealed(self._home, self._folder / name, f"{self._purpose}/{name}", record)

    def add(self, name: str, record: Record) -> None:
        """Write a new record without a temporary file. Raises FileExistsError."""
        self._make_folder()
        sealed = self._home.site_key.seal(dump(record), f"{self._purpose}/{name}")
        write_secret(self._folder / name, sealed)

    def drop(self, *names: str) -> None:
        """Remove these records, where they exist."""
        for name in names:
            (self._folder / name).unlink(missing_ok=True)
        if names and self._folder.is_dir():
            sync_folder(self._folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the register's lock, so that no other process changes the register."""
        self._make_folder()
        with lock_folder(self._folder):
            yield

    def _make_folder(self) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(self._home.path)
