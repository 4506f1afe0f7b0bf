"""The practice's side of a package: every sealed part checked against the manifest, then unpacked in private."""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from schemas.errors import PackageError
from vault.sealing import ciphertext_digest, open_stream


def open_package(package: Path, identity: str, into: Path) -> dict[str, int]:
    """Unpack all parts into `into` (made private). Raises PackageError for a missing, altered or odd part."""
    manifest = _manifest(package)
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    count = 0
    for part in manifest["parts"]:
        path = package / PurePosixPath(str(part["name"])).name
        if not path.is_file() or ciphertext_digest(path) != (part["sha256"], part["bytes"]):
            raise PackageError("part_altered")
        with open_stream(path, identity) as plain, _spooled(plain) as spool:
            count += _unpack(spool, into)
    return {"files": count, "parts": len(manifest["parts"])}


def _manifest(package: Path) -> dict[str, list[dict[str, object]]]:
    try:
        return dict(json.loads((package / "manifest.json").read_bytes()))
    except (OSError, ValueError):
        pass
    raise PackageError("manifest_missing")


def _spooled(plain: BinaryIO) -> BinaryIO:
    """A seekable copy: in memory when small, else in an unlinked file of the private import host."""
    spool = tempfile.SpooledTemporaryFile(max_size=64 << 20)  # noqa: SIM115 - the caller closes it
    for piece in iter(lambda: plain.read(1 << 20), b""):
        spool.write(piece)
    spool.seek(0, io.SEEK_SET)
    return spool  # type: ignore[return-value]


def _unpack(spool: BinaryIO, into: Path) -> int:
    try:
        with zipfile.ZipFile(spool) as archive:
            for info in archive.infolist():
                _write(archive, info, into)
            return len(archive.infolist())
    except zipfile.BadZipFile:
        pass
    raise PackageError("part_is_no_zip")


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, into: Path) -> None:
    target = (into / info.filename).resolve()
    if not target.is_relative_to(into.resolve()):
        raise PackageError("member_leaves_folder")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with archive.open(info) as source, os.fdopen(descriptor, "wb") as sink:
        for piece in iter(lambda: source.read(1 << 20), b""):
            sink.write(piece)
