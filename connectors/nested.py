"""Open the archives inside an export (zip, tar, gzip, recognised by their first bytes). Each member becomes a file of the export.

An archive that is damaged, encrypted, too deep, too large or unsafe is not opened: it stays one file, which no connector knows,
and the rest of the export goes on (docs/limits.md has the bounds). Office documents are archives too, and stay documents.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, TypeVar, cast

from connectors.archive import RATIO_FLOOR, Member, Pieces, open_archive, read_directory
from connectors.base import Limits, Listed, Opener, SourceFile
from connectors.media_types import is_zipped_document
from connectors.tar import tar_members
from schemas.errors import RepriseError, SourceError
from schemas.sensitive import Sensitive

T = TypeVar("T")
MOST_NESTED = 5
"""The deepest nesting of archives, not counting the export itself; a compressed tar counts as two."""
HELD_BYTES = 64 << 20
"""The size of the largest zip or tar that is opened inside another archive: it is held in memory while its members are read."""
_HEAD_BYTES = 512
_PIECE = 1 << 20
_Unreadable = (OSError, EOFError, ValueError, zlib.error)
_OPEN = 8  # archives at a time


def archive_kind(head: bytes) -> str | None:
    """`zip`, `gzip` or `tar`, by the first 512 bytes of a file; None for any other file."""
    if head.startswith(b"PK\x03\x04"):
        return None if is_zipped_document(head) else "zip"
    if head.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    return "tar" if head[257:262] == b"ustar" else None


def is_archive(file: SourceFile) -> bool:
    """Whether the file is an archive. After `open_nested`, only archives that could not be opened remain."""
    return archive_kind(_head(file.open)) is not None


def open_nested(files: Iterable[Listed], limits: Limits, *, can_seek: bool) -> list[Listed]:
    """Replace each archive that can be opened by its members, recursively and in order.

    `can_seek`: whether the streams of `files` are seekable.
    """
    opener = _ArchiveOpener(limits)
    return [each for file in files for each in opener.members(file, 0, can_seek=can_seek)]


class _ArchiveOpener:
    """The archives of one export. The limits of one archive apply to the members of all of them together."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._files = self._bytes = 0

    def members(self, file: Listed, depth: int, *, can_seek: bool) -> Iterator[Listed]:
        kind = archive_kind(_head(file.opener(0))) if depth < MOST_NESTED else None
        found = None if kind is None else self._open(kind, file, can_seek=can_seek)
        if found is None:
            yield file
            return
        for member in found:
            name = Sensitive(f"{file.name.reveal()}/{member.name.reveal()}".strip("/"))
            yield from self.members(member._replace(name=name), depth + 1, can_seek=False)

    def _open(self, kind: str, file: Listed, *, can_seek: bool) -> list[Listed] | None:
        """Returns the members of an archive; None if it is not opened."""
        opener = file.opener(0)
        if kind != "gzip" and not can_seek:
            if file.size > HELD_BYTES:
                return None
            opener = partial(_in_memory, opener, file.size)
        try:
            found = _LISTING[kind](opener, file.size, self._limits)
        except (RepriseError, *_Unreadable):
            return None
        files, unpacked = self._files + len(found), self._bytes + sum(member.size for member in found)
        if not found or files > self._limits.max_files or unpacked > self._limits.max_zip_bytes:
            return None
        self._files, self._bytes = files, unpacked
        return found


def _head(opener: Opener) -> bytes:
    try:
        with closing(opener()) as stream:
            return stream.read(_HEAD_BYTES)
    except (SourceError, OSError):
        return b""


class _Kept:
    """The archives that were read last, so that their members need not open them again: few, and together not large."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], tuple[Any, int]] = OrderedDict()

    def get(self, key: tuple[object, ...], weight: int, make: Callable[[], T]) -> T:
        """Returns what `make` once made for the key; `weight`: the bytes that it holds in memory."""
        if key not in self._kept:
            self._kept[key] = make(), weight
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and (len(self._kept) > _OPEN or self._weight() > HELD_BYTES):
            self._kept.popitem(last=False)
        found: T = self._kept[key][0]
        return found

    def _weight(self) -> int:
        return sum(weight for _, weight in self._kept.values())


_KEPT = _Kept()


def _in_memory(opener: Opener, size: int) -> BinaryIO:
    """Returns a seekable stream of an archive inside an archive."""
    return io.BytesIO(_KEPT.get(("bytes", opener), size, lambda: _content(opener)))


def _content(opener: Opener) -> bytes:
    with closing(opener()) as stream:
        return stream.read(HELD_BYTES + 1)


# --- kinds of archives: each lists its members ---


def _zip(opener: Opener, size: int, limits: Limits) -> list[Listed]:
    held = size if isinstance(opener, partial) and opener.func is _in_memory else 0
    return open_archive(
        opener, limits, lambda: _KEPT.get(("zip", opener), held, lambda: read_directory(opener()))
    )


def _gzip(opener: Opener, size: int, limits: Limits) -> list[Listed]:
    """Returns the only member of a gzip file. The file is unpacked once to learn the member's size."""
    most = min(max(size * limits.max_zip_ratio, RATIO_FLOOR), limits.max_file_bytes)
    unpacked = 0
    with closing(_unzipped(opener)) as stream:
        while piece := stream.read(_PIECE):
            unpacked += len(piece)
            if unpacked > most:
                raise ValueError
    return [Listed(partial(_member, partial(_unzipped, opener), unpacked), unpacked, Sensitive(""))]


def _unzipped(opener: Opener) -> BinaryIO:
    source = opener()
    unzipped = gzip.GzipFile(fileobj=source, mode="rb")
    unzipped.myfileobj = cast("io.FileIO", source)  # closed with it
    return cast("BinaryIO", unzipped)


def _tar(opener: Opener, size: int, limits: Limits) -> list[Listed]:
    """Returns the ordinary files of a tar."""
    with closing(opener()) as stream:
        found = list(islice(tar_members(stream, size), limits.max_files + 1))
    return [
        Listed(
            partial(_member, partial(_window, opener, each.start, each.size), each.size),
            each.size,
            Sensitive(each.name),
        )
        for each in found
    ]


def _window(opener: Opener, start: int, size: int) -> BinaryIO:
    stream = opener()
    stream.seek(start)
    return _Window(stream, size).buffered()


class _Window(Pieces):
    """The next `size` bytes of a stream."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        super().__init__(stream)
        self._left = size

    def piece(self, size: int) -> bytes:
        """Return up to so many of the bytes that are left."""
        found = self.inner.read(min(size, self._left))
        self._left -= len(found)
        return found


def _member(opener: Opener, size: int, ordinal: int) -> Opener:
    return lambda: Member(opener(), size, size, ordinal).buffered()


_LISTING = {"zip": _zip, "gzip": _gzip, "tar": _tar}
