"""Opening a file that somebody else wrote: an ordinary file or none, and never a wait.

Between a look and an opening a file can be swapped for a pipe, which keeps whoever opens it until somebody writes, or for a
device, which does something when it is opened. So it is looked at before and after, and opened without waiting.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from schemas.errors import UnreadableSourceError


def open_regular(path: Path, *, follow: bool = True) -> BinaryIO:
    """The bytes of an ordinary file; where `follow` is false, no link's.

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
    """All bytes of an ordinary file. Raises what `open_regular` raises."""
    with open_regular(path) as stream:
        return stream.read()


def read_text(path: Path, *, lenient: bool = False) -> str:
    """The text of an ordinary file, in UTF-8. Raises what `open_regular` raises; UnicodeDecodeError unless lenient."""
    return read_regular(path).decode("utf-8", errors="replace" if lenient else "strict")


def _require_regular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise UnreadableSourceError("file_not_regular")
