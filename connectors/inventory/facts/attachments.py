"""Decode and hash the base64 text of a node piece by piece; only small contents are held in memory."""

from __future__ import annotations

import binascii
import hashlib
import re

import pybase64

_WHITE = str.maketrans("", "", " \t\r\n")
_STANDARD = str.maketrans("-_", "+/")
_LABEL = re.compile(r"data:[^,]{0,250};base64,", re.IGNORECASE)
_LONGEST_LABEL = 256
_PIECE = 1 << 16
EXAMINED_BYTES = 4 << 20
"""An attachment up to this size is kept until its end, in case it is a lab message."""
MESSAGE_BYTES = 16 << 20
"""The same where a whole message is delivered: it may hold documents."""


class AttachmentDigest:
    """Hashes the decoded bytes and, in case the text is not base64, the text without white space."""

    def __init__(self, *, examine: bool, most: int = EXAMINED_BYTES) -> None:
        self._most = most
        self._pieces: list[str] = []
        self._waiting = 0
        self._decoded = hashlib.sha256()
        self._raw = hashlib.sha256()
        self._raw_count = 0
        self._count = 0
        self._valid = True
        self._ended = False  # padding was seen: nothing may follow
        self._rest = ""
        self._begun = False  # enough was seen to recognise a data: label
        self._kept: bytearray | None = bytearray() if examine else None

    def feed(self, text: str) -> None:
        """Process the next characters."""
        self._pieces.append(text)
        self._waiting += len(text)
        if self._waiting >= _PIECE:
            self._drain()

    def close(self) -> bool:
        """Process what is still held; returns whether there was anything but white space."""
        self._drain()
        if not self._begun:
            self._begin(final=True)
        if self._rest:
            self._valid = False
        return self._raw_count > 0

    def result(self) -> tuple[str, int]:
        """The hex digest (with the prefix `raw` if the text is not base64) and the number of bytes."""
        if self._valid:
            return self._decoded.hexdigest(), self._count
        return "raw" + self._raw.hexdigest(), self._raw_count

    def content(self) -> bytes | None:
        """The decoded bytes, if they are valid and few enough to be examined."""
        return bytes(self._kept) if self._valid and self._kept is not None else None

    def _drain(self) -> None:
        text = "".join(self._pieces).translate(_WHITE)
        self._pieces.clear()
        self._waiting = 0
        if not text:
            return
        raw = text.encode("utf-8", "surrogatepass")
        self._raw.update(raw)
        self._raw_count += len(raw)
        if not self._begun:
            self._rest += text
            self._begin(final=False)
        elif self._valid:
            self._decode(self._rest + text)

    def _begin(self, *, final: bool) -> None:
        """Remove a `data:` label from the beginning, once it is complete."""
        if not final and "," not in self._rest and len(self._rest) < _LONGEST_LABEL:
            return
        self._begun = True
        label = _LABEL.match(self._rest)
        self._decode(self._rest[label.end() :] if label else self._rest)

    def _decode(self, text: str) -> None:
        text = text.translate(_STANDARD)
        whole = len(text) - len(text) % 4
        self._rest = text[whole:]
        if whole == 0:
            return
        decoded = b"" if self._ended else _strict(text[:whole])
        if not decoded:
            self._valid = False
            self._kept = None
            return
        self._ended = text[whole - 1] == "="
        self._decoded.update(decoded)
        self._count += len(decoded)
        self._keep(decoded)

    def _keep(self, decoded: bytes) -> None:
        if self._kept is None:
            return
        if self._count > self._most:
            self._kept = None
        else:
            self._kept += decoded


def _strict(text: str) -> bytes:
    """The decoded bytes; empty if a character or the padding is wrong."""
    try:
        return pybase64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return b""
