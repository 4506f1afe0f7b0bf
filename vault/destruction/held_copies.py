"""Copies of patients' data that the operator holds beside staging: the received export, and the package that was made.

Each is in a sealed register, `custody/<id>`, from the moment the program knows of it until it was destroyed and checked.
Destroying overwrites and unlinks: on flash storage and copy-on-write file systems that proves nothing, and the evidence states
it. Only files that are unchanged since registration are touched; changed ones are left for a person.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from schemas.record import Record
from vault.home_folder import Home
from vault.records.sealed_records import SealedRecords

_BLOCK = bytes(1 << 20)
_NOT_DESTROYED = frozenset({"changed_since", "not_removed"})
AT_SERVER = "at_server"
"""Counted when a copy at a server ends."""


class CopyKind(StrEnum):
    """The kinds of copies."""

    SOURCE = "source"
    PACKAGE = "package"


class Evidence(StrEnum):
    """What the end of a copy is worth as a proof."""

    ENCRYPTED_ALWAYS = "encrypted_always"  # and the only key to it was destroyed
    OVERWRITTEN = "unlinked_overwritten"  # no proof on flash storage
    SEALED = "unlinked_sealed"  # it was sealed to keys that the recipients still have
    AT_SERVER = "deleted_at_server"  # also sealed; only the server's answer shows that it is gone


def evidence_of_kind(kind: CopyKind) -> Evidence:
    """Returns what destroying a copy of this kind is worth: a package was sealed, an export lay in clear."""
    return Evidence.SEALED if kind is CopyKind.PACKAGE else Evidence.OVERWRITTEN


class HeldFile(Record, frozen=True):
    """One file of a copy, as it was when it was registered, and what prevented its destruction."""

    path: str
    size: int
    filesystem: int
    inode: int
    modified_ns: int
    kept: str = ""  # changed_since | not_removed: if it is gone later, someone else removed it

    @classmethod
    def of(cls, path: Path) -> HeldFile:
        """Returns the file as it is; a link is examined, not followed."""
        found = path.lstat()
        return cls(str(path), found.st_size, _filesystem_of(path.parent), found.st_ino, found.st_mtime_ns)

    def unchanged(self, *, overwritten: bool) -> bool:
        """Whether the path still names this file; its time may differ if overwriting may have begun."""
        path = Path(self.path)
        with contextlib.suppress(FileNotFoundError):
            return self.is_that(path.lstat(), _filesystem_of(path.parent), overwritten=overwritten)
        return False

    def is_that(self, found: os.stat_result, filesystem: int, *, overwritten: bool) -> bool:
        """Whether the found file is this file; its time may differ if overwriting may have begun."""
        same = (found.st_size, filesystem, found.st_ino) == (self.size, self.filesystem, self.inode)
        return same and (overwritten or found.st_mtime_ns == self.modified_ns)


class HeldCopy(Record, frozen=True):
    """A copy that the operator holds, and until when."""

    id: str
    kind: CopyKind
    authorisation_id: str
    run_id: str | None  # the run that made it; None for a source
    root: str
    until: str  # RFC 3339 Z
    files: tuple[HeldFile, ...]
    ending: bool = False  # its destruction has begun
    alarmed: bool = False  # the ledger records that its destruction could not be completed
    emptied: bool = False  # each of its files was observed to be gone
    recorded: bool = False  # its end is in the ledger; only the certificate of its run lacks it
    not_found: int = 0  # files that were gone before the destruction began: someone else removed them

    @property
    def at_server(self) -> bool:
        """Whether the copy is at a server, under a name of the register of destinations."""
        return "://" in self.root

    @property
    def size(self) -> int:
        """The bytes of all its files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class CopyEnd:
    """How a copy ended: counts, the worth of the evidence, and what prevented completion."""

    files: int
    bytes: int
    evidence: Evidence
    exceptions: dict[str, int] = field(default_factory=dict)  # code -> files

    @property
    def complete(self) -> bool:
        """Whether every file of the copy is gone."""
        return not {"changed_since", "not_removed", "not_reachable"} & set(self.exceptions)


