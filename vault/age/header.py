"""The header of an age v1 file: parsed strictly, and opened with an X25519 secret.

Source: the age file encryption format (C2SP, age.md). `read_header` refuses a header of which any byte departs from the format.
`open_header` checks the MAC, which takes the file key; it refuses a header that the MAC does not cover.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.errors import SealedSourceError

INTRO = b"age-encryption.org/v1"
ARMOUR = b"-----BEGIN AGE ENCRYPTED FILE-----"
MAX_HEADER_BYTES = 64 << 10
"""A stanza takes about 100 bytes, so headers for hundreds of recipients are read; a header without an end is refused."""
FILE_KEY_BYTES = 16
ZERO_NONCE = bytes(12)
"""The nonce with which a file key is sealed. It may be constant, because each sealing has a key of its own."""
X25519, X25519_INFO = b"X25519", b"age-encryption.org/v1/X25519"
_FULL_LINE_CHARACTERS = 64
"""A shorter line ends the body of a stanza."""
_ARGUMENT = re.compile(rb"[\x21-\x7e]+")
_GREASE = b"-grease"  # ends the name of a stanza that holds no file key (GREASE): writers add some, readers ignore them


@dataclass(frozen=True)
class Stanza:
    """A stanza of a header: for one recipient, with the file key sealed to that recipient, or GREASE, without a file key."""

    arguments: tuple[bytes, ...]
    body: bytes


@dataclass(frozen=True)
class AgeHeader:
    """The part of a file before its payload. No field can be trusted before `open_header` has checked the MAC."""

    stanzas: tuple[Stanza, ...]
    covered: bytes  # all bytes that the MAC covers
    mac: bytes
    size: int  # in bytes, with the last line feed

    @property
    def one_key_only(self) -> bool:
        """Return whether the file has exactly one recipient, an X25519 key. GREASE stanzas do not count."""
        recipients = [stanza for stanza in self.stanzas if not stanza.arguments[0].endswith(_GREASE)]
        return [stanza.arguments[0] for stanza in recipients] == [X25519]


def read_header(stream: BinaryIO) -> AgeHeader:
    """Read a header from the start of a stream, without a check of the MAC.

    Raises SealedSourceError: sealed_armoured (use plain `age`, without --armor), sealed_header_malformed.
    """
    head = stream.read(MAX_HEADER_BYTES)
    if head.startswith(ARMOUR):
        raise SealedSourceError("sealed_armoured")
    lines = _Lines(head)
    if lines.next() != INTRO:
        raise SealedSourceError("sealed_header_malformed")
    stanzas: list[Stanza] = []
    while (line := lines.next()).startswith(b"-> "):
        stanzas.append(_stanza(line, lines))
    mark, _, mac = line.partition(b" ")
    if mark != b"---" or not stanzas:
        raise SealedSourceError("sealed_header_malformed")
    covered = head[: lines.offset - len(mac) - 2]
    return AgeHeader(tuple(stanzas), covered, _unpadded(mac, 32), lines.offset)


class _Lines:
    """The lines of a header, each ended by a line feed."""

    def __init__(self, head: bytes) -> None:
        self._head, self.offset = head, 0

    def next(self) -> bytes:
        end = self._head.find(b"\n", self.offset)
        if end < 0:
            raise SealedSourceError("sealed_header_malformed")
        line, self.offset = self._head[self.offset : end], end + 1
        return line


def _stanza(line: bytes, lines: _Lines) -> Stanza:
    arguments = tuple(line[3:].split(b" "))
    if not all(_ARGUMENT.fullmatch(argument) for argument in arguments):
        raise SealedSourceError("sealed_header_malformed")
    body = b""
    while len(piece := lines.next()) == _FULL_LINE_CHARACTERS:
        body += _unpadded(piece, 48)
    if len(piece) > _FULL_LINE_CHARACTERS:
        raise SealedSourceError("sealed_header_malformed")
    return Stanza(arguments, body + _unpadded(piece))


def _unpadded(text: bytes, size: int | None = None) -> bytes:
    """Decode canonical base64 without padding, of `size` bytes when decoded. Raises SealedSourceError for any other text."""
    try:
        data = b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except ValueError:
        data = b""
    if b64encode(data).rstrip(b"=") != text or (size is not None and len(data) != size):
        raise SealedSourceError("sealed_header_malformed")
    return data


def open_header(header: AgeHeader, secret: bytes) -> bytes | None:
    """Return the file key if the X25519 secret opens a stanza and the MAC covers the header; None if it opens no stanza.

    Raises SealedSourceError: sealed_header_malformed (an X25519 stanza breaks the format), sealed_altered (the header is not what
    the sender wrote).
    """
    private = X25519PrivateKey.from_private_bytes(secret)
    for stanza in header.stanzas:
        if stanza.arguments[0] == X25519:
            file_key = _unwrap(stanza, private)
            if file_key is not None:
                _check_mac(header, file_key)
                return file_key
    return None


def _unwrap(stanza: Stanza, private: X25519PrivateKey) -> bytes | None:
    if len(stanza.arguments) != 2 or len(stanza.body) != FILE_KEY_BYTES + 16:
        raise SealedSourceError("sealed_header_malformed")
    share = _unpadded(stanza.arguments[1], 32)
    own_public = private.public_key().public_bytes_raw()
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(share))
        key = hkdf(shared, share + own_public, X25519_INFO)
        return ChaCha20Poly1305(key).decrypt(ZERO_NONCE, stanza.body, None)
    except (InvalidTag, ValueError):  # another recipient's stanza, or a share of low order
        return None


def _check_mac(header: AgeHeader, file_key: bytes) -> None:
    expected = hmac.new(hkdf(file_key, b"", b"header"), header.covered, sha256).digest()
    if not hmac.compare_digest(expected, header.mac):
        raise SealedSourceError("sealed_altered")


def hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    """Derive a key of 32 bytes (HKDF-SHA-256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(key)
