"""The lines of a flat file, their ends kept: CR LF, LF or CR, in 8-bit encodings and in UTF-16 with and without a mark."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BufferedIOBase

from connectors.sources.sniffing import LINE_BYTES, plain
from schemas.errors import LimitExceededError, RepriseError, UnreadableSourceError

HELD_BYTES = 64 << 20
"""A longer message, or file in UTF-16, is not read at all, because it is held in memory while it is read."""
_LOOKED_AT = 256
_PIECE = 1 << 16
_ENDS = re.compile(r"(?<=\n)|(?<=\r)(?!\n)")


def wide_codec(data: bytes) -> str | None:
    """`utf-16-le` or `utf-16-be` if the bytes are that, with its mark or told by their zero bytes; else None.

    One surplus byte at the end does not count.
    """
    codec = _marked(data[:_LOOKED_AT])
    return codec if codec and _is_sound(data[: len(data) & ~1], codec) else None


def _marked(head: bytes) -> str | None:
    if head.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if head.startswith(b"\xfe\xff"):
        return "utf-16-be"
    pairs = len(head) // 2
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd * 2 > pairs and even * 8 < pairs:
        return "utf-16-le"
    return "utf-16-be" if even * 2 > pairs and odd * 8 < pairs else None


def _is_sound(data: bytes, codec: str) -> bool:
    try:
        return data.decode(codec, "surrogatepass").encode(codec, "surrogatepass") == data
    except UnicodeError:
        return False


def wide_text(data: bytes, codec: str) -> str:
    """The text of UTF-16, without its mark; a surplus byte at the end is U+FFFD."""
    text = data[: len(data) & ~1].decode(codec, "surrogatepass").removeprefix("\ufeff")
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text + "\ufffd" * (len(data) & 1)


def cut_lines(data: bytes) -> list[bytes]:
    """The lines of these bytes; joined they equal them."""
    codec = wide_codec(data)
    if codec is None:
        return data.splitlines(keepends=True)
    text = data[: len(data) & ~1].decode(codec, "surrogatepass")
    lines = [line.encode(codec, "surrogatepass") for line in _ENDS.split(text) if line]
    if len(data) & 1 and (not lines or text.endswith(("\n", "\r"))):
        lines.append(data[-1:])
    elif len(data) & 1:
        lines[-1] += data[-1:]
    return lines


def stream_lines(stream: BufferedIOBase, file: int, begins: Callable[[str], bool]) -> Iterator[bytes]:
    """Yield the lines of a file. Raises LimitExceededError: see HELD_BYTES; `begins` tells the lines that begin a message."""
    first = _read(stream, file)
    if _marked(first[:_LOOKED_AT]) is not None:
        yield from cut_lines(_whole(stream, first, file))
        return
    begun, since_start, length, piece = list[bytes](), 0, 0, first
    while True:
        ends = not piece or b"\n" in piece or b"\r" in piece or (begun and begun[-1].endswith(b"\r"))
        begun.append(piece)
        length += len(piece)
        # Joined only when a line ends, so that a line of many pieces is searched once.
        lines = b"".join(begun).splitlines(keepends=True) if ends else []
        if ends:
            # The last line may continue, and the LF of a CR may be in the next piece.
            begun = [lines.pop()] if piece and lines else []
            length = sum(map(len, begun))
        for line in lines:
            since_start = 0 if begins(plain(line[:LINE_BYTES])) else since_start + len(line)
            if since_start > HELD_BYTES:
                raise LimitExceededError("message_too_large", file=file, limit=HELD_BYTES)
            yield line
        if length > HELD_BYTES:
            raise LimitExceededError("message_too_large", file=file, limit=HELD_BYTES)
        if not piece:
            return
        piece = _read(stream, file)


def _whole(stream: BufferedIOBase, first: bytes, file: int) -> bytes:
    pieces, length = [first], len(first)
    while piece := _read(stream, file):
        pieces.append(piece)
        length += len(piece)
        if length > HELD_BYTES:
            raise LimitExceededError("message_too_large", file=file, limit=HELD_BYTES)
    return b"".join(pieces)


def _read(stream: BufferedIOBase, file: int) -> bytes:
    refusal: RepriseError
    try:
        return stream.read(_PIECE)
    except OSError:
        refusal = UnreadableSourceError("source_unreadable", file=file)
    raise refusal


def split_text(text: str) -> list[str]:
    """Split at CR LF, LF or CR; form feeds and other separators are part of a line."""
    lines = re.split(r"\r\n|\n|\r", text)
    return lines[:-1] if lines and not lines[-1] else lines
