"""Convert UTF-16 with a byte order mark to UTF-8, and map UTF-8 offsets back to the file."""

from __future__ import annotations

import codecs
from collections import Counter, deque

LONE_SURROGATE_RULE = "lone-surrogate"
_HIGH = range(0xD800, 0xDC00)
_SURROGATES = range(0xD800, 0xE000)


class WideText:
    """Feed the bytes after the mark. A lone surrogate or an extra byte at the end becomes U+FFFD and is counted."""

    def __init__(self, mark: bytes, counts: Counter[str]) -> None:
        self._codec = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"
        self._last = 1 if mark == codecs.BOM_UTF16_LE else 0  # index of the more significant byte of two
        self._counts = counts
        self._carry = b""
        self._read = len(mark)
        self._written = 0
        self._bends: deque[tuple[int, int]] = deque(
            [(0, len(mark))]
        )  # start of each character in the input and the output

    def feed(self, data: bytes, *, final: bool) -> bytes:
        """Convert to UTF-8 as far as possible; an incomplete character waits."""
        data = self._carry + data
        whole = len(data) & ~1
        if not final and whole and int(data[whole - 2 + self._last]) << 8 in _HIGH:
            whole -= 2
        data, self._carry = data[:whole], data[whole:]
        pieces = [self._spelt(char) for char in data.decode(self._codec, "surrogatepass")]
        if final and self._carry:
            pieces.append(self._replaced(len(self._carry)))
            self._carry = b""
        return b"".join(pieces)

    def origin(self, offset: int) -> int:
        """The offset in the file. Offsets must be asked for in rising order, at beginnings of characters."""
        bends = self._bends
        while len(bends) > 1 and bends[1][0] <= offset:
            bends.popleft()
        return bends[0][1]

    def _spelt(self, char: str) -> bytes:
        code = ord(char)
        if code in _SURROGATES:
            return self._replaced(2)
        return self._note(char.encode(), 4 if code > 0xFFFF else 2)

    def _replaced(self, size: int) -> bytes:
        self._counts[LONE_SURROGATE_RULE] += 1
        return self._note("\ufffd".encode(), size)

    def _note(self, spelt: bytes, size: int) -> bytes:
        self._read += size
        self._written += len(spelt)
        self._bends.append((self._written, self._read))
        return spelt