class Custody:
    """The register of a home."""

    def __init__(self, home: Home) -> None:
        self._site = home.site_key
        self._records = SealedRecords[HeldCopy](
            home, home.held_copies, "custody", HeldCopy, "custody_unreadable"
        )

    def register(
        self, kind: CopyKind, root: Path, *, authorisation_id: str, run_id: str | None, until: str
    ) -> HeldCopy:
        """Register a copy and its files, by name and state, without reading their bytes. Replaces an existing entry."""
        files = tuple(HeldFile.of(path) for path in _files(root))
        return self._register(kind, str(root), files, authorisation_id, run_id, until)

    def register_at_server(
        self, root: str, sizes: dict[str, int], *, authorisation_id: str, run_id: str, until: str
    ) -> HeldCopy:
        """Register a package at a server, its files by name and size. Replaces an existing entry."""
        files = tuple(HeldFile(name, size, 0, 0, 0) for name, size in sorted(sizes.items()))
        return self._register(CopyKind.PACKAGE, root, files, authorisation_id, run_id, until)

    def _register(
        self,
        kind: CopyKind,
        root: str,
        files: tuple[HeldFile, ...],
        authorisation_id: str,
        run_id: str | None,
        until: str,
    ) -> HeldCopy:
        identity = self._site.pseudonym("copy", f"{kind}/{root}/{authorisation_id}/{run_id or ''}")
        held = HeldCopy(identity, kind, authorisation_id, run_id, root, until, files)
        self._write(held)
        return held

    def held(self) -> list[HeldCopy]:
        """Returns every copy not yet destroyed, by kind and date. `unreadable` counts the entries that cannot be opened."""
        return sorted(self._records.readable(), key=lambda copy: (copy.until, copy.id))

    def unreadable(self) -> int:
        """Returns how many entries of the register cannot be opened; what they stood for is unknown."""
        return self._records.unreadable()

    def end_at(self, copy: HeldCopy, until: str) -> None:
        """Shorten a copy's time. It is never lengthened, and a copy that has already ended does not return."""
        now = self._records.read_or_none(copy.id)
        if now is not None and until < now.until:
            self._write(now.changed(until=until))

    def destroy(self, copy: HeldCopy) -> CopyEnd:
        """Destroy a copy's files and check. The copy stays registered until `drop`. Idempotent."""
        if copy.files and not copy.ending:
            copy = _begin(copy)
            self._write(copy)  # a crash from now on leaves files that this program modified or removed
        left, end = _destroy_files(copy)
        if end.complete:
            left = left.changed(emptied=True)
        if left != copy:
            self._write(left)
        _remove_empty_folders(copy)
        return end

    def drop(self, copy: HeldCopy) -> None:
        """Remove a copy of which nothing is left from the register."""
        self._records.drop(copy.id)

    def note_alarm(self, copy: HeldCopy) -> None:
        """Remember that its incomplete end was recorded, so that it is recorded only once."""
        self._write(self._records.read(copy.id).changed(alarmed=True))

    def note_recorded(self, copy: HeldCopy) -> None:
        """Remember that its end was recorded, so that it is recorded only once."""
        self._write(self._records.read(copy.id).changed(recorded=True))

    def _write(self, held: HeldCopy) -> None:
        self._records.write(held.id, held)


def _files(root: Path) -> Iterator[Path]:
    """Yield every file and link of a copy, sorted; folders do not count."""
    if not root.is_dir() or root.is_symlink():
        yield root
        return
    for folder, folders, names in os.walk(root):
        folders.sort()
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        yield from (Path(folder) / name for name in sorted([*names, *links]))


