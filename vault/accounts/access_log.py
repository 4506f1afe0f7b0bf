"""The access log: who looked at a personal record, and who did what, when. Append-only, sealed line by line.

It is a file of its own and no part of the ledger. The ledger goes out with proofs, keeps what it has for ever, and holds
nothing about persons; a log of views grows with every look, concerns persons, and ends with its retention. Each line is sealed
under the site key together with its number, and names the digest of the line before: a line that is removed, moved or altered
shows when the log is read. It is on disk before the page that it is about is sent.
"""

from __future__ import annotations

import fcntl
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Literal

from schemas.errors import IntegrityError
from schemas.record import Record, dump, load
from vault.home_folder import Home
from vault.system.files import sync_folder

NOBODY = "-"
"""Stands for the account of somebody who is not signed in."""


class Access(Record, frozen=True):
    """One look or one act. Ids are opaque: an account's, a run's, a person's."""

    at: str
    account: str
    kind: Literal["view", "act"]
    what: str  # the name of the page or of the act
    about: str  # a run, a person, an account; empty for none
    result: str  # `done`, or the code of a refusal
    before: str = ""  # digest of the line before


class AccessLog:
    """The access log of a home, `access.log`."""

    def __init__(self, home: Home) -> None:
        self._path, self._home = home.access_log, home

    def append(self, access: Access) -> None:
        """Write one line; on disk when this returns."""
        created = not self._path.exists()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            number, last = _end(descriptor)
            data = dump(access.changed(before=sha256(last).hexdigest()))
            sealed = b64encode(self._home.site_key.seal(data, f"access/{number}"))
            os.write(descriptor, str(number).encode() + b" " + sealed + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if created:
            sync_folder(self._path.parent)

    def read(self) -> Iterator[Access]:
        """Returns every line, oldest first. Raises IntegrityError (access_log_altered)."""
        if not self._path.is_file():
            return
        last = b""
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines):
                if not line.endswith(b"\n"):
                    return  # torn by a crash, before its page was sent
                yield self._opened(number, line, last)
                last = line

    def _opened(self, number: int, line: bytes, last: bytes) -> Access:
        stated, _, sealed = line.rstrip(b"\n").partition(b" ")
        try:
            if int(stated) != number:
                raise ValueError
            data = self._home.site_key.open(b64decode(sealed, validate=True), f"access/{number}")
        except (ValueError, IntegrityError):
            altered = IntegrityError("access_log_altered", line=number)
            data = None
        if data is None:
            raise altered
        access = load(Access, data, IntegrityError, "access_log_altered", line=str(number))
        if access.before != sha256(last).hexdigest():
            raise IntegrityError("access_log_altered", line=number)
        return access


def _end(descriptor: int) -> tuple[int, bytes]:
    """Returns the number of the next line and the last whole line; a torn one is cut off."""
    size = os.fstat(descriptor).st_size
    tail, start = b"", size
    while start > 0 and tail.rstrip(b"\n").count(b"\n") < 2:
        step = min(4096, start)
        start -= step
        tail = os.pread(descriptor, step, start) + tail
    whole, newline, torn = tail.rpartition(b"\n")
    if torn:
        os.ftruncate(descriptor, size - len(torn))
    if not newline:
        return 0, b""
    last = whole.rpartition(b"\n")[2] + b"\n"
    return int(last.partition(b" ")[0]) + 1, last
