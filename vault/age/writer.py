"""Writes an age v1 file as its plain bytes come, in constant memory, as fast as its cipher.

Source: the age file encryption format (C2SP, age.md). The header has an X25519 stanza for each recipient; the payload is STREAM,
as `vault.age.reader` opens it: chunks of 64 KiB, each sealed with its number and with a mark on the last.
"""

from __future__ import annotations

import hmac
import os
from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from vault.age.bech32 import decode
from vault.age.header import FILE_KEY_BYTES, INTRO, X25519, X25519_INFO, ZERO_NONCE, hkdf
from vault.age.reader import CHUNK_BYTES, NONCE_BYTES, SEALED_CHUNK_BYTES, TAG_BYTES, chunk_nonce

_CHUNKS_PER_BUFFER = 16
"""The number of chunks that are sealed before the sink is called: few calls, and at most 1 MiB in memory."""


class AgeWriter:
    """Seals the bytes written to it and passes them to a sink, which must not keep the views that it receives.

    A file that was not closed has no last chunk, so no reader accepts it as complete. Each method raises what the sink raises.
    """

    def __init__(self, recipients: Sequence[bytes], sink: Callable[[bytes | memoryview], object]) -> None:
        file_key, nonce = os.urandom(FILE_KEY_BYTES), os.urandom(NONCE_BYTES)
        sink(make_header(recipients, file_key) + nonce)
        self._cipher, self._sink = ChaCha20Poly1305(hkdf(file_key, nonce, b"payload")), sink
        self._held, self._number = bytearray(), 0
        self._sealed = memoryview(bytearray(_CHUNKS_PER_BUFFER * SEALED_CHUNK_BYTES))

    def __repr__(self) -> str:
        return "AgeWriter()"

    def write(self, piece: bytes | bytearray | memoryview) -> int:
        """Seal the next plain bytes. Return their number: all are accepted."""
        rest = memoryview(piece)
        if self._held:
            missing = CHUNK_BYTES - len(self._held)
            self._held += rest[:missing]
            rest = rest[missing:]
            if not rest:
                return len(piece)
            self._seal([self._held])
        ready = (
            max(0, len(rest) - 1) // CHUNK_BYTES
        )  # hold back at least one byte: the last chunk must not be empty
        for first in range(0, ready, _CHUNKS_PER_BUFFER):
            numbers = range(first, min(first + _CHUNKS_PER_BUFFER, ready))
            self._seal([rest[number * CHUNK_BYTES : (number + 1) * CHUNK_BYTES] for number in numbers])
        self._held = bytearray(rest[ready * CHUNK_BYTES :])
        return len(piece)

    def close(self) -> None:
        """Seal the last chunk, which is empty only if nothing was written."""
        self._seal([self._held], last=True)
        self._held = bytearray()

    def _seal(self, chunks: Sequence[bytearray | memoryview], *, last: bool = False) -> None:
        size = 0
        for chunk in chunks:
            nonce = chunk_nonce(self._number, last=last)
            size += self._cipher.encrypt_into(
                nonce, chunk, None, self._sealed[size : size + len(chunk) + TAG_BYTES]
            )
            self._number += 1
        self._sink(self._sealed[:size])


def read_recipient(text: str) -> bytes | None:
    """Return the X25519 public key in an age recipient, or None if the text holds no usable key."""
    key = decode("age", text)
    if key is None or len(key) != 32:
        return None
    try:
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(key))
    except ValueError:  # a key of low order: anyone could open what is sealed to it
        return None
    return key


def make_header(recipients: Sequence[bytes], file_key: bytes) -> bytes:
    """Return the header from which each of these X25519 keys can obtain the file key."""
    lines = [INTRO]
    for recipient in recipients:
        share, body = _wrap(recipient, file_key)
        lines += [b"-> " + X25519 + b" " + _unpadded(share), _unpadded(body)]
    covered = b"\n".join([*lines, b"---"])
    mac = hmac.new(hkdf(file_key, b"", b"header"), covered, sha256).digest()
    return covered + b" " + _unpadded(mac) + b"\n"


def _wrap(recipient: bytes, file_key: bytes) -> tuple[bytes, bytes]:
    """Return the share of an ephemeral key, and the file key, sealed to the recipient with that ephemeral key."""
    private = X25519PrivateKey.generate()
    share = private.public_key().public_bytes_raw()
    shared = private.exchange(X25519PublicKey.from_public_bytes(recipient))
    key = hkdf(shared, share + recipient, X25519_INFO)
    return share, ChaCha20Poly1305(key).encrypt(ZERO_NONCE, file_key, None)


def _unpadded(data: bytes) -> bytes:
    return b64encode(data).rstrip(b"=")
