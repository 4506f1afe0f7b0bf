"""Cut whole folders out of a stream before the parser, each read at once (`_whole`).

The parser receives `<folder NAME=""/>` instead. The name is random for each reading, so that no source can contain it. A
folder is cut out only where the parser is between elements of a message; a folder that `_whole` cannot read passes unchanged.
"""

from __future__ import annotations

import re
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from connectors.sources.kmehr._runs import StrangeFolderError
from connectors.sources.kmehr.bytes import holds
from schemas.errors import UnexplainedUnitError

LARGEST = 8 << 20  # bytes of a folder that is read at once
_BEGIN, _END = b"<folder>", b"</folder>"
_NOTES = re.compile(rb"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_NOTE = re.compile(rb"<[!?]")
_TAIL = 2  # bytes at the end of a piece that may begin a note
_HELD = 64
Whole = TypeVar("Whole")


class FolderCut(Generic[Whole]):
    """Cuts folders out of one file. `read` returns the replacement for a folder's bytes, or raises StrangeFolderError."""

    def __init__(self, read: Callable[[bytes], Whole], largest: int) -> None:
        self.name = f"cut-{secrets.token_hex(8)}"
        self.count = 0
        self._read, self._largest = read, largest
        self._stub = f'<folder {self.name}=""/>'.encode()
        self._cut: deque[Whole] = deque()
        # An unfinished comment, instruction or CDATA section, or bytes that may begin one.
        self._note = b""

    def take(self) -> Whole:
        """Returns the replacement for the folder whose mark the parser has reached; marks come in order."""
        return self._cut.popleft()

    def close(self) -> None:
        """End the file. Raises UnexplainedUnitError if the parser has not reached each mark."""
        if self._cut:
            raise UnexplainedUnitError("folder_not_met", count=len(self._cut))

    def pieces(self, pieces: Iterator[bytes], is_between: Callable[[], bool]) -> Iterator[bytes]:
        """Yield the pieces of the file without the folders that were cut out.

        An empty piece requests that all previous ones be parsed; then `is_between` tells whether the parser is between elements.
        """
        begun: list[bytes] = []  # the unfinished folder
        rest, size = b"", 0  # size of the unfinished folder
        for piece in pieces:
            rest = rest + piece if rest else piece
            while rest:
                if not begun:
                    at = rest.find(_BEGIN)
                    keep = _may_begin(rest) if at < 0 else len(rest) - at
                    yield from self._pass_on(rest[: len(rest) - keep])
                    rest = rest[len(rest) - keep :]
                    if at < 0:
                        break
                    yield b""
                end = _end_in(rest)
                if end < 0 and size + len(rest) <= self._largest:
                    begun.append(rest[: 1 - len(_END)])
                    size += len(begun[-1])
                    rest = rest[1 - len(_END) :]
                    break
                stop = end + len(_END) if end >= 0 else len(rest)
                folder = b"".join([*begun, rest[:stop]])
                begun, rest, size = [], rest[stop:], 0
                yield from self._folder(folder, is_between=is_between())
        yield from self._pass_on(b"".join([*begun, rest]))

    def _folder(self, folder: bytes, *, is_between: bool) -> Iterator[bytes]:
        """Yield a folder's mark, or the folder itself: one that contains another ends later than it seems and is not cut out."""
        if is_between and not _NOTE.match(self._note) and self._may_be_read(folder):
            try:
                self._cut.append(self._read(folder))
            except StrangeFolderError:
                pass
            else:
                self.count += 1
                yield self._stub
                return
        yield from self._pass_on(folder)

    def _may_be_read(self, folder: bytes) -> bool:
        return folder.endswith(_END) and len(folder) <= self._largest

    def _pass_on(self, data: bytes) -> Iterator[bytes]:
        edge = self._note + data[:1]
        if holds(data, b"<!") or holds(data, b"<?") or _NOTE.search(edge):
            # For a note of many pieces, its beginning and its possible end are enough.
            left = _NOTES.sub(b"", self._note + data)
            note = _NOTE.search(left)
            begun = b"" if note is None else left[note.start() :]
            if len(begun) > _HELD:
                begun = begun[: _HELD // 2] + b" " + begun[-_HELD // 2 :]
            self._note = begun or left[-_TAIL:]
        else:
            self._note = data[-_TAIL:] if len(data) >= _TAIL else (self._note + data)[-_TAIL:]
        if data:
            yield data


def _end_in(data: bytes) -> int:
    """Where a folder ends, or -1. Finding the first tag costs next to nothing where a long content has none."""
    tag = data.find(b"<")
    return data.find(_END, tag) if tag >= 0 else -1


def _may_begin(data: bytes) -> int:
    """How many bytes at the end may be the beginning of a folder."""
    at = data.rfind(b"<", max(len(data) - len(_BEGIN) + 1, 0))
    return len(data) - at if at >= 0 and _BEGIN.startswith(data[at:]) else 0
