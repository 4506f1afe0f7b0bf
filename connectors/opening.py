"""Opening a source: a file, stream, folder or archive becomes a tuple of `SourceFile`s, without keeping their content.

Only names, sizes, the directories of archives, and the beginning of each file (to tell archives) are read. Members are read as
streams and never extracted. The members of an archive in the export stand in its place (`connectors.nested`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from connectors.archive import open_archive
from connectors.base import NAMELESS, NO_RULES, Export, Limits, Listed, Opener, SiteRules, SourceFile
from connectors.nested import open_nested
from schemas.errors import LimitExceededError, RepriseError, UnreadableSourceError, UnsafeSourceError
from schemas.regular_file import open_regular
from schemas.sensitive import Sensitive

T = TypeVar("T")
_READ = 1 << 16
MEMBER_DAMAGED = ("zip_damaged", "zip_member_cut")
ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")


def open_source(path: Path, limits: Limits, rules: SiteRules = NO_RULES) -> tuple[SourceFile, ...]:
    """List the files of an export, in the order of the archive or of the sorted folder.

    `rules`: what the site states about exports.

    Raises UnreadableSourceError (`source_missing`, `source_empty`, `source_unreadable`), UnsafeSourceError
    for paths and links that lead out, LimitExceededError for anything above a limit.
    """
    mode = _guard(lambda: path.stat().st_mode)
    if stat.S_ISDIR(mode):
        return _sources(path, _guard(lambda: _regular_files(path, limits)), limits, rules)
    if not stat.S_ISREG(mode):
        raise UnreadableSourceError("source_unreadable")
    return open_stream(partial(open_file, path), _guard(lambda: path.stat().st_size), limits, rules)


def open_stream(
    opener: Opener, size: int, limits: Limits, rules: SiteRules = NO_RULES
) -> tuple[SourceFile, ...]:
    """List the files of an export that is one seekable stream of `size` bytes; each reading opens it anew."""
    with opener() as stream:
        signature = _guard(lambda: stream.read(4))
    if signature in ZIP_SIGNATURES:
        return _listed(open_archive(opener, limits), limits, rules, can_seek=False)
    return _listed([_plain(opener, size, NAMELESS)] if size else [], limits, rules)


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading. Raises UnreadableSourceError (`source_missing`, `source_unreadable`)."""
    return _open(path, follow=True)


def readable_bytes(file: SourceFile, size: int) -> Iterator[bytes]:
    """Yield a file's bytes in pieces of about `size`; if an archive member is damaged, those before the damage.

    Raises every other error of opening and reading.
    """
    held: list[bytes] = []
    held_bytes = 0
    with closing(file.open()) as stream:
        while piece := _read_up_to_damage(stream):
            held.append(piece)
            held_bytes += len(piece)
            if held_bytes >= size:
                yield b"".join(held)
                held, held_bytes = [], 0
    if held:
        yield b"".join(held)


def _read_up_to_damage(stream: BinaryIO) -> bytes:
    try:
        return stream.read(_READ)
    except UnreadableSourceError as error:
        if error.code not in MEMBER_DAMAGED:
            raise
    return b""


def _sources(
    root: Path, files: list[tuple[Path, int]], limits: Limits, rules: SiteRules
) -> tuple[SourceFile, ...]:
    return _listed(
        [
            _plain(partial(_open, path, follow=False), size, Sensitive(path.relative_to(root).as_posix()))
            for path, size in files
        ],
        limits,
        rules,
    )


def _plain(opener: Opener, size: int, name: Sensitive[str]) -> Listed:
    return Listed(lambda _ordinal: opener, size, name)


def _listed(
    files: list[Listed], limits: Limits, rules: SiteRules, *, can_seek: bool = True
) -> tuple[SourceFile, ...]:
    """The files of an export, and in the place of each archive among them its members; `can_seek`: their streams can."""
    if not files:
        raise UnreadableSourceError("source_empty")
    for ordinal, file in enumerate(files, 1):
        if file.size > limits.max_file_bytes:
            raise LimitExceededError("file_bytes", file=ordinal, bytes=file.size, limit=limits.max_file_bytes)
    export = Export(rules)
    found = tuple(
        SourceFile(ordinal, file.size, file.opener(ordinal), file.name, export)
        for ordinal, file in enumerate(open_nested(files, limits, can_seek=can_seek), 1)
    )
    for each in found:
        export.add(each)
    return found


def _regular_files(root: Path, limits: Limits) -> list[tuple[Path, int]]:
    """List every regular file below the folder, hidden ones included, sorted by path.

    A link that stays inside is skipped: its target is listed anyway. A link that leads out is refused.
    """
    inside = root.resolve()
    found: list[tuple[tuple[str, ...], Path, int]] = []
    waiting = [(root, ())]  # type: list[tuple[Path, tuple[str, ...]]]
    while waiting:
        folder, parts = waiting.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                here = (*parts, entry.name)
                if entry.is_symlink():
                    _refuse_leaving(Path(entry.path), inside)
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append((Path(entry.path), here))
                elif entry.is_file(follow_symlinks=False):
                    found.append((here, Path(entry.path), entry.stat(follow_symlinks=False).st_size))
        if len(found) > limits.max_files:
            raise LimitExceededError("files", limit=limits.max_files)
    return [(path, size) for _, path, size in sorted(found, key=lambda each: each[0])]


def _refuse_leaving(link: Path, inside: Path) -> None:
    target = Path(os.path.realpath(link))
    if target != inside and inside not in target.parents:
        raise UnsafeSourceError("link_leaves_folder")


def _open(path: Path, *, follow: bool) -> BinaryIO:
    return _guard(lambda: open_regular(path, follow=follow))


def _guard(act: Callable[[], T]) -> T:
    """Run a file operation; turn the operating system's errors, whose texts hold paths, into ours."""
    refusal: RepriseError
    try:
        return act()
    except FileNotFoundError:
        refusal = UnreadableSourceError("source_missing")
    except OSError:
        refusal = UnreadableSourceError("source_unreadable")
    raise refusal
