"""A server over SFTP: files grow in a hidden folder, and one rename publishes them.

Each write states its offset, because a server may still process writes of a broken connection when the next connection
continues. Late bytes then land where the same bytes already are. With appending, both would follow each other.

The rename is SFTP's own, which refuses an existing target; OpenSSH's `posix-rename` would replace an empty folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from connectors.destinations.base import MANIFEST, STRANGERS, at_most, bring
from connectors.destinations.line import Fault, Line
from schemas.digests import Digest, Hashing, stream_digest
from schemas.errors import TargetError, TargetRefusedError

_MOST_FILES = 100_000  # of one package
_PIECE = 32 << 10  # the largest request of SFTP; pieces that arrived survive a broken connection


class SftpDestination:
    """`FOLDER/reprise-RUN` on a server; until publication `FOLDER/.reprise-RUN.partial`."""

    channel = "sftp"

    def __init__(self, line: Line, folder: str, run_id: str) -> None:
        self._line = line
        base = f"{folder}/" if folder else ""
        self._partial = f"{base}.reprise-{run_id}.partial"
        self._final = f"{base}reprise-{run_id}"
        # Files for which each write waits for its answer: slower, but errors show where they arise.
        self._careful: set[str] = set()

    def put(self, local: Path, name: str) -> None:
        """Transfer what is missing. A server that twice keeps less than it acknowledged is reported (`destination_lies`)."""
        with open(local, "rb") as source:
            sending = _Sending(source, f"{self._partial}/{name}")
            self._line.do(lambda filesystem: self._send(filesystem, sending, name), failed=Fault.FULL)

    def _send(self, filesystem: Any, sending: _Sending, name: str) -> None:
        filesystem.makedirs(self._partial, exist_ok=True, mode=0o700)
        there = _size(filesystem, sending.path) or 0
        if there > sending.size:
            filesystem.rm_file(sending.path)
            there = 0
        if there > sending.reached:
            sending.reached = there
            self._line.progressed()
        sending.go_on(filesystem, there, self._line.gained, pipelined=name not in self._careful)
        if _size(filesystem, sending.path) != sending.size:
            if name in self._careful:
                raise TargetError("destination_lies")
            self._careful.add(name)
            raise ConnectionError  # some write failed: retry, waiting for each answer

    def digest(self, name: str, most: int) -> Digest | None:
        """Read a whole file back; a broken reading continues where it stopped."""
        hashing = Hashing()
        return self._line.do(lambda filesystem: self._read_on(filesystem, name, hashing, most))

    def _read_on(self, filesystem: Any, name: str, hashing: Hashing, most: int) -> Digest | None:
        path = f"{self._place(filesystem)}/{name}"
        size = _size(filesystem, path)
        if size is None:
            return None
        for piece in filesystem.read_ahead(path, hashing.size, min(size, most)):
            hashing.feed(piece)
            self._line.gained(len(piece))
            self._line.progressed()
            if hashing.size > most:
                break  # it returns more than was written, perhaps without end
        return hashing.close()

    def _place(self, filesystem: Any) -> str:
        return self._partial if _size(filesystem, self._final) is None else self._final

    def remove(self, name: str) -> None:
        """Remove one file of the hidden folder; its next transfer waits for each answer.

        A write that fails among others in progress leaves a hole in a file of the right size.
        """
        self._careful.add(name)
        self._line.do(lambda filesystem: _unlink(filesystem, f"{self._partial}/{name}"))

    def published(self) -> bool:
        """Whether the folder has its final name."""
        return self._line.do(lambda filesystem: _size(filesystem, self._final)) is not None

    def publish(self, manifest: Path, names: frozenset[str]) -> None:
        """Write the manifest and read it back; then publish with one rename. Raises TargetRefusedError: package_exists."""
        if self.published():
            raise TargetRefusedError("package_exists")
        with open(manifest, "rb") as stream:
            sealed = stream_digest(stream)
        bring(self, manifest, MANIFEST, sealed)
        self._line.do(lambda filesystem: self._keep_only(filesystem, names | {MANIFEST}))
        self._line.do(self._rename)
        if self.digest(MANIFEST, sealed.size) != sealed:
            raise TargetError("destination_lies")

    def _keep_only(self, filesystem: Any, names: frozenset[str]) -> None:
        """Remove foreign files; check that everything read back is still there. Raises TargetError `destination_lies`."""
        found = at_most(len(names) + STRANGERS, _list(filesystem, self._partial))
        for name in found - names:
            _unlink(filesystem, f"{self._partial}/{name}")
        if not names <= found and _size(filesystem, self._final) is None:
            raise TargetError("destination_lies")

    def _rename(self, filesystem: Any) -> None:
        if _size(filesystem, self._partial) is None and _size(filesystem, self._final) is not None:
            return  # already done, and the answer was lost
        filesystem.ftp.rename(self._partial, self._final)

    def tidy(self) -> None:
        """Does nothing: publication leaves nothing beside the package."""

    def discard(self) -> None:
        """Remove both folders of the run, the hidden one first: a rename still in progress could publish it."""
        for folder in (self._partial, self._final):
            self._line.do(partial(_remove_folder, folder=folder))


class _Sending:
    """One file during its transfer."""

    def __init__(self, source: BinaryIO, path: str) -> None:
        self._source, self.path = source, path
        self.size = os.fstat(source.fileno()).st_size
        self.reached = 0

    def go_on(self, filesystem: Any, there: int, gained: Callable[[int], None], *, pipelined: bool) -> None:
        self._source.seek(there)
        with filesystem.open_to_write(self.path) as sink:
            sink.seek(there)
            sink.set_pipelined(pipelined)
            for piece in iter(lambda: self._source.read(_PIECE), b""):
                sink.write(piece)
                gained(len(piece))


def _size(filesystem: Any, path: str) -> int | None:
    """Size of a file or folder; None if it is missing."""
    try:
        return int(filesystem.info(path)["size"])
    except FileNotFoundError:
        return None


def _list(filesystem: Any, folder: str) -> Iterator[str]:
    with suppress(FileNotFoundError):
        for entry in filesystem.ftp.listdir_iter(folder, read_aheads=1):
            yield str(entry.filename).rpartition("/")[2]


def _unlink(filesystem: Any, path: str) -> None:
    try:
        filesystem.ftp.remove(path)
    except FileNotFoundError:
        return


def _remove_folder(filesystem: Any, folder: str) -> None:
    for name in sorted(at_most(_MOST_FILES, _list(filesystem, folder))):
        _unlink(filesystem, f"{folder}/{name}")
    try:
        filesystem.rmdir(folder)
    except FileNotFoundError:
        return
