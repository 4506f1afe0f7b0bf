"""The folder into which a package is opened: for this user alone, and there only when it is whole.

Everything is written below `.NAME.opening` beside the folder, held by descriptor. When all of it is there it gets its name.
What fails on the way is removed at once; what a process that was killed left is removed by the next one.
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
    """A private folder that grows; files are made in it and never written over."""

    def __init__(self, place: HeldFolder) -> None:
        self._place = place
        self._folders: dict[tuple[str, ...], HeldFolder] = {(): place}

    def spool(self) -> BinaryIO:
        """A file without a name, in this folder and in no other."""
        return self._place.spool()

    def create(self, steps: tuple[str, ...]) -> BinaryIO:
        """A new file below this folder, its folders made when they are missing."""
        return self._enter(steps[:-1]).create(steps[-1])

    def _enter(self, steps: tuple[str, ...]) -> HeldFolder:
        if steps not in self._folders:
            above = self._enter(steps[:-1])
            self._folders[steps] = above.enter_own(steps[-1]) or above.make(steps[-1])
        return self._folders[steps]

    def sync(self) -> None:
        """Make all entries durable, those of the outermost folder last."""
        for steps in sorted(self._folders, reverse=True):
            self._folders[steps].sync()


@contextmanager
def new_import_folder(into: Path) -> Iterator[ImportFolder]:
    """`into`, which is not there yet or empty, once the context ends well; nothing of it when it does not.

    Raises PackageError: into_not_new, into_being_opened, into_unusable; StorageFullError.
    """
    if into.is_symlink() or (into.exists() and (not into.is_dir() or any(into.iterdir()))):
        raise PackageError("into_not_new")
    into = into.absolute()
    missing = [folder for folder in into.parents if not folder.exists()]
    code = ""
    try:
        into.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _growing(HeldFolder.at(into.parent.resolve()), into.name) as folder:
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
    raise refusal from None  # the error of the body is still being handled: its words may quote what was read


@contextmanager
def _growing(beside: HeldFolder, name: str) -> Iterator[ImportFolder]:
    hidden = f".{name}.opening"
    place = _begin(beside, hidden)
    try:
        folder = ImportFolder(place)
        yield folder
        folder.sync()
        os.rename(hidden, name, src_dir_fd=beside.descriptor, dst_dir_fd=beside.descriptor)
        if not beside.has_as(name, place):
            raise PackageError("into_unusable")  # who may write beside it put another folder there
        beside.sync()
    except BaseException:
        _clear(beside, hidden, place)
        raise


def _begin(beside: HeldFolder, hidden: str) -> HeldFolder:
    """A new folder of this name, locked; one that a process that is no more left is removed before."""
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
