"""Zip files as sources. The directory is checked before anything is read, and each member again while it is read.

A zip's directory is only a claim by its author. Names that leave their folder, links, encryption, overlapping members and
impossible ratios are refused at once. A member that is longer than claimed is cut off.
"""

from __future__ import annotations

import copy
import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from typing import BinaryIO, cast

from connectors.base import Limits, Listed, Opener
from schemas.errors import (
    LimitExceededError,
    RepriseError,
    SourceError,
    UnreadableSourceError,
    UnsafeSourceError,
)
from schemas.sensitive import Sensitive

RATIO_FLOOR = 1 << 20
"""No ratio is checked below this many bytes: a page of blanks compresses a thousandfold."""
LOCAL_HEADER = 30  # bytes before a member's name, APPNOTE.TXT 4.3.7
ENTRY = struct.Struct("<28xHHH12x")  # of the directory; the fields are the lengths of what follows: 4.3.12
END = struct.Struct("<12xI6x")  # 4.3.16: the size of the directory
WIDE_END = struct.Struct("<40xQ8x")  # 4.3.14: the same, in a record before END
LOCATOR = 20  # bytes of the record between the two, 4.3.15
END_REACH = 1 << 17  # covers the records at the end with the longest comment
DIRECTORY_BYTES = 128 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What programs that make exports use; the others of Python's zipfile take memory as the archive says."""
DRIVE = re.compile(r"[A-Za-z]:")


def open_archive(
    opener: Opener, limits: Limits, again: Callable[[], zipfile.ZipFile] | None = None
) -> list[Listed]:
    """List the regular members of a zip, in the order of its directory; `opener` returns seekable streams.

    `again` returns the open archive when a member is read; without it, the archive stays open as long as a member is known.
    Raises UnreadableSourceError, UnsafeSourceError, LimitExceededError.
    """
    _check_count(opener, limits)
    archive = read_directory(opener()) if again is None else again()
    again = again or (lambda: archive)
    members = [info for info in archive.infolist() if not info.is_dir()]
    if not members:
        raise UnreadableSourceError("source_empty")
    if len(members) > limits.max_files:
        raise LimitExceededError("files", count=len(members), limit=limits.max_files)
    for info in archive.infolist():
        _check_name(info)
    for ordinal, info in enumerate(members, 1):
        _check_member(info, ordinal, limits)
    _check_overlap(members)
    total = sum(info.file_size for info in members)
    if total > limits.max_zip_bytes:
        raise LimitExceededError("zip_bytes", bytes=total, limit=limits.max_zip_bytes)
    return [
        Listed(partial(_member, again, info, limits), info.file_size, Sensitive(info.filename))
        for info in members
    ]


def _member(
    again: Callable[[], zipfile.ZipFile], info: zipfile.ZipInfo, limits: Limits, ordinal: int
) -> Opener:
    return lambda: _open(again(), info, ordinal, limits)


def _check_count(opener: Opener, limits: Limits) -> None:
    """Allow twice as many entries as files, because a folder is an entry too. Raises LimitExceededError."""
    with opener() as stream:
        if holds_more_than(stream, 2 * limits.max_files):
            raise LimitExceededError("files", limit=limits.max_files)


def holds_more_than(stream: BinaryIO, entries: int) -> bool:
    """Whether a zip's directory has more entries than this, or more than DIRECTORY_BYTES; counts them without holding them all.

    A directory that is missing or malformed is left to the reader of the archive.
    """
    place = _place_of_directory(stream)
    if place is None:
        return False
    start, size = place
    stream.seek(start)
    reader = io.BufferedReader(cast("io.RawIOBase", stream), 1 << 16)
    count = passed = 0
    try:
        while passed < size and count <= entries and passed <= DIRECTORY_BYTES:
            entry = reader.read(ENTRY.size)
            if len(entry) < ENTRY.size or not entry.startswith(b"PK\1\2"):
                return False
            count += 1
            following = sum(ENTRY.unpack(entry))  # name, extra field, comment
            passed += ENTRY.size + len(reader.read(following))
    finally:
        reader.detach()  # the stream is the caller's
    return count > entries or passed > DIRECTORY_BYTES


def _place_of_directory(stream: BinaryIO) -> tuple[int, int] | None:
    """Find offset and length of the directory as `zipfile` does: a count at another place would be worthless.

    A ZIP64 end record counts whenever it is there, even where the short one states a size itself (APPNOTE.TXT 4.3.14, 4.3.16).
    """
    length = stream.seek(0, os.SEEK_END)
    base = max(0, length - END_REACH)
    stream.seek(base)
    tail = stream.read(END_REACH)
    last = tail[-END.size :]
    plain = last.startswith(b"PK\5\6") and last.endswith(
        b"\0\0"
    )  # no comment, whose text could contain a signature
    at = len(tail) - END.size if plain else tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < END.size:
        return None
    (size,) = END.unpack_from(tail, at)
    wide = at - LOCATOR - WIDE_END.size
    if wide >= 0 and tail.startswith(b"PK\6\7", at - LOCATOR) and tail.startswith(b"PK\6\6", wide):
        (size,) = WIDE_END.unpack_from(tail, wide)
        at = wide
    start = base + at - size
    return (start, size) if start >= 0 else None


