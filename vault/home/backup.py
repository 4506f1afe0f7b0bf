"""Seals a home with age into one file, a tar archive, with only the files that a new host needs to account for past acts.

A backup contains settings, the site key and the log key, trust material, ledger, sealed records, tombstones, authorisations, and
runs with their proofs. It never contains staging, run keys (they are in no file), locks, orders, sources, unpublished parts, or
the identities of intakes. A file in neither of the lists below is left out and counted.
"""

from __future__ import annotations

import errno
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from schemas.errors import TargetRefusedError
from schemas.record import Record, dump
from vault.age.sealing import parse_recipients, seal_stream
from vault.home_folder import Home
from vault.ledger.log import FileLedger
from vault.site import HOME_ID
from vault.system.clock import Clock, format_utc
from vault.system.files import sync_folder
from vault.system.host_identity import machine_id

MANIFEST = "backup.json"
# Tombstones come after subjects, so that the copy of a record that is erased meanwhile has its tombstone with it.
KEPT = (
    HOME_ID,
    "trust",
    "ledger",
    "subjects",
    "shared",
    "accounts",
    "access.log",
    "authorisations",
    "custody",
    "codes",
    "passports",
    "destinations",
    "runs",
    "recipients.json",
    "tombstones",
    "keys",
    "site.toml",
)
KEPT_KEYS = frozenset({"site.key", "log.key", "home.age"})
LEFT = frozenset(
    {
        "staging",
        "intakes",
        "locks",
        "orders",
        "sources",
        "prefect",
        "index",
        "notices",
        "sweep.json",
        "clock.json",
        "restored.json",
        "ledger-check.json",
    }
)
"""The names that are left out, because they belong to one host or to the present."""
_LEDGER_NOTE = ".tree"


class Manifest(Record, frozen=True):
    """The first member of a backup: the home, where and when the backup was made, and the head of the ledger at that time."""

    version: int
    home: str
    path: str
    machine: str
    at: str
    size: int
    root: str  # hexadecimal


def refuse_backup(recipients: list[str], to: Path) -> None:
    """Refuse recipients or a path that cannot be used.

    Raises TargetRefusedError (recipient_not_age, no_recipient, backup_exists), FileNotFoundError if the folder is missing.
    """
    if not recipients:
        raise TargetRefusedError("no_recipient")
    parse_recipients(recipients)
    if to.exists() or to.is_symlink():
        raise TargetRefusedError("backup_exists")
    if not to.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "")


def write_backup(
    home: Home, store: FileLedger, clock: Clock, recipients: list[str], to: Path
) -> dict[str, int]:
    """Seal the home into `to`, as of one head of its ledger. Return counts.

    Raises TargetRefusedError: recipient_not_age, no_recipient, backup_exists; StorageFullError. An unfinished backup is removed.
    """
    refuse_backup(recipients, to)
    unfinished = to.with_name(f".{to.name}.growing")
    try:
        counts = _seal_home(home, store, clock, recipients, unfinished)
        os.link(unfinished, to)  # unlike a rename, a link never replaces a file
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(to.parent)
    return counts


def _seal_home(
    home: Home, store: FileLedger, clock: Clock, recipients: list[str], path: Path
) -> dict[str, int]:
    with store.locked():  # no entry and no erasure in between
        head = store.head()
        manifest = Manifest(
            version=1,
            home=home.id,
            path=str(home.path),
            machine=machine_id(),
            at=format_utc(clock.now()),
            size=head.size,
            root=head.root.hex(),
        )
        files = 0
        with (
            seal_stream(recipients, path) as sealed,
            tarfile.open(
                fileobj=cast("IO[bytes]", sealed), mode="w|"
            ) as tar,  # the stream needs only `write`
        ):
            _add(tar, MANIFEST, dump(manifest))
            for name in KEPT:
                for file in _files_to_keep(home, home.path / name):
                    files += _add_file(tar, home, file)
    left = [p.name for p in home.path.iterdir() if p.name not in KEPT and p.name not in LEFT]
    return {"files": files, "size": head.size, "left_out": len(left)}


def _files_to_keep(home: Home, top: Path) -> Iterator[Path]:
    """Yield regular files below one name of the home: no links, no temporary files, no keys except those of the home itself."""
    if top.is_file():
        yield top
        return
    for root, folders, names in os.walk(top):
        folders.sort()
        for path in (Path(root) / name for name in sorted(names)):
            hidden = path.name.startswith(".") and path != home.ledger / _LEDGER_NOTE
            foreign_key = top.name == "keys" and path.relative_to(top).as_posix() not in KEPT_KEYS
            if not (hidden or foreign_key or path.is_symlink()) and path.is_file():
                yield path


def _add_file(tar: tarfile.TarFile, home: Home, path: Path) -> int:
    """Add a file and return 1; return 0 if another process has removed the file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return 0
    _add(tar, path.relative_to(home.path).as_posix(), data)
    return 1


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o600
    tar.addfile(member, io.BytesIO(data))
