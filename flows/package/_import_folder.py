"""Creates the folder into which a package is opened: private to this user, and visible only when complete.

All files are written below `.NAME.opening` beside the folder, through a descriptor. When it is complete, this folder is renamed.
After a failure it is removed at once; a folder that a killed process left is removed by the next process.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from connectors.destinations.held_folder import HeldFolder
from schemas.errors import PackageError, RepriseError, StorageFullError, TargetRefusedError
from vault.system.files import FULL


class ImportFolder:
    """A private folder that is not yet complete. Files are created in it and never overwritten."""

    def __init__(self, place: HeldFolder) -> None:
        self._place = place
        self._folders: dict[tuple[str, ...], HeldFolder] = {(): place}

    def spool(self) -> BinaryIO:
        """Create a nameless file in this folder."""
        return self._place.spool()

    def create(self, steps: tuple[str, ...]) -> BinaryIO:
        """Create a file below this folder, with any missing folders."""
        return self._enter(steps[:-1]).create(steps[-1])

    def _enter(self, steps: tuple[str, ...]) -> HeldFolder:
        if steps not in self._folders:
            above = self._enter(steps[:-1])
            self._folders[steps] = above.enter_own(steps[-1]) or above.make(steps[-1])
        return self._folders[steps]

    def sync(self) -> None:
        """Wait until all entries are on disk, those of the outermost folder last."""
        for steps in sorted(self._folders, reverse=True):
            self._folders[steps].sync()


@contextmanager
def new_import_folder(into: Path) -> Iterator[ImportFolder]:
    """Create `into`, which is missing or empty, if the block ends without an exception; otherwise leave no file.

    Raises PackageError: into_not_new, into_being_opened, into_unusable; StorageFullError.
    """
    if into.is_symlink() or (into.exists() and (not into.is_dir() or any(into.iterdir()))):
        raise PackageError("into_not_new")
    into = into.absolute()
    missing = [folder for folder in into.parents if not folder.exists()]
    code = ""
    try:
        into.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _complete_at_end(HeldFolder.at(into.parent.resolve()), into.name) as folder:
            yield folder
        return
    except TargetRefusedError:
        code = "into_unusable"
    except OSError as error:
        code = "disk_full" if error.errno in FULL else "into_unusable"
    finally:
        for folder_made in missing:
            with suppress(OSError):
                folder_made.rmdir()
    refusal: RepriseError = StorageFullError(code) if code == "disk_full" else PackageError(code)
    raise refusal from None  # hides the error of the body, whose text may quote data


@contextmanager
def _complete_at_end(beside: HeldFolder, name: str) -> Iterator[ImportFolder]:
    hidden = f".{name}.opening"
    place = _begin(beside, hidden)
    try:
        folder = ImportFolder(place)
        yield folder
        folder.sync()
        os.rename(hidden, name, src_dir_fd=beside.descriptor, dst_dir_fd=beside.descriptor)
        if not beside.has_as(name, place):
            raise PackageError("into_unusable")  # another user with write access replaced the folder
        beside.sync()
    except BaseException:
        _clear(beside, hidden, place)
        raise


def _begin(beside: HeldFolder, hidden: str) -> HeldFolder:
    """Remove a folder of this name that an ended process left. Create a locked folder of this name."""
    left = beside.enter_own(hidden)
    if left is not None:
        _lock(left)
        _clear(beside, hidden, left)
    place = beside.make(hidden)
    _lock(place)
    return place


def _lock(place: HeldFolder) -> None:
    try:
        fcntl.flock(place.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PackageError("into_being_opened") from None


def _clear(beside: HeldFolder, hidden: str, place: HeldFolder) -> None:
    for name in place.names():
        with suppress(NotADirectoryError):
            shutil.rmtree(name, dir_fd=place.descriptor)
        place.unlink(name)
    if beside.has_as(hidden, place):
        beside.remove_empty(hidden)
