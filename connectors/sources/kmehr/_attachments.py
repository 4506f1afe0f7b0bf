"""Attachments: decode base64 in pieces as it arrives."""

from __future__ import annotations

import binascii
import hashlib
import re

import pybase64

from connectors.media_types import HEAD_BYTES
from schemas.tables import CHUNK_BYTES

HELD_BYTES = 8 << 20
"""An attachment up to this size is held until its end, so that invalid base64 is kept verbatim."""
SPACE = b" \t\r\n"
URL_SAFE = bytes.maketrans(b"-_", b"+/")
DATA_URL = re.compile(rb"data:[^,]{0,250};base64,", re.IGNORECASE)  # RFC 2397
DATA = b"data:"
LONGEST_LABEL = 256


class Attachment:
    """One attachment while its text arrives. `take()` returns the pieces that are ready to be staged."""

    def __init__(self) -> None:
        self.size = 0  # decoded bytes
        self.head = b""
        self.invalid = False
        self._digest = hashlib.sha256()
        self._pending = bytearray()
        self._raw: list[bytes] | None = []  # the text so far, until it is long
        self._raw_size = 0
        self._carry = b""
        self._padded = False
        self._label: bytes | None = b""  # the beginning, until it is known whether it is a data: URL

    def feed(self, text: str) -> None:
        """Process the next piece of the element's text."""
        data = text.encode("utf-8")
        if self.invalid:
            self._pending += data
            return
        self._remember(data)
        if self._take_plain(data):
            return
        data = data.translate(URL_SAFE, SPACE)
        if self._label is not None:
            data = self._without_label(self._label + data)
        data = self._carry + data
        whole = len(data) & ~3
        self._carry = data[whole:]
        self._decode(data[:whole])

    def _take_plain(self, data: bytes) -> bool:
        """Take whole groups of base64 without white space and label, as most contents are, as they came."""
        if self._carry or self._label or self._padded or len(data) < LONGEST_LABEL or data.endswith(b"==="):
            return False
        try:
            decoded = pybase64.b64decode(data, validate=True)
        except binascii.Error:
            return False
        self._label = None
        self._keep(decoded, data)
        return True

    def _without_label(self, data: bytes, *, last: bool = False) -> bytes:
        """The data after a `data:` label; empty until it is known whether there is one."""
        begins = data[: len(DATA)].lower() == DATA
        may_begin = DATA.startswith(data[: len(DATA)].lower())
        if not last and (may_begin or begins) and b"," not in data and len(data) < LONGEST_LABEL:
            self._label = data
            return b""
        self._label = None
        label = DATA_URL.match(data) if begins else None
        return data[label.end() :] if label else data

    def _remember(self, data: bytes) -> None:
        if self._raw is None:
            return
        self._raw.append(data)
        self._raw_size += len(data)
        if self._raw_size > HELD_BYTES:
            self._raw = None

    def _decode(self, data: bytes) -> None:
        if not data:
            return
        try:
            excess = self._padded or data.endswith(
                b"==="
            )  # padding ended an earlier piece; the decoder sees this piece only
            decoded = b"" if excess else pybase64.b64decode(data, validate=True)
        except binascii.Error:
            decoded = b""
        if not decoded:
            self._spoil(data)
            return
        self._keep(decoded, data)

    def _keep(self, decoded: bytes, data: bytes) -> None:
        self._padded = data.endswith(b"=")
        self.size += len(decoded)
        self._digest.update(decoded)
        self._pending += decoded
        if len(self.head) < HEAD_BYTES:
            self.head += decoded[: HEAD_BYTES - len(self.head)]

    def _spoil(self, data: bytes) -> None:
        """Treat the text as invalid base64: keep it from its start, unless pieces have already been returned."""
        self.invalid = True
        if self._raw is None:
            self._pending += data + self._carry
        else:
            self._pending = bytearray(b"".join(self._raw))
        self._raw, self._carry = None, b""

    def spoil(self) -> None:
        """Mark the attachment as undecodable because it holds something other than text."""
        if not self.invalid:
            self._spoil(b"")

    def close(self) -> None:
        """End the element."""
        if self._label and not self.invalid:
            rest = self._without_label(self._label, last=True)
            self._carry = rest[len(rest) & ~3 :]
            self._decode(rest[: len(rest) & ~3])
        if not self.invalid and (self._carry or not self.size):
            self._spoil(b"")
        self._raw = None

    def take(self, *, last: bool = False) -> list[bytes]:
        """Returns the pieces that may be staged now."""
        if self._raw is not None:
            return []
        pieces = []
        while len(self._pending) >= CHUNK_BYTES or (last and self._pending):
            pieces.append(bytes(self._pending[:CHUNK_BYTES]))
            del self._pending[:CHUNK_BYTES]
        return pieces

    @property
    def sha256(self) -> bytes:
        """SHA-256 of the decoded bytes."""
        return self._digest.digest()
