"""The access log: who looked at a personal record, and who did what, when. Append-only, sealed line by line.

The access log is not part of the ledger. The ledger is given away with proofs, is kept for ever, and holds nothing about persons.
The access log concerns persons, grows with every view, and is kept only for a time. Each line is sealed under the site key
together with its number, and names the digest of the line before; so a reader detects a line that is removed, moved or altered. A
line is on disk before its page is sent. When the time of a line is over, the line is removed from the beginning, and the sealed
first line states how many lines were removed.
"""

from __future__ import annotations

import fcntl
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Literal

from schemas.errors import IntegrityError
from schemas.record import Record, dump, load
from vault.home_folder import Home
from vault.system.files import sync_folder, write_durably

NOBODY = "-"
"""The value of `Access.account` for somebody who is not signed in."""


class Access(Record, frozen=True):
    """One view or one act. Ids are opaque: an account's, a run's, a person's."""

    at: str
    account: str
    kind: Literal["view", "act"]
    what: str  # the name of the page or of the act
    about: str  # a run, a person, an account; empty for none
    result: str  # `done`, or the code of a refusal
    before: str = ""  # digest of the line before


class Cut(Record, frozen=True):
    """The lines that were removed from the beginning: their number, the digest of the last line, and the time of the removal."""

    lines: int
    last: str
    at: str


_CUT = b"cut "
"""The beginning of the first line of a log from which lines were removed."""


class AccessLog:
    """The access log of a home, `access.log`."""

    def __init__(self, home: Home) -> None:
        self._path, self._home = home.access_log, home

    def append(self, access: Access) -> None:
        """Append one line, which is on disk when this returns."""
        created = not self._path.exists()
        with self._locked() as descriptor:
            number, before = self._end(descriptor)
            data = dump(access.changed(before=before))
            sealed = b64encode(self._home.site_key.seal(data, f"access/{number}"))
            os.write(descriptor, str(number).encode() + b" " + sealed + b"\n")
            os.fsync(descriptor)
        if created:
            sync_folder(self._path.parent)

    def read(self) -> Iterator[Access]:
        """Yield every line that is kept, oldest first. Raises IntegrityError (access_log_altered)."""
        for _, access in self._lines():
            yield access

    def drop_before(self, day: str, at: str) -> int:
        """Remove the lines before the first line whose time is `day` or later. Return the number of removed lines.

        `at` is the time that the log states for the removal. Raises IntegrityError (access_log_altered); the log then does not
        change.
        """
        first = next(self.read(), None)
        if first is None or first.at >= day:
            return 0
        with self._locked():
            gone, last, offset = 0, b"", self._start()[1]
            for line, access in self._lines():
                if access.at >= day:
                    break
                gone, last, offset = gone + 1, line, offset + len(line)
            cut = Cut(self._start()[0] + gone, sha256(last).hexdigest(), at)
            sealed = b64encode(self._home.site_key.seal(dump(cut), "access/cut"))
            kept = self._path.read_bytes()[offset:]
            write_durably(self._path, _CUT + sealed + b"\n" + kept)
        return gone

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Open and lock the log for writing. If another process replaced the file meanwhile, open the new file."""
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if os.fstat(descriptor).st_ino == self._path.stat().st_ino:
                    yield descriptor
                    return
            finally:
                os.close(descriptor)

    def _start(self) -> tuple[int, int]:
        """Return the number of the first line that is kept, and its offset in bytes."""
        with self._path.open("rb") as lines:
            line = lines.readline()
        return (self._cut(line).lines, len(line)) if line.startswith(_CUT) else (0, 0)

    def _lines(self) -> Iterator[tuple[bytes, Access]]:
        if not self._path.is_file():
            return
        number, before = 0, sha256(b"").hexdigest()
        with self._path.open("rb") as lines:
            for place, line in enumerate(lines):
                if not line.endswith(b"\n"):
                    return  # a crash left it incomplete, before its page was sent
                if place == 0 and line.startswith(_CUT):
                    cut = self._cut(line)
                    number, before = cut.lines, cut.last
                    continue
                yield line, self._opened(number, line, before)
                number, before = number + 1, sha256(line).hexdigest()

    def _cut(self, line: bytes) -> Cut:
        try:
            sealed = b64decode(line.removeprefix(_CUT).rstrip(b"\n"), validate=True)
            data = self._home.site_key.open(sealed, "access/cut")
        except (ValueError, IntegrityError):
            data = None
        if data is None:
            raise IntegrityError("access_log_altered", line=0)
        return load(Cut, data, IntegrityError, "access_log_altered", line="0")

    def _end(self, descriptor: int) -> tuple[int, str]:
        """Remove an incomplete last line. Return the number of the next line, and the digest of the last line."""
        last = _last_line(descriptor)
        if not last:
            return 0, sha256(b"").hexdigest()
        if last.startswith(_CUT):
            cut = self._cut(last)
            return cut.lines, cut.last
        return int(last.partition(b" ")[0]) + 1, sha256(last).hexdigest()

    def _opened(self, number: int, line: bytes, before: str) -> Access:
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
        if access.before != before:
            raise IntegrityError("access_log_altered", line=number)
        return access


def _last_line(descriptor: int) -> bytes:
    """Remove an incomplete last line. Return the last complete line, or b"" if there is no line."""
    size = os.fstat(descriptor).st_size
    tail, start = b"", size
    while start > 0 and tail.rstrip(b"\n").count(b"\n") < 2:
        step = min(4096, start)
        start -= step
        tail = os.pread(descriptor, step, start) + tail
    whole, newline, incomplete = tail.rpartition(b"\n")
    if incomplete:
        os.ftruncate(descriptor, size - len(incomplete))
    return whole.rpartition(b"\n")[2] + b"\n" if newline else b""
