"""The payload of an age v1 file as a seekable stream, in constant memory.

The payload is STREAM: chunks of 64 KiB, each sealed with its number and with a mark on the last. The reader opens the last chunk
first, so that the length used by a seek from the end is authenticated. It authenticates every chunk before it returns any byte of
that chunk.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import BinaryIO, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from schemas.errors import SealedSourceError
from vault.age.header import AgeHeader, hkdf

CHUNK_BYTES = 64 << 10
TAG_BYTES, NONCE_BYTES = 16, 16
SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES


def chunk_nonce(number: int, *, last: bool) -> bytes:
    """Return the nonce of a chunk: its number, and the mark of the last chunk."""
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


class AgePayload:
    """A sealed payload whose file key is known: gives its plain size in bytes, and opens any number of plain streams over it."""

    def __init__(self, header: AgeHeader, file_key: bytes, reopen: Callable[[], BinaryIO]) -> None:
        self._header, self._file_key, self._reopen = header, file_key, reopen
        with self.open() as stream:
            self.size = stream.seek(0, os.SEEK_END)

    def __repr__(self) -> str:
        return "AgePayload()"

    def open(self) -> BinaryIO:
        """Open a new stream at the start. Raises SealedSourceError: sealed_altered, sealed_cut_short."""
        sealed = self._reopen()
        try:
            return io.BufferedReader(_Plain(sealed, self._header.size, self._file_key), CHUNK_BYTES)
        except BaseException:
            sealed.close()
            raise


class _Plain(io.RawIOBase):
    """The plain bytes of a payload. A read raises SealedSourceError for a chunk that the sender did not seal at that place."""

    def __init__(self, sealed: BinaryIO, start: int, file_key: bytes) -> None:
        self._sealed, self._start, self._offset = sealed, start + NONCE_BYTES, 0
        end = sealed.seek(0, os.SEEK_END)
        sealed.seek(start)
        nonce = sealed.read(NONCE_BYTES)
        if len(nonce) < NONCE_BYTES or end - self._start < TAG_BYTES:
            raise SealedSourceError("sealed_cut_short")
        self._cipher = ChaCha20Poly1305(hkdf(file_key, nonce, b"payload"))
        self._last = (end - self._start - 1) // SEALED_CHUNK_BYTES
        self._held, self._chunk = -1, b""
        rest = len(self._open_chunk(self._last))
        if not rest and self._last:
            raise SealedSourceError("sealed_altered")  # only an empty file may end with an empty chunk
        self._size = self._last * CHUNK_BYTES + rest

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._offset

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._offset, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("seek before the start")
        self._offset = base + offset
        return self._offset

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer)).cast("B")
        if self._offset >= self._size:
            return 0
        number, within = divmod(self._offset, CHUNK_BYTES)
        piece = memoryview(self._open_chunk(number))[within : within + len(view)]
        view[: len(piece)] = piece
        self._offset += len(piece)
        return len(piece)

    def close(self) -> None:
        self._sealed.close()
        self._chunk = b""
        super().close()

    def _open_chunk(self, number: int) -> bytes:
        if number != self._held:
            self._chunk = self._authenticated(number)
            self._held = number
        return self._chunk

    def _authenticated(self, number: int) -> bytes:
        self._sealed.seek(self._start + number * SEALED_CHUNK_BYTES)
        sealed = self._sealed.read(SEALED_CHUNK_BYTES)
        try:
            return self._cipher.decrypt(chunk_nonce(number, last=number == self._last), sealed, None)
        except InvalidTag:
            pass
        raise SealedSourceError("sealed_altered")
