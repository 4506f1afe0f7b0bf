"""Writes small files durably: a file is on disk before the program continues."""

from __future__ import annotations

import os
from pathlib import Path

FULL = (27, 28, 122)
"""The error numbers of a full disk, of a used-up quota and of a file above the size limit: EFBIG, ENOSPC, EDQUOT."""


def sync_folder(folder: Path) -> None:
    """Wait until the folder's entries are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, data: bytes, mode: int = 0o600, temporary: Path | None = None) -> None:
    """Replace the content of `path` atomically: temporary file, fsync, rename, fsync of the folder.

    Do not use it for a secret in clear: a crash can leave the temporary file behind.
    """
    temporary = temporary or path.with_name(f".{path.name}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def write_secret(path: Path, data: bytes) -> None:
    """Create a file for a secret, readable only by its owner, without a temporary file. Raises FileExistsError.

    A crash can leave an incomplete file.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(path.parent)
