"""Whole folders taken out of a stream on its way to the parser, each read at once (`kmehr_whole`).

To the parser goes `<folder NAME=""/>` in its place, under a name drawn for the reading, so that no source can write it. A
folder is cut out only where the parser stands between elements of a message; one that this way does not know goes on as it is.
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
    """Cuts folders out of one file. `read` makes of a folder's bytes what stands for it; it may raise StrangeFolderError."""

    def __init__(self, read: Callable[[bytes], Whole], largest: int) -> None:
        self.name = f"cut-{secrets.token_hex(8)}"
        self.count = 0
        self._read, self._largest = read, largest
        self._stub = f'<folder {self.name}=""/>'.encode()
        self._cut: deque[Whole] = deque()
        # A comment, an instruction or a CDATA section that has not ended, or what may begin one.
        self._note = b""

    def take(self) -> Whole:
        """What stands for the folder whose mark the parser has come to: they come in their order."""
        return self._cut.popleft()

    def close(self) -> None:
        """The file has ended. Raises UnexplainedUnitError where the parser has not come to each mark."""
        if self._cut:
            raise UnexplainedUnitError("folder_not_met", count=len(self._cut))

    def pieces(self, pieces: Iterator[bytes], is_between: Callable[[], bool]) -> Iterator[bytes]:
        """The pieces of the file without the folders that were cut out.

        An empty piece asks to parse all that was given; then `is_between` says where the parser stands.
        """
        begun: list[bytes] = []  # a folder so far
        rest, size = b"", 0  # of what has begun
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
                end = rest.find(_END)
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
        """The mark of a folder, or the folder itself. One with another in it ends later than it seems: it goes on too."""
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
            # Of a note that goes on over many pieces what it begins with is enough, and how it may end.
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


def _may_begin(data: bytes) -> int:
    """How many bytes at the end may be the beginning of a folder."""
    at = data.rfind(b"<", max(len(data) - len(_BEGIN) + 1, 0))
    return len(data) - at if at >= 0 and _BEGIN.startswith(data[at:]) else 0
