"""The practice's side of a package: every sealed part checked against the manifest, then unpacked in private."""

from __future__ import annotations

import io
import json
import os
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from schemas.errors import PackageError
from vault.sealing import ciphertext_digest, open_stream

FLOOR = 1 << 20
MOST = 1100
"""More than this many bytes of one, and deflate (1032 : 1 at most) did not make them: members that overlap did."""
_ODD_ZIP = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, IndexError,
    FileExistsError, IsADirectoryError, NotADirectoryError,
)  # fmt: skip


@dataclass(frozen=True)
class _Part:
    """A line of the manifest."""

    name: str
    sha256: str
    bytes: int


def open_package(package: Path, identity: str, into: Path) -> dict[str, int]:
    """Unpack all parts into `into` (made private). Raises PackageError for a missing, altered or odd part.

    Seals are no signature: whoever knows the recipient can seal, so nothing inside is believed.
    """
    parts = _parts(package)
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    taken: set[str] = set()
    for part in parts:
        path = package / part.name
        if not path.is_file() or ciphertext_digest(path) != (part.sha256, part.bytes):
            raise PackageError("part_altered")
        with open_stream(path, identity) as plain:
            spool = _spooled(plain)
        with spool:  # whole, and authentic to its last byte, before anything is written
            _unpack(spool, into, taken, FLOOR + MOST * part.bytes)
    return {"files": len(taken), "parts": len(parts)}


def _parts(package: Path) -> list[_Part]:
    try:
        manifest = (package / "manifest.json").read_bytes()
    except OSError:
        raise PackageError("manifest_missing") from None
    try:
        rows = json.loads(manifest)["parts"]
        found = [_Part(str(row["name"]), str(row["sha256"]), int(row["bytes"])) for row in rows]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        found = []
    names = {part.name for part in found}
    if not found or len(names) != len(found) or not all(_is_name(name) for name in names):
        raise PackageError("manifest_malformed")
    return found


def _is_name(name: str) -> bool:
    """One step of a path, that any system can hold."""
    return (
        name not in ("", ".", "..")
        and len(name.encode("utf-8", "replace")) < 256
        and name.isprintable()
        and not set(name) & set("/\\:")
    )


def _spooled(plain: BinaryIO) -> BinaryIO:
    """A seekable copy: in memory when small, else in an unlinked file of the private import host."""
    spool = tempfile.SpooledTemporaryFile(max_size=64 << 20)  # noqa: SIM115 - the caller closes it
    for piece in iter(lambda: plain.read(1 << 20), b""):
        spool.write(piece)
    spool.seek(0, io.SEEK_SET)
    return spool  # type: ignore[return-value]


def _unpack(spool: BinaryIO, into: Path, taken: set[str], allowance: int) -> None:
    try:
        with zipfile.ZipFile(spool) as archive:
            for info in archive.infolist():
                _check_member(info, taken)
                allowance -= _write(archive, info, into, allowance)
            return
    except _ODD_ZIP:
        pass
    raise PackageError("part_is_no_zip")


def _check_member(info: zipfile.ZipInfo, taken: set[str]) -> None:
    """A plain file, named once, whatever the import host holds for the same name."""
    steps = info.orig_filename.split("/")
    if not all(_is_name(step) for step in steps):
        raise PackageError("member_leaves_folder")
    name = unicodedata.normalize("NFC", info.orig_filename).casefold()
    if name in taken:
        raise PackageError("member_named_twice")
    taken.add(name)


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, into: Path, allowance: int) -> int:
    target = into / info.orig_filename
    if not target.parent.resolve().is_relative_to(into.resolve()) or target.is_symlink():
        raise PackageError("member_leaves_folder")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    written = 0
    with archive.open(info) as source, os.fdopen(descriptor, "wb") as sink:
        for piece in iter(lambda: source.read(1 << 20), b""):
            written += len(piece)
            if written > allowance:
                raise PackageError("part_unpacks_to_too_much")
            sink.write(piece)
    return written
