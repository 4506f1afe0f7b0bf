"""Writes a zip as a stream, without seeking in the sink: members deflated by ISA-L, in constant memory.

Source: the ZIP file format specification (APPNOTE 6.3.10): 4.3.7 local header, 4.3.9 data descriptor (sizes follow the data, 8
bytes each: 4.3.9.2), 4.3.12 directory, 4.3.14 to 4.3.16 end records, 4.5.3 fields beyond 4 GiB.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from isal import isal_zlib

_LEVEL = 1  # ISA-L's own scale, 0 to 3: on records no larger than zlib's 1, at a tenth of its cost
_DEFLATED, _SIZES_FOLLOW, _UTF8 = 8, 1 << 3, 1 << 11
_VERSION, _UNIX = 45, 3 << 8  # 4.5: sizes of 8 bytes
_MODE = 0o100600 << 16
_DAY = 33  # 1980-01-01, a zip's earliest day: a package reveals no creation times
_MOST, _MOST_MEMBERS = 0xFFFFFFFF, 0xFFFF
_LOCAL = struct.Struct("<4s5H3L2H")
_DESCRIPTOR = struct.Struct("<4sL2Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END, _END64, _LOCATOR = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_SIZES_OF_8_BYTES = struct.pack("<2H2Q", 1, 16, 0, 0)


@dataclass(frozen=True)
class Member:
    """A member as listed in the directory."""

    name: bytes
    crc: int
    packed: int
    size: int
    offset: int


class ZipStream:
    """Writes members one after the other to `sink`, and the directory when it is closed."""

    def __init__(self, sink: Callable[[bytes], object]) -> None:
        self._sink, self._offset = sink, 0
        self._members: list[Member] = []

    def _put(self, piece: bytes) -> None:
        self._sink(piece)
        self._offset += len(piece)

    @contextmanager
    def member(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Open a member; yields the callable that takes its bytes."""
        packer = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -15)
        start, spelt = self._offset, name.encode()
        self._put(_local(spelt))
        begin, crc, size = self._offset, 0, 0

        def emit(piece: bytes) -> None:
            nonlocal crc, size
            crc, size = isal_zlib.crc32(piece, crc), size + len(piece)
            self._put(packer.compress(piece))

        yield emit
        self._put(packer.flush())
        packed = self._offset - begin
        self._put(_DESCRIPTOR.pack(b"PK\7\10", crc, packed, size))
        self._members.append(Member(spelt, crc, packed, size, start))

    def close(self) -> None:
        """Write the directory."""
        start = self._offset
        for member in self._members:
            self._put(_central(member))
        self._put(_ends(len(self._members), self._offset - start, start))


def _flags(name: bytes) -> int:
    return _SIZES_FOLLOW | (0 if name.isascii() else _UTF8)


def _local(name: bytes) -> bytes:
    sizes = (0, _MOST, _MOST, len(name), len(_SIZES_OF_8_BYTES))
    head = _LOCAL.pack(b"PK\3\4", _VERSION, _flags(name), _DEFLATED, 0, _DAY, *sizes)
    return head + name + _SIZES_OF_8_BYTES


def _central(member: Member) -> bytes:
    numbers = (member.size, member.packed, member.offset)
    beyond = [number for number in numbers if number >= _MOST]
    extra = struct.pack(f"<2H{len(beyond)}Q", 1, 8 * len(beyond), *beyond) if beyond else b""
    size, packed, offset = (min(number, _MOST) for number in numbers)
    head = _CENTRAL.pack(
        b"PK\1\2", _UNIX | _VERSION, _VERSION, _flags(member.name), _DEFLATED, 0, _DAY, member.crc, packed, size,
        len(member.name), len(extra), 0, 0, 0, _MODE, offset,
    )  # fmt: skip
    return head + member.name + extra


def _ends(members: int, size: int, start: int) -> bytes:
    end = _END.pack(
        b"PK\5\6", 0, 0, *[min(members, _MOST_MEMBERS)] * 2, min(size, _MOST), min(start, _MOST), 0
    )
    if members < _MOST_MEMBERS and size < _MOST and start < _MOST:
        return end
    end64 = _END64.pack(
        b"PK\6\6", _END64.size - 12, _UNIX | _VERSION, _VERSION, 0, 0, members, members, size, start
    )
    return end64 + _LOCATOR.pack(b"PK\6\7", 0, start + size, 1) + end
