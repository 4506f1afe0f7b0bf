"""Copies of patients' data that the operator holds beside staging: the export that came, and the package that was made.

Each is kept in a sealed register, `custody/<id>`, from the moment the program knows of it until it was destroyed and checked.
Destroying overwrites and unlinks: on flash storage and copying file systems that is no proof, and the evidence says so.
Only files that are still the ones registered are touched; what changed meanwhile is left for a person.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from schemas.errors import IntegrityError
from vault.keys.site_key import SiteKey
from vault.system.files import sync_folder, write_durably

_BLOCK = bytes(1 << 20)
_KEPT = frozenset({"changed_since", "not_removed"})
AT_SERVER = "at_server"
"""Counted with the end of a copy that lay at a server."""


class CopyKind(StrEnum):
    """What a copy is."""

    SOURCE = "source"
    PACKAGE = "package"


class Evidence(StrEnum):
    """What the end of a copy is worth as a proof."""

    ENCRYPTED_ALWAYS = "encrypted_always"  # and the only key to it was destroyed
    OVERWRITTEN = "unlinked_overwritten"  # no proof on flash storage
    SEALED = "unlinked_sealed"  # it was sealed to keys that the recipients keep
    AT_SERVER = "deleted_at_server"  # sealed too; that it is gone is the server's word


def evidence_of_kind(kind: CopyKind) -> Evidence:
    """What destroying a copy of this kind is worth: a package was sealed, an export lay in clear."""
    return Evidence.SEALED if kind is CopyKind.PACKAGE else Evidence.OVERWRITTEN


@dataclass(frozen=True)
class HeldFile:
    """One file of a copy, as it was when it was registered, and what kept us from destroying it."""

    path: str
    size: int
    filesystem: int
    inode: int
    modified_ns: int
    kept: str = ""  # changed_since | not_removed: when it is gone later, somebody else removed it

    @classmethod
    def of(cls, path: Path) -> HeldFile:
        """The file as it stands; a link is looked at, not followed."""
        found = path.lstat()
        return cls(str(path), found.st_size, _filesystem_of(path.parent), found.st_ino, found.st_mtime_ns)

    def unchanged(self, *, overwritten: bool) -> bool:
        """Whether the path still names this file; its time may differ when we may have begun to overwrite it."""
        path = Path(self.path)
        with contextlib.suppress(FileNotFoundError):
            return self.is_that(path.lstat(), _filesystem_of(path.parent), overwritten=overwritten)
        return False

    def is_that(self, found: os.stat_result, filesystem: int, *, overwritten: bool) -> bool:
        """Whether what was found is this file; its time may differ when we may have begun to overwrite it."""
        same = (found.st_size, filesystem, found.st_ino) == (self.size, self.filesystem, self.inode)
        return same and (overwritten or found.st_mtime_ns == self.modified_ns)


@dataclass(frozen=True)
class HeldCopy:
    """A copy the operator holds, and until when."""

    id: str
    kind: CopyKind
    authorisation_id: str
    run_id: str | None  # which made it; None for a source
    root: str
    until: str  # RFC 3339 Z
    files: tuple[HeldFile, ...]
    ending: bool = False  # its destruction has begun
    alarmed: bool = False  # that it could not be completed is in the ledger
    emptied: bool = False  # each of its files is gone, and was seen to be
    recorded: bool = False  # its end is in the ledger; only the certificate of its run does not tell it yet
    not_found: int = 0  # files that were gone before we began: somebody else removed them

    @property
    def at_server(self) -> bool:
        """Whether the copy lies at a server, under a name of the register of destinations."""
        return "://" in self.root

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class CopyEnd:
    """How a copy ended: counts, what it is worth, and what stood in the way."""

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

    def __init__(self, home: Path) -> None:
        self._folder = home / "custody"
        self._site = SiteKey.load(home)

    def register(
        self, kind: CopyKind, root: Path, *, authorisation_id: str, run_id: str | None, until: str
    ) -> HeldCopy:
        """Note a copy and its files, by name and state; their bytes are not read. Again replaces the note."""
        files = tuple(HeldFile.of(path) for path in _files(root))
        return self._register(kind, str(root), files, authorisation_id, run_id, until)

    def register_at_server(
        self, root: str, sizes: dict[str, int], *, authorisation_id: str, run_id: str, until: str
    ) -> HeldCopy:
        """Note a package at a server, its files by name and size. Again replaces the note."""
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
        """Every copy not yet destroyed, by kind and date; what does not open is counted by `unreadable`."""
        paths = sorted(self._folder.iterdir()) if self._folder.is_dir() else []
        read = (self._read_or_none(path) for path in paths if not path.name.startswith("."))
        return sorted((copy for copy in read if copy is not None), key=lambda copy: (copy.until, copy.id))

    def unreadable(self) -> int:
        """How many entries of the register do not open: what they stood for, nobody knows any more."""
        paths = self._folder.iterdir() if self._folder.is_dir() else ()
        return sum(1 for p in paths if not p.name.startswith(".") and self._read_or_none(p) is None)

    def _read_or_none(self, path: Path) -> HeldCopy | None:
        try:
            return self._read(path.name)
        except (IntegrityError, OSError, ValueError, TypeError, KeyError):
            return None

    def end_at(self, copy: HeldCopy, until: str) -> None:
        """Shorten a copy's time; it is never lengthened, and a copy that ended meanwhile does not come back."""
        now = self._read_or_none(self._folder / copy.id)
        if now is not None and until < now.until:
            self._write(replace(now, until=until))

    def destroy(self, copy: HeldCopy) -> CopyEnd:
        """Destroy a copy's files and check. It stays registered until `drop`; doing it again changes nothing."""
        if copy.files and not copy.ending:
            copy = _begin(copy)
            self._write(copy)  # a crash from here on leaves files whose time we changed, or that we removed
        left, end = _destroy_files(copy)
        if end.complete:
            left = replace(left, emptied=True)
        if left != copy:
            self._write(left)
        _remove_empty_folders(copy)
        return end

    def drop(self, copy: HeldCopy) -> None:
        """Forget a copy of which nothing is left."""
        (self._folder / copy.id).unlink(missing_ok=True)
        sync_folder(self._folder)

    def note_alarm(self, copy: HeldCopy) -> None:
        """Remember that its incomplete end was recorded: once is enough."""
        self._write(replace(self._read(copy.id), alarmed=True))

    def note_recorded(self, copy: HeldCopy) -> None:
        """Remember that its end was recorded: once is enough."""
        self._write(replace(self._read(copy.id), recorded=True))

    def _write(self, held: HeldCopy) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        sealed = self._site.seal(json.dumps(asdict(held)).encode(), f"custody/{held.id}")
        write_durably(self._folder / held.id, sealed)

    def _read(self, identity: str) -> HeldCopy:
        raw: dict[str, Any] = json.loads(
            self._site.open((self._folder / identity).read_bytes(), f"custody/{identity}")
        )
        files = tuple(HeldFile(**file) for file in raw.pop("files"))
        return HeldCopy(**{**raw, "kind": CopyKind(raw["kind"])}, files=files)


