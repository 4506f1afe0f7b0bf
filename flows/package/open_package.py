"""The practice's side of a package: every sealed part checked against the manifest, then unpacked in private."""

from __future__ import annotations

import base64
import errno
import json
import shutil
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from connectors.archive import holds_more_than
from flows.package._import_folder import ImportFolder, new_import_folder
from schemas.digests import Digest, stream_digest
from schemas.errors import PackageError
from schemas.regular_file import open_regular
from vault.age.sealing import open_stream
from vault.verify import Files, verify

FLOOR = 1 << 20
MOST = 1100
"""More than this many bytes of one, and deflate (1032 : 1 at most) did not make them: members that overlap did."""
MEMBERS = 500_000
"""What a part may hold at most. Reprise writes 500 charts a part; its report has a member for each unit that was set aside."""
_MANIFEST_BYTES = 64 << 20
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


@dataclass(frozen=True)
class _Manifest:
    """What a package says that it holds, and of which run it says to be."""

    run: str
    parts: tuple[_Part, ...]


def open_package(
    package: Path, identity: str, into: Path, proof: Path | None = None, policy: str | None = None
) -> dict[str, int | bool]:
    """Unpack all parts into `into`, a new folder for this user alone; when anything fails nothing of it stays.

    With the run's proof folder and a policy from elsewhere, the package is the one that the proof tells of: the same run, the
    same parts, the same digests. Without them that was not compared, and nothing says who made the package: seals are no
    signature, and whoever knows the recipient can seal. Raises PackageError.
    """
    manifest = _read_manifest(package)
    if proof is not None:
        _compare_with_proof(manifest, proof, policy)
    taken: set[str] = set()
    with new_import_folder(into) as folder:
        for part in manifest.parts:
            with _opened(package / part.name, part, identity, folder) as plain:
                _unpack(plain, folder, taken, FLOOR + MOST * part.bytes)
    return {"files": len(taken), "parts": len(manifest.parts), "compared_with_proof": proof is not None}


def _read_manifest(package: Path) -> _Manifest:
    try:
        with open_regular(package / "manifest.json") as stream:
            text = stream.read(_MANIFEST_BYTES)
    except OSError:
        raise PackageError("manifest_missing") from None
    try:
        raw = json.loads(text)
        found = [_Part(str(row["name"]), str(row["sha256"]), int(row["bytes"])) for row in raw["parts"]]
        run = str(raw.get("run"))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        found, run = [], ""
    names = {part.name for part in found}
    if not found or len(names) != len(found) or not all(_is_name(name) for name in names):
        raise PackageError("manifest_malformed")
    return _Manifest(run, tuple(found))


def _compare_with_proof(manifest: _Manifest, proof: Path, policy: str | None) -> None:
    """Raises PackageError: proof_not_accepted, package_of_another_run, package_not_as_proven."""
    told: list[_Manifest] = []
    code, _ = verify(proof, policy, lambda files, _: told.append(_proven(files)))
    if code != 0 or not told:
        raise PackageError("proof_not_accepted")
    if told[0].run != manifest.run:
        raise PackageError("package_of_another_run")
    if set(told[0].parts) != set(manifest.parts):
        raise PackageError("package_not_as_proven")


def _proven(files: Files) -> _Manifest:
    """The run and the parts that a proof's run statement names; the verifier has read it, and its signature, before."""
    statement = json.loads(base64.b64decode(json.loads(files["statements/run.dsse.json"])["payload"]))
    run = str(statement["subject"][0]["name"]).removeprefix("run/")
    rows = statement["predicate"]["parts"]
    return _Manifest(run, tuple(_Part(str(name), str(sha256), int(size)) for name, size, sha256 in rows))


def _is_name(name: str) -> bool:
    """One step of a path, that any system can hold."""
    return (
        name not in ("", ".", "..")
        and len(name.encode("utf-8", "replace")) < 256
        and name.isprintable()
        and not set(name) & set("/\\:")
    )


def _opened(path: Path, part: _Part, identity: str, folder: ImportFolder) -> BinaryIO:
    """The plain bytes of a part, whole and authentic to the last before any is used, in a nameless file of the folder.

    The sealed bytes are copied there too before they are looked at: who owns the package could change them meanwhile.
    """
    sealed = folder.spool()
    if _copied(path, sealed, part.bytes) != Digest(part.sha256, part.bytes):
        sealed.close()
        raise PackageError("part_altered")
    sealed.seek(0)
    spool = folder.spool()
    try:
        with open_stream(sealed, identity) as plain:
            shutil.copyfileobj(plain, spool, 1 << 20)
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return spool


def _copied(path: Path, sealed: BinaryIO, size: int) -> Digest | None:
    """Copy a part, at most one byte more than it should have; its digest, or None when there is no such file."""
    if not path.is_file():
        return None
    left = size + 1
    with open_regular(path) as source:
        while left > 0 and (piece := source.read(min(left, 1 << 20))):
            sealed.write(piece)
            left -= len(piece)
    sealed.seek(0)
    return stream_digest(sealed)


def _unpack(spool: BinaryIO, folder: ImportFolder, taken: set[str], allowance: int) -> None:
    if holds_more_than(spool, MEMBERS):
        raise PackageError("part_has_too_many_members", limit=MEMBERS)
    try:
        with zipfile.ZipFile(spool) as archive:
            for info in archive.infolist():
                _check_member(info, taken)
                allowance -= _write(archive, info, folder, allowance)
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


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    """A member to read. Its place is stated by the directory; one before or beyond the archive makes it no zip."""
    try:
        return archive.open(info)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    raise zipfile.BadZipFile


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, folder: ImportFolder, allowance: int) -> int:
    written = 0
    with (
        _member(archive, info) as source,
        folder.create(tuple(info.orig_filename.split("/"))) as sink,
    ):
        for piece in iter(lambda: source.read(1 << 20), b""):
            written += len(piece)
            if written > allowance:
                raise PackageError("part_unpacks_to_too_much")
            sink.write(piece)
    return written
