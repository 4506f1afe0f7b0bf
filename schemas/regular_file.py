"""Open files written by others: only ordinary files, and without blocking.

Between a check and an opening a file can be replaced by a pipe, which blocks the opener until someone writes, or by a device,
which acts when it is opened. The file is therefore checked before and after, and opened without blocking.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from schemas.errors import UnreadableSourceError


def open_regular(path: Path, *, follow: bool = True) -> BinaryIO:
    """Open an ordinary file; if `follow` is false, refuse links.

    Raises UnreadableSourceError (file_not_regular), IsADirectoryError, and OSError as `open` does.
    """
    _require_regular(os.stat(path, follow_symlinks=follow).st_mode)  # noqa: PTH116 - beside its descriptor's
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    descriptor = os.open(path, flags)
    try:
        _require_regular(os.fstat(descriptor).st_mode)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path) -> bytes:
    """Returns all bytes of an ordinary file. Raises the errors of `open_regular`."""
    with open_regular(path) as stream:
        return stream.read()


def read_text(path: Path, *, lenient: bool = False) -> str:
    """Read an ordinary file as UTF-8. Raises the errors of `open_regular`, and UnicodeDecodeError unless `lenient`."""
    return read_regular(path).decode("utf-8", errors="replace" if lenient else "strict")


def _require_regular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise UnreadableSourceError("file_not_regular")
