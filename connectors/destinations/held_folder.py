"""Folders held by descriptor: an entry is named relative to an open folder, and no link is followed.

A path is resolved anew at each use, and whoever may rename on the way decides what it then names. A descriptor stays with the
folder that was opened.
"""

from __future__ import annotations

import os
import stat
import weakref
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from schemas.errors import TargetRefusedError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class HeldFolder:
    """An open folder. Every method raises OSError as the system call does, unless it says more."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)

    @classmethod
    def at(cls, path: Path) -> HeldFolder:
        """Open a folder by its path, whose last step must be no link."""
        return cls(os.open(path, _FOLDER))

    def enter(self, name: str) -> HeldFolder | None:
        """Open a folder in this one; None when there is nothing of that name."""
        try:
            return HeldFolder(os.open(_step(name), _FOLDER, dir_fd=self.descriptor))
        except FileNotFoundError:
            return None

    def enter_own(self, name: str) -> HeldFolder | None:
        """The same. Raises TargetRefusedError `destination_not_private` unless it is this user's, for nobody else to write."""
        found = self.enter(name)
        if found is None:
            return None
        status = os.fstat(found.descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise TargetRefusedError("destination_not_private")
        return found

    def make(self, name: str) -> HeldFolder:
        """Make a folder for this user alone and open it. Raises TargetRefusedError as `enter_own`."""
        os.mkdir(_step(name), 0o700, dir_fd=self.descriptor)
        made = self.enter_own(name)
        if made is None:
            raise TargetRefusedError("destination_not_private")  # somebody renamed it meanwhile
        return made

    def names(self) -> list[str]:
        """All entries, sorted."""
        with os.scandir(self.descriptor) as entries:
            return sorted(entry.name for entry in entries)

    def has(self, name: str) -> bool:
        """Whether there is an entry of any kind."""
        try:
            os.lstat(name, dir_fd=self.descriptor)
        except FileNotFoundError:
            return False
        return True

    def has_as(self, name: str, folder: HeldFolder) -> bool:
        """Whether a name in this folder stands for that open folder, and for nothing else."""
        try:
            found = os.lstat(name, dir_fd=self.descriptor)
        except FileNotFoundError:
            return False
        return os.path.samestat(found, os.fstat(folder.descriptor))

    def read(self, name: str) -> BinaryIO | None:
        """Open a regular file; None when there is none of that name. A device or a FIFO is not waited for."""
        try:
            descriptor = os.open(
                _step(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self.descriptor
            )
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise IsADirectoryError
        return os.fdopen(descriptor, "rb")

    def create(self, name: str) -> BinaryIO:
        """A new file for this user alone."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.fdopen(os.open(_step(name), flags, 0o600, dir_fd=self.descriptor), "wb")

    def spool(self) -> BinaryIO:
        """A file to write and to read that has no name any more: it is gone with the process, whatever ends it."""
        name = f".spool-{token_hex(8)}"
        descriptor = os.open(
            name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=self.descriptor
        )
        os.unlink(name, dir_fd=self.descriptor)
        return os.fdopen(descriptor, "w+b")

    def unlink(self, name: str) -> None:
        """Remove a file; nothing when there is none."""
        try:
            os.unlink(_step(name), dir_fd=self.descriptor)
        except FileNotFoundError:
            return

    def remove_empty(self, name: str) -> None:
        """Remove an empty folder; nothing when there is none."""
        try:
            os.rmdir(_step(name), dir_fd=self.descriptor)
        except FileNotFoundError:
            return

    def move(self, name: str, to: HeldFolder) -> None:
        """Give an entry the same name in another folder of the same file system. Raises FileExistsError."""
        if to.has(name):
            raise FileExistsError
        os.rename(_step(name), name, src_dir_fd=self.descriptor, dst_dir_fd=to.descriptor)

    def sync(self) -> None:
        """Make the entries durable."""
        os.fsync(self.descriptor)


def _step(name: str) -> str:
    """A name that stands for an entry of a folder and leads nowhere else. Raises TargetRefusedError `package_altered`.

    Names come out of manifests too, and where a file system shows another's files as this user's (CIFS, FUSE) so may those.
    """
    with suppress(UnicodeEncodeError):
        if os.fsencode(name) not in (b"", b".", b"..") and not set(name) & {"/", "\0"}:
            return name
    raise TargetRefusedError("package_altered")
