"""Copies of patients' data that the operator holds beside staging: the received export, and the package that was made.

A copy is in a sealed register, `custody/<id>`, until its destruction was checked. Destruction overwrites and unlinks the files.
On flash storage and copy-on-write file systems, that proves nothing; the evidence states this. Only files that are unchanged
since their registration are destroyed; changed files are left for a person.
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
"""The exception code of a certificate for a copy on a server, whose destruction only the server reports."""


class CopyKind(StrEnum):
    """The kinds of copies."""

    SOURCE = "source"
    PACKAGE = "package"


class CopyEvidence(StrEnum):
    """How a copy was destroyed, which determines what its destruction proves."""

    ENCRYPTED_ALWAYS = "encrypted_always"  # and the only key to it was destroyed
    OVERWRITTEN = "unlinked_overwritten"  # no proof on flash storage
    SEALED = "unlinked_sealed"  # sealed to keys that the recipients still have
    AT_SERVER = "deleted_at_server"  # sealed likewise; only the server's answer shows that the copy is gone


def evidence_of_kind(kind: CopyKind) -> CopyEvidence:
    """Return the evidence for a copy of this kind on this host: a package was sealed, an export was in clear."""
    return CopyEvidence.SEALED if kind is CopyKind.PACKAGE else CopyEvidence.OVERWRITTEN


class HeldFile(Record, frozen=True):
    """One file of a copy, as it was at its registration, and the reason that prevented its destruction."""

    path: str
    size: int  # in bytes
    filesystem: int
    inode: int
    modified_ns: int
    kept: str = ""  # changed_since | not_removed: if the file is gone later, someone else removed it

    @classmethod
    def of(cls, path: Path) -> HeldFile:
        """Return the file as it is now. A link is not followed."""
        status = path.lstat()
        return cls(str(path), status.st_size, _filesystem_of(path.parent), status.st_ino, status.st_mtime_ns)

    def unchanged(self, *, overwritten: bool) -> bool:
        """Return whether the path still names this file. If `overwritten` (overwriting may have begun), its time may differ."""
        path = Path(self.path)
        with contextlib.suppress(FileNotFoundError):
            return self.is_that(path.lstat(), _filesystem_of(path.parent), overwritten=overwritten)
        return False

    def is_that(self, status: os.stat_result, filesystem: int, *, overwritten: bool) -> bool:
        """Return whether a file with this status, on this file system, is this file. `overwritten`: see `unchanged`."""
        same = (status.st_size, filesystem, status.st_ino) == (self.size, self.filesystem, self.inode)
        return same and (overwritten or status.st_mtime_ns == self.modified_ns)


class HeldCopy(Record, frozen=True):
    """A copy that the operator may hold until a UTC time."""

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
    recorded: bool = False  # its destruction is in the ledger, but not yet in the certificate of its run
    not_found: int = 0  # files that were gone before the destruction began: someone else removed them

    @property
    def at_server(self) -> bool:
        """Return whether the copy is on a server, under a name of the register of destinations."""
        return "://" in self.root

    @property
    def size(self) -> int:
        """The sum of the sizes of the copy's files, in bytes."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class CopyEnd:
    """The result of the destruction of a copy: counts, evidence, and what prevented its completion."""

    files: int
    bytes: int
    evidence: CopyEvidence
    exceptions: dict[str, int] = field(default_factory=dict)  # code -> files

    @property
    def complete(self) -> bool:
        """Return whether every file of the copy is gone."""
        return not {"changed_since", "not_removed", "not_reachable"} & set(self.exceptions)


