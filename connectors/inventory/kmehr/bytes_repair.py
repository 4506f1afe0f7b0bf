"""Repair an XML file's bytes before parsing, and map each byte back to its place in the file.

The rules are those of docs/formats/facts.md ("Repairs before parsing"). The output is UTF-8. A sparse map leads offsets of
the repaired stream back to the original file. It holds only the places of changes, and forgets each once it has been passed.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter, deque

import numpy as np

from connectors.inventory.kmehr._wide_text import WideText
from schemas.errors import UnreadableSourceError

_BOM = codecs.BOM_UTF8
_UNMARKED = (b"\x00<", b"<\x00", b"\x00\x00\xfe\xff")  # wide, without a mark for the byte order
_HEAD_BYTES = 1024
_HOLD_BYTES = 48
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]+)[\"']")
_CONTROL = rb"[\x00-\x08\x0b\x0c\x0e-\x1f]"
_REFERENCE = rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
_MULTIBYTE = (
    rb"(?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}"
    rb"|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}"
    rb"|\xf4[\x80-\x8f][\x80-\xbf]{2})"
)
_SUSPECT = re.compile(_CONTROL + rb"|" + _REFERENCE + rb"|\xef\xbf[\xbe\xbf]")
_UTF8_TOKENS = re.compile(
    rb"(?P<control>" + _CONTROL + rb"|" + _REFERENCE + rb")|(?P<non>\xef\xbf[\xbe\xbf])"
    rb"|(?P<good>" + _MULTIBYTE + rb")|(?P<high>[\x80-\xff])"
)
_BYTE_TOKENS = re.compile(rb"(?P<control>" + _CONTROL + rb"|" + _REFERENCE + rb")|(?P<high>[\x80-\xff])")
_SHORT_LEAD = re.compile(rb"(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})\Z")

CONTROL_RULE = "control-character"
CP1252_RULE = "windows-1252-byte"
NONCHARACTER_RULE = "noncharacter"
BOM_RULE = "byte-order-mark"


def _high_bytes(codec: str) -> dict[bytes, bytes] | None:
    """UTF-8 spelling of the bytes 0x80-0xFF of an 8-bit codec; None for other codecs."""
    try:
        plain = bytes(range(0x20, 0x7F)).decode(codec) == bytes(range(0x20, 0x7F)).decode("ascii")
        names = {bytes([b]): bytes([b]).decode(codec, "replace") for b in range(0x80, 0x100)}
    except (LookupError, ValueError):
        return None
    if not plain or any(len(char) != 1 for char in names.values()):
        return None
    if "escape" in codec:
        return None
    if codecs.lookup(codec).name == "cp1252":
        names = {raw: char if char != "\ufffd" else chr(raw[0]) for raw, char in names.items()}
    return {raw: char.encode() for raw, char in names.items() if char != "\ufffd"}


_CP1252 = _high_bytes("cp1252") or {}


def _may_be_suspect(data: bytes) -> bool:
    """Whether to search for suspects at all: these tests cost a small part of the search."""
    if (b"&" in data and b"&#" in data) or (not data.isascii() and b"\xef\xbf" in data):
        return True
    signs = np.frombuffer(data, np.uint8)
    return bool(signs[signs < ord(" ")].tobytes().strip(b"\t\n\r"))


class Repairer:
    """Feed original bytes, receive repaired UTF-8; `origin` leads a repaired offset back to the file."""

    def __init__(self, file: int) -> None:
        self.counts: Counter[str] = Counter()
        self._file = file
        self._carry = b""
        self._started = False
        self._high: dict[bytes, bytes] | None = None  # None: the file is UTF-8
        self._is_iso = False
        self._wide: WideText | None = None
        self._read = 0  # original bytes consumed
        self._written = 0  # repaired bytes returned
        self._bends: deque[tuple[int, int]] = deque([(0, 0)])

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        """Repair the data as far as possible; a few trailing bytes may wait for the next call."""
        if self._wide is not None:
            data = self._wide.feed(data, final=final)
        data = self._carry + data
        self._carry = b""
        if not self._started:
            if len(data) < _HEAD_BYTES and not final:
                self._carry = data
                return b""
            data = self._begin(data, final=final)
        if not final:
            keep = self._settled(data)
            data, self._carry = data[:keep], data[keep:]
        return self._repair(data)

    def origin(self, offset: int) -> int:
        """The original offset of a repaired one. Offsets must be asked for in rising order."""
        bends = self._bends
        while len(bends) > 1 and bends[1][0] <= offset:
            bends.popleft()
        before = bends[0][1] + offset - bends[0][0]
        return before if self._wide is None else self._wide.origin(before)

    def shift(self, begin: int, end: int) -> int | None:
        """The constant that leads each repaired offset of a stretch back to the file; None if there is none."""
        around = [bend for bend in self._bends if bend[0] < end]
        if self._wide is not None or (len(around) > 1 and around[-1][0] > begin):
            return None
        return around[-1][1] - around[-1][0]

    def _begin(self, data: bytes, *, final: bool) -> bytes:
        self._started = True
        if data.startswith(_UNMARKED):
            raise UnreadableSourceError("not_well_formed", file=self._file)
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self.counts[BOM_RULE] += 1
            self._wide = WideText(data[:2], self.counts)
            return self._wide.feed(data[2:], final=final)
        declared = _DECLARED.search(data[:_HEAD_BYTES])
        if declared:
            self._high = self._believed(declared.group(1).decode("ascii"))
        if data.startswith(_BOM):
            self._high = None
        if data.startswith(_BOM):
            self.counts[BOM_RULE] += 1
            self._skip(len(_BOM), b"")
            return data[len(_BOM) :]
        return data

    def _believed(self, name: str) -> dict[bytes, bytes] | None:
        try:
            codec = codecs.lookup(name).name
        except LookupError:
            codec = "unknown"
        if codec in ("utf-8", "ascii"):
            return None
        self._is_iso = codec.startswith("iso8859")
        return _high_bytes(codec)  # None if it is not an 8-bit encoding: read as UTF-8

    def _settled(self, data: bytes) -> int:
        """How much of the data can be judged without the bytes after it."""
        keep = len(data)
        amp = data.rfind(b"&", max(0, keep - _HOLD_BYTES))
        if amp >= 0 and b";" not in data[amp:]:
            keep = amp
        if self._high is None:
            cut = _SHORT_LEAD.search(data, max(0, keep - 3), keep)
            keep = cut.start() if cut else keep
        return keep

    def _repair(self, data: bytes) -> bytes:
        if self._high is None and self._is_clean(data):
            self._read += len(data)
            self._written += len(data)
            return data
        return self._rewrite(data)

    @staticmethod
    def _is_clean(data: bytes) -> bool:
        if _may_be_suspect(data) and _SUSPECT.search(data):
            return False
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return False
        return True

    def _rewrite(self, data: bytes) -> bytes:
        pieces: list[bytes] = []
        tokens = _UTF8_TOKENS if self._high is None else _BYTE_TOKENS
        done = 0
        for token in tokens.finditer(data):
            if token.lastgroup == "good":
                continue
            before = data[done : token.start()]
            self._read += len(before)
            self._written += len(before)
            done = token.end()
            repaired = self._replacement(token.lastgroup or "", token.group())
            self._skip(len(token.group()), repaired)
            pieces += (before, repaired)
        rest = data[done:]
        self._read += len(rest)
        self._written += len(rest)
        return b"".join((*pieces, rest))

    def _replacement(self, what: str, raw: bytes) -> bytes:
        if what == "high":
            if self._high is None:
                self.counts[CP1252_RULE] += 1
                return _CP1252[raw]
            if raw not in self._high or (self._is_iso and raw < b"\xa0"):
                self.counts[CP1252_RULE] += 1
                return _CP1252[raw]
            return self._high[raw]
        self.counts[CONTROL_RULE if what == "control" else NONCHARACTER_RULE] += 1
        return b""

    def _skip(self, original: int, repaired: bytes) -> None:
        self._read += original
        self._written += len(repaired)
        if self._bends[-1][0] == self._written:
            self._bends.pop()
        self._bends.append((self._written, self._read))