def _destroy_files(copy: HeldCopy) -> tuple[HeldCopy, CopyEnd]:
    """Make one pass over the remaining files; the returned copy notes what prevented the destruction of each."""
    reachable = _is_reachable(copy)
    codes = [_destroy_file(file, begun=copy.ending) if reachable else "not_reachable" for file in copy.files]
    exceptions = dict(Counter(code for code in codes if code is not None))
    if copy.not_found:
        exceptions["not_found"] = exceptions.get("not_found", 0) + copy.not_found
    gone = [f for f, code in zip(copy.files, codes, strict=True) if code in (None, "other_names_remain")]
    kept = [
        f.changed(kept=str(code)) if code in _NOT_DESTROYED else f
        for f, code in zip(copy.files, codes, strict=True)
    ]
    end = CopyEnd(len(gone), sum(file.size for file in gone), evidence_of_kind(copy.kind), exceptions)
    return copy.changed(files=tuple(kept)), end


def _destroy_file(file: HeldFile, *, begun: bool) -> str | None:
    """Overwrite, unlink, sync. Returns a code for what prevented or weakens the end.

    changed_since | not_removed | not_reachable | not_found | other_names_remain
    """
    path = Path(file.path)
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return "not_found" if file.kept else None  # otherwise this program unlinked it before a crash
    except OSError:
        return "not_reachable"
    try:
        return _destroy_entry(file, folder, path.name, begun=begun)
    finally:
        os.close(folder)


def _destroy_entry(file: HeldFile, folder: int, name: str, *, begun: bool) -> str | None:
    """The same in an open folder: a rename of a parent folder cannot replace the checked file by another."""
    try:
        found = os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return "not_found" if file.kept else None
    except OSError:
        return "not_reachable"
    filesystem = os.fstatvfs(folder).f_fsid or os.fstat(folder).st_dev
    if file.kept == "changed_since" or not file.is_that(found, filesystem, overwritten=begun):
        return "changed_since"
    try:
        if not stat.S_ISLNK(found.st_mode) and not _overwrite(name, folder, found):
            return "changed_since"
        os.unlink(name, dir_fd=folder)
        os.fsync(folder)
    except OSError:
        return "not_removed"
    return "other_names_remain" if found.st_nlink > 1 else None


def _begin(copy: HeldCopy) -> HeldCopy:
    """Returns the copy marked for destruction.

    Files that no longer exist are counted as not destroyed by this program. Files that changed since registration are marked now,
    while their time still shows it.
    """
    if not _is_reachable(copy):
        return copy
    existing = [file for file in copy.files if os.path.lexists(file.path)]
    marked = tuple(f if f.unchanged(overwritten=False) else f.changed(kept="changed_since") for f in existing)
    return copy.changed(files=marked, not_found=len(copy.files) - len(existing), ending=True)


def _filesystem_of(folder: Path) -> int:
    """Returns what identifies a file system, also after a boot: its own id if it has one, otherwise its device."""
    return os.statvfs(folder).f_fsid or folder.stat().st_dev


def _is_reachable(copy: HeldCopy) -> bool:
    """Whether an invisible file is really absent: the folder that held the copy exists, on the same file system.

    An unmounted disk or a moved folder hides a copy, even when the copy is that folder, but does not destroy it.
    """
    root = Path(copy.root)
    if copy.emptied:
        return True
    if not root.is_dir() and any(file.path != copy.root for file in copy.files):
        return False
    try:
        found = _filesystem_of(root if root.is_dir() and not root.is_symlink() else root.parent)
    except OSError:
        return False
    return not copy.files or found in {file.filesystem for file in copy.files}


def _overwrite(name: str, folder: int, found: os.stat_result) -> bool:
    """Overwrite the file that was found; false if the name now belongs to another file."""
    descriptor = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as stream:
        if not os.path.samestat(os.fstat(descriptor), found):
            return False
        left = found.st_size
        while left > 0:
            left -= stream.write(_BLOCK[: min(left, len(_BLOCK))])
        stream.flush()
        os.fsync(descriptor)
    return True


def _remove_empty_folders(copy: HeldCopy) -> None:
    """Remove the copy's folders that are now empty; others stay."""
    root = Path(copy.root)
    if not root.is_dir() or root.is_symlink():
        return
    for folder, _, _ in os.walk(root, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
