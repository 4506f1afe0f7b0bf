"""Cut an XML stream into stretches of whole folders and of the bytes around them, by the text of the tags alone.

The caller must check whether a stretch is what it seems: inside a comment, for example, it is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PIECE = 1 << 20
"""Bytes held before stretches are returned; a longer folder is held whole."""
_LARGEST = 8 << 20
"""A longer folder is never held whole."""
_BEGIN = re.compile(rb"<folder[ \t\r\n>]")
_END = b"</folder>"
_WHITE = b" \t\r\n"


class Stretch(NamedTuple):
    """Some bytes, and their offset in the stream. `folders`: whole folders, each with white space before it."""

    data: bytes
    begin: int
    folders: bool


class Stretches:
    """Feed bytes, receive stretches: together they are all the bytes, in order."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._begin = 0  # offset in the stream of what is held
        self._searched = 0  # bytes of it already searched for a folder's end
        self._in_large = False

    def feed(self, data: bytes, *, final: bool) -> Iterator[Stretch]:
        """Process the next bytes; with the last ones, nothing is held back."""
        self._held += data
        if len(self._held) >= _PIECE or final:
            while (size := self._next(final=final)) is not None:
                yield self._give(*size)

    def _next(self, *, final: bool) -> tuple[int, bool] | None:
        """Size of the next stretch and whether it consists of folders; None if more bytes are needed."""
        held = self._held
        if self._in_large:
            return self._rest_of_large(final=final)
        found = _BEGIN.search(held)
        if found is None:
            size = len(held) if final else held.rfind(b"<")
            return (size, False) if size > 0 else None
        begin = found.start()
        before = len(held[:begin].rstrip(_WHITE))
        if before:
            return before, False
        end = held.rfind(_END, max(begin, self._searched))
        if end >= 0:
            return end + len(_END), True
        self._searched = max(0, len(held) - len(_END))
        self._in_large = final or len(held) > _LARGEST
        return self._rest_of_large(final=final) if self._in_large else None

    def _rest_of_large(self, *, final: bool) -> tuple[int, bool] | None:
        end = self._held.find(_END)
        if end >= 0:
            self._in_large = end + len(_END) > _PIECE
            return end + len(_END), False
        size = len(self._held) if final else self._held.rfind(b"<")
        if size <= 0 and len(self._held) > _PIECE:
            size = len(self._held) - len(_END)
        return (size, False) if size > 0 else None

    def _give(self, size: int, folders: bool) -> Stretch:
        size = size if folders else min(size, _PIECE)
        stretch = Stretch(bytes(memoryview(self._held)[:size]), self._begin, folders)
        del self._held[:size]
        self._begin += size
        self._searched = 0
        return stretch


def halved(folders: bytes) -> tuple[bytes, bytes] | None:
    """Returns a stretch of folders as two; None if it is a single folder."""
    middle = len(folders) // 2
    end = folders.rfind(_END, 0, middle)
    if end < 0:
        end = folders.find(_END, middle - len(_END) if middle > len(_END) else 0)
    cut = end + len(_END)
    return (folders[:cut], folders[cut:]) if 0 < cut < len(folders) else None