def _files(root: Path) -> Iterator[Path]:
    """Every file and link of a copy, sorted; folders are no copies of anything."""
    if not root.is_dir() or root.is_symlink():
        yield root
        return
    for folder, folders, names in os.walk(root):
        folders.sort()
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        yield from (Path(folder) / name for name in sorted([*names, *links]))


def _destroy_files(copy: HeldCopy) -> tuple[HeldCopy, CopyEnd]:
    """One pass over what is left; the copy then knows what kept us from which file."""
    reachable = _is_reachable(copy)
    codes = [_destroy_file(file, begun=copy.ending) if reachable else "not_reachable" for file in copy.files]
    exceptions = dict(Counter(code for code in codes if code is not None))
    if copy.not_found:
        exceptions["not_found"] = exceptions.get("not_found", 0) + copy.not_found
    gone = [f for f, code in zip(copy.files, codes, strict=True) if code in (None, "other_names_remain")]
    kept = [
        replace(f, kept=str(code)) if code in _KEPT else f for f, code in zip(copy.files, codes, strict=True)
    ]
    end = CopyEnd(len(gone), sum(file.size for file in gone), evidence_of_kind(copy.kind), exceptions)
    return replace(copy, files=tuple(kept)), end


def _destroy_file(file: HeldFile, *, begun: bool) -> str | None:
    """Overwrite, unlink, sync; gives what stood in the way or weakens the end, as a code.

    changed_since | not_removed | not_reachable | not_found | other_names_remain
    """
    path = Path(file.path)
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return "not_found" if file.kept else None  # else we unlinked it, before a crash
    except OSError:
        return "not_reachable"
    try:
        return _destroy_entry(file, folder, path.name, begun=begun)
    finally:
        os.close(folder)


def _destroy_entry(file: HeldFile, folder: int, name: str, *, begun: bool) -> str | None:
    """The same in an open folder: whoever may rename above it cannot put another file in the place of the one looked at."""
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
    """The copy about to be destroyed.

    What is not there any more is counted, and is not ours to have destroyed; what is no longer as it was registered is
    marked, while its time can still tell.
    """
    if not _is_reachable(copy):
        return copy
    there = [file for file in copy.files if os.path.lexists(file.path)]
    marked = tuple(f if f.unchanged(overwritten=False) else replace(f, kept="changed_since") for f in there)
    return replace(copy, files=marked, not_found=len(copy.files) - len(there), ending=True)


def _filesystem_of(folder: Path) -> int:
    """What tells a file system from another, also after a boot: its own id, where it has one; else its device."""
    return os.statvfs(folder).f_fsid or folder.stat().st_dev


def _is_reachable(copy: HeldCopy) -> bool:
    """Whether what is not seen is not there: the folder that held the copy is, on the same file system.

    A disk that is not mounted and a folder that was moved away hide a copy, also when the copy is that folder; they do not
    destroy it.
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
    """Overwrite the file that was found there; false when the name stands for another one by now."""
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
    """The folders of the copy that are now empty; one that holds anything else stays."""
    root = Path(copy.root)
    if not root.is_dir() or root.is_symlink():
        return
    for folder, _, _ in os.walk(root, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