def read_directory(stream: BinaryIO) -> zipfile.ZipFile:
    """Read the directory of a zip. Raises UnreadableSourceError (zip_damaged)."""
    try:
        return zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, OSError, ValueError, OverflowError, NotImplementedError, EOFError):
        stream.close()
    raise UnreadableSourceError("zip_damaged")


def _check_name(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or DRIVE.match(name):
        raise UnsafeSourceError("zip_path_leaves")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise UnsafeSourceError("zip_holds_link")


def _check_member(info: zipfile.ZipInfo, ordinal: int, limits: Limits) -> None:
    if info.flag_bits & 0x1:
        raise UnreadableSourceError("zip_encrypted", file=ordinal)
    if info.file_size > limits.max_file_bytes:
        raise LimitExceededError("file_bytes", file=ordinal, limit=limits.max_file_bytes)
    if info.file_size > _allowance(info, limits):
        raise LimitExceededError("zip_ratio", file=ordinal, limit=limits.max_zip_ratio)


def _allowance(info: zipfile.ZipInfo, limits: Limits) -> int:
    return max(info.compress_size * limits.max_zip_ratio, RATIO_FLOOR)


def _check_overlap(members: list[zipfile.ZipInfo]) -> None:
    """Refuse members that share bytes: with this trick a small zip expands without end."""
    end = 0
    for info in sorted(members, key=lambda each: each.header_offset):
        if info.header_offset < end:
            raise UnsafeSourceError("zip_members_overlap")
        end = info.header_offset + LOCAL_HEADER + info.compress_size


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo, ordinal: int, limits: Limits) -> BinaryIO:
    # Read one byte more than claimed, so that a longer member is detected rather than silently cut.
    wider = copy.copy(info)
    wider.file_size = info.file_size + RATIO_FLOOR
    if info.compress_type not in _METHODS:
        raise UnreadableSourceError("zip_method", file=ordinal)
    refusal: RepriseError
    try:
        inner = cast("BinaryIO", archive.open(wider))
        return Member(inner, info.file_size, _allowance(info, limits), ordinal).buffered()
    except NotImplementedError:
        refusal = UnreadableSourceError("zip_method", file=ordinal)
    except (zipfile.BadZipFile, OSError, RuntimeError, EOFError, ValueError, OverflowError):
        refusal = UnreadableSourceError("zip_damaged", file=ordinal)
    raise refusal


class Pieces(io.RawIOBase):
    """Bytes that are read from another stream in pieces; closed together with it."""

    def __init__(self, inner: BinaryIO) -> None:
        self.inner = inner

    def piece(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end."""
        raise NotImplementedError

    def buffered(self) -> BinaryIO:
        """Return a stream of these bytes."""
        return io.BufferedReader(self, 1 << 16)

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: object) -> int:
        """Read the next piece into a buffer."""
        view = memoryview(cast("bytearray", buffer)).cast("B")
        found = self.piece(len(view))
        view[: len(found)] = found
        return len(found)

    def close(self) -> None:
        """Close both streams."""
        self.inner.close()
        super().close()


class Member(Pieces):
    """A member's bytes, checked against what its archive claims of them: raises SourceError while they are read."""

    def __init__(self, inner: BinaryIO, claimed: int, allowed: int, ordinal: int) -> None:
        """`claimed` and `allowed`: its bytes as stated, and the most that there may be."""
        super().__init__(inner)
        self._claimed, self._allowed, self._ordinal = claimed, allowed, ordinal
        self._seen = 0

    def piece(self, size: int) -> bytes:
        """Return the next bytes. Raises UnreadableSourceError, LimitExceededError."""
        refusal: SourceError
        try:
            piece = self.inner.read(size)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError):
            refusal = UnreadableSourceError("zip_damaged", file=self._ordinal)
        else:
            self._seen += len(piece)
            if self._seen > self._claimed:
                refusal = LimitExceededError("zip_member_longer", file=self._ordinal, limit=self._claimed)
            elif self._seen > self._allowed:
                refusal = LimitExceededError("zip_ratio", file=self._ordinal)
            elif not piece and size and self._seen < self._claimed:
                refusal = UnreadableSourceError("zip_member_cut", file=self._ordinal)
            else:
                return piece
        raise refusal