class CustodyRegister:
    """The sealed register of the copies that a home's operator holds."""

    def __init__(self, home: Home) -> None:
        self._site = home.site_key
        self._records = SealedRecords[HeldCopy](
            home, home.held_copies, "custody", HeldCopy, "custody_unreadable"
        )

    def register(
        self, kind: CopyKind, root: Path, *, authorisation_id: str, run_id: str | None, until: str
    ) -> HeldCopy:
        """Register a copy and its files, without reading their bytes. An existing entry is replaced."""
        files = tuple(HeldFile.of(path) for path in _files(root))
        return self._register(kind, str(root), files, authorisation_id, run_id, until)

    def register_at_server(
        self, root: str, sizes: dict[str, int], *, authorisation_id: str, run_id: str, until: str
    ) -> HeldCopy:
        """Register a package on a server, with the names of its files and their sizes in bytes. An existing entry is replaced."""
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
        """Return every copy that is not yet destroyed, by date. `unreadable` counts the entries that cannot be opened."""
        return sorted(self._records.readable(), key=lambda copy: (copy.until, copy.id))

    def unreadable(self) -> int:
        """Return the number of entries that cannot be opened. Their copies are not known."""
        return self._records.unreadable()

    def end_at(self, copy: HeldCopy, until: str) -> None:
        """Bring forward the date of a copy, if the copy is still registered and the new date is earlier."""
        registered = self._records.read_or_none(copy.id)
        if registered is not None and until < registered.until:
            self._write(registered.changed(until=until))

    def destroy(self, copy: HeldCopy) -> CopyEnd:
        """Destroy a copy's files, and check that they are gone. The copy stays registered until `drop`. It can be repeated."""
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
        """Remove the entry of a destroyed copy from the register."""
        self._records.drop(copy.id)

    def note_alarm(self, copy: HeldCopy) -> None:
        """Note that the ledger has the copy's incomplete destruction, so that it is recorded only once."""
        self._write(self._records.read(copy.id).changed(alarmed=True))

    def note_recorded(self, copy: HeldCopy) -> None:
        """Note that the ledger has the copy's destruction, so that it is recorded only once."""
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
    """Try to destroy each remaining file once. The returned copy states, for each file, what prevented its destruction."""
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
    """Overwrite and unlink a file. Return None, or the code of what prevented or weakens its destruction.

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
    """Destroy a file in an open folder (see `_destroy_file`), so that a rename of a parent folder cannot replace the file."""
    try:
        status = os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return "not_found" if file.kept else None
    except OSError:
        return "not_reachable"
    filesystem = os.fstatvfs(folder).f_fsid or os.fstat(folder).st_dev
    if file.kept == "changed_since" or not file.is_that(status, filesystem, overwritten=begun):
        return "changed_since"
    try:
        if not stat.S_ISLNK(status.st_mode) and not _overwrite(name, folder, status):
            return "changed_since"
        os.unlink(name, dir_fd=folder)
        os.fsync(folder)
    except OSError:
        return "not_removed"
    return "other_names_remain" if status.st_nlink > 1 else None


def _begin(copy: HeldCopy) -> HeldCopy:
    """Return the copy, marked as being destroyed.

    Files that do not exist are counted as not destroyed by this program. Files that changed since registration are marked now,
    because overwriting will change the time by which that is seen.
    """
    if not _is_reachable(copy):
        return copy
    existing = [file for file in copy.files if os.path.lexists(file.path)]
    marked = tuple(f if f.unchanged(overwritten=False) else f.changed(kept="changed_since") for f in existing)
    return copy.changed(files=marked, not_found=len(copy.files) - len(existing), ending=True)


def _filesystem_of(folder: Path) -> int:
    """Return the id of a file system, which is the same after a boot; the id of its device if it has no own id."""
    return os.statvfs(folder).f_fsid or folder.stat().st_dev


def _is_reachable(copy: HeldCopy) -> bool:
    """Return whether a file that is not visible is absent: the folder of the copy exists, on the same file system.

    An unmounted disk or a moved folder hides a copy, even if the copy is that folder, but does not destroy the copy.
    """
    root = Path(copy.root)
    if copy.emptied:
        return True
    if not root.is_dir() and any(file.path != copy.root for file in copy.files):
        return False
    try:
        filesystem = _filesystem_of(root if root.is_dir() and not root.is_symlink() else root.parent)
    except OSError:
        return False
    return not copy.files or filesystem in {file.filesystem for file in copy.files}


def _overwrite(name: str, folder: int, status: os.stat_result) -> bool:
    """Overwrite the file with this status. Return false if the name now belongs to another file."""
    descriptor = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as stream:
        if not os.path.samestat(os.fstat(descriptor), status):
            return False
        left = status.st_size
        while left > 0:
            left -= stream.write(_BLOCK[: min(left, len(_BLOCK))])
        stream.flush()
        os.fsync(descriptor)
    return True


def _remove_empty_folders(copy: HeldCopy) -> None:
    """Remove the copy's folders that are empty."""
    root = Path(copy.root)
    if not root.is_dir() or root.is_symlink():
        return
    for folder, _, _ in os.walk(root, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
