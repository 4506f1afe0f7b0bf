"""Repairs before parsing: from raw bytes to clean UTF-8 (docs/formats/facts.md, "Repairs").

Real exports contain a BOM before the declaration, windows-1252 bytes under a UTF-8 label and control characters of older
programs. Each repair is counted; nothing else is changed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from connectors.base import Limits
from schemas.errors import LimitExceededError, RepriseError, UnreadableSourceError

CHUNK = 1 << 18
BOM_8 = b"\xef\xbb\xbf"
BOMS_16 = (b"\xff\xfe", b"\xfe\xff")
CONTROLS = bytes(c for c in range(32) if c not in (9, 10, 13))
NONCHARACTERS = re.compile(b"\xef\xbf[\xbe\xbf]")  # U+FFFE, U+FFFF
DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._\-]{1,40})["']""")
REFERENCE = re.compile(rb"&#(?:([0-9]{1,40})|x([0-9A-Fa-f]{1,40}));")
LONGEST_REFERENCE = 48
PRINTABLE = bytes(range(0x20, 0x7F))
HIGH = bytes(range(0x80, 0x100))
FALLBACK = "reprise-windows-1252"


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Read each invalid byte as windows-1252; its five unassigned bytes keep their number."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    text = "".join(_windows_1252(byte) for byte in error.object[error.start : error.end])
    return text, error.end


def _windows_1252(byte: int) -> str:
    return chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes((byte,)).decode("cp1252")


C1 = {byte: _windows_1252(byte) for byte in range(0x80, 0xA0)}
"""Bytes that ISO 8859 does not assign; programs that declare ISO 8859 use them as in windows-1252."""
codecs.register_error(FALLBACK, _as_windows_1252)


def holds(data: bytes, pair: bytes) -> bool:
    """Whether the two bytes occur together. Finding one byte is twenty times as fast as two, and often one does not occur."""
    return pair[:1] in data and pair[1:] in data and pair in data


class Repair:
    """Turns the bytes of one file, piece by piece, into clean UTF-8 without BOM."""

    def __init__(self, head: bytes) -> None:
        self.skip = len(BOM_8) if head.startswith(BOM_8) else 0
        codec = _codec(head)
        self._decoder = codecs.getincrementaldecoder(codec)("replace" if codec == "utf-16" else FALLBACK)
        self._is_wide, self._is_utf_8 = codec == "utf-16", codec == "utf-8"
        self._without_c1 = codec.startswith("iso8859")
        self._held = b""

    def feed(self, piece: bytes, *, final: bool = False) -> bytes:
        """Returns the clean bytes of the next piece; its end may come with the next call."""
        if self.skip:
            cut = min(self.skip, len(piece))
            piece, self.skip = piece[cut:], self.skip - cut
        clean = piece if self._stands_for_itself(piece) else self._as_utf_8(piece, final=final)
        clean = self._held + clean.translate(None, CONTROLS)
        if holds(clean, b"\xef\xbf"):
            clean = NONCHARACTERS.sub(b"", clean)
        self._held = b"" if final else _unfinished_reference(clean)
        if self._held:
            clean = clean[: -len(self._held)]
        return REFERENCE.sub(_without_control, clean) if holds(clean, b"&#") else clean

    def _stands_for_itself(self, piece: bytes) -> bool:
        """Whether the piece passes unchanged: ASCII, in any codec but UTF-16, without an unfinished sign before it."""
        return not self._is_wide and piece.isascii() and self._decoder.getstate()[0] == b""

    def _as_utf_8(self, piece: bytes, *, final: bool) -> bytes:
        if self._is_utf_8 and self._decoder.getstate()[0] == b"" and _is_utf_8(piece):
            return piece
        text = self._decoder.decode(piece, final)
        if self._without_c1:
            text = text.translate(C1)
        return text.encode("utf-8", "surrogatepass")


def _codec(head: bytes) -> str:
    """The codec declared by a file's first bytes; UTF-8 if they declare none that is accepted."""
    if head.startswith(BOM_8):
        return "utf-8"
    if head.startswith(BOMS_16):
        return "utf-16"
    declared = DECLARED.search(head[:1024])
    if declared is None:
        return "utf-8"
    try:
        name = codecs.lookup(declared.group(1).decode("ascii")).name
    except LookupError:
        return "utf-8"
    return name if _is_8_bit(name) else "utf-8"


def _is_8_bit(name: str) -> bool:
    """Whether a codec reads ASCII as ASCII and each further byte as one sign."""
    if name == "ascii" or "escape" in name:
        return False
    try:
        return PRINTABLE.decode(name) == PRINTABLE.decode() and len(HIGH.decode(name, "replace")) == len(HIGH)
    except (LookupError, ValueError):
        return False


def _is_utf_8(piece: bytes) -> bool:
    try:
        piece.decode()
    except UnicodeDecodeError:
        return False
    return True


def _unfinished_reference(clean: bytes) -> bytes:
    start = clean.rfind(b"&", max(0, len(clean) - LONGEST_REFERENCE))
    return b"" if start < 0 or b";" in clean[start:] else clean[start:]


def _without_control(match: re.Match[bytes]) -> bytes:
    code = int(match[1]) if match[1] else int(match[2], 16)
    return b"" if (code < 32 and code not in (9, 10, 13)) or code in (0xFFFE, 0xFFFF) else match[0]


def clean_pieces(stream: BinaryIO, file: int, limits: Limits, size: int = CHUNK) -> Iterator[bytes]:
    """Read a stream to its end as clean UTF-8 pieces. Raises only errors of `schemas.errors`."""
    head = read_piece(stream, size, file)
    repair, total, piece = Repair(head), 0, head
    while piece:
        total += len(piece)
        if total > limits.max_file_bytes:
            raise LimitExceededError("file_bytes", file=file, limit=limits.max_file_bytes)
        yield repair.feed(piece)
        piece = read_piece(stream, size, file)
    yield repair.feed(b"", final=True)


def read_piece(stream: BinaryIO, size: int, file: int) -> bytes:
    """Read up to `size` bytes; an operating system error becomes one of ours, without its text."""
    refusal: RepriseError
    try:
        return stream.read(size)
    except OSError:
        refusal = UnreadableSourceError("source_unreadable", file=file)
    raise refusal
