"""Folders held by descriptor: entries are named relative to an open folder, and links are not followed.

A path is resolved anew at each use, so a rename on the way changes what it names. A descriptor stays with the folder that
was opened.
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
    """An open folder. Unless stated otherwise, methods raise the OSError of the system call."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)

    @classmethod
    def at(cls, path: Path) -> HeldFolder:
        """Open a folder by its path, whose last component must not be a link."""
        return cls(os.open(path, _FOLDER))

    def enter(self, name: str) -> HeldFolder | None:
        """Open a folder in this one; None if no entry has that name."""
        try:
            return HeldFolder(os.open(_step(name), _FOLDER, dir_fd=self.descriptor))
        except FileNotFoundError:
            return None

    def enter_own(self, name: str) -> HeldFolder | None:
        """Like `enter`. Raises TargetRefusedError `destination_not_private` unless this user alone owns and can write it."""
        found = self.enter(name)
        if found is None:
            return None
        status = os.fstat(found.descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise TargetRefusedError("destination_not_private")
        return found

    def make(self, name: str) -> HeldFolder:
        """Make a folder for this user only and open it. Raises TargetRefusedError like `enter_own`."""
        os.mkdir(_step(name), 0o700, dir_fd=self.descriptor)
        made = self.enter_own(name)
        if made is None:
            raise TargetRefusedError("destination_not_private")  # renamed in between
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
        """Whether a name in this folder refers to exactly that open folder."""
        try:
            found = os.lstat(name, dir_fd=self.descriptor)
        except FileNotFoundError:
            return False
        return os.path.samestat(found, os.fstat(folder.descriptor))

    def read(self, name: str) -> BinaryIO | None:
        """Open a regular file; None if none has that name. Never waits for a device or a FIFO."""
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
        """Create a file that only this user can access."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.fdopen(os.open(_step(name), flags, 0o600, dir_fd=self.descriptor), "wb")

    def spool(self) -> BinaryIO:
        """An unnamed file to write and read: it disappears with the process, however the process ends."""
        name = f".spool-{token_hex(8)}"
        descriptor = os.open(
            name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=self.descriptor
        )
        os.unlink(name, dir_fd=self.descriptor)
        return os.fdopen(descriptor, "w+b")

    def unlink(self, name: str) -> None:
        """Remove a file; does nothing if it is missing."""
        try:
            os.unlink(_step(name), dir_fd=self.descriptor)
        except FileNotFoundError:
            return

    def remove_empty(self, name: str) -> None:
        """Remove an empty folder; does nothing if it is missing."""
        try:
            os.rmdir(_step(name), dir_fd=self.descriptor)
        except FileNotFoundError:
            return

    def move(self, name: str, to: HeldFolder) -> None:
        """Move an entry, under the same name, to another folder of the same file system. Raises FileExistsError."""
        if to.has(name):
            raise FileExistsError
        os.rename(_step(name), name, src_dir_fd=self.descriptor, dst_dir_fd=to.descriptor)

    def sync(self) -> None:
        """Make the entries durable."""
        os.fsync(self.descriptor)


def _step(name: str) -> str:
    """Check that a name is an entry of a folder and leads nowhere else. Raises TargetRefusedError `package_altered`.

    Names also come from manifests, which others may have written where a file system shows their files as this user's (CIFS,
    FUSE).
    """
    with suppress(UnicodeEncodeError):
        if os.fsencode(name) not in (b"", b".", b"..") and not set(name) & {"/", "\0"}:
            return name
    raise TargetRefusedError("package_altered")
