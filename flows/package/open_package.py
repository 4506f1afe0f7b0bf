"""Opens a package for the practice: checks every sealed part against the manifest, and unpacks it into a private folder."""

from __future__ import annotations

import base64
import errno
import json
import shutil
import struct
import unicodedata
import zipfile
import zlib
from pathlib import Path
from typing import IO, BinaryIO

from connectors.archive import holds_more_than
from flows.package._import_folder import ImportFolder, new_import_folder
from flows.package._manifest import Manifest, Part, check_beside, is_name, read_manifest
from schemas.digests import Digest, stream_digest
from schemas.errors import PackageError
from schemas.regular_file import open_regular
from vault.age.sealing import open_stream
from vault.verify import Files, verify

MIN_ALLOWANCE_BYTES = 1 << 20
MAX_RATIO = 1100
"""The maximum of plain bytes per sealed byte of a part. Deflate reaches at most 1032; with more, members overlap."""
MAX_MEMBERS = 500_000
"""The maximum number of members of a part. Reprise writes 500 charts per part; a report has one for each quarantined unit."""
_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, IndexError,
    FileExistsError, IsADirectoryError, NotADirectoryError,
)  # fmt: skip


def open_package(
    package: Path, identity: str, into: Path, proof: Path | None = None, policy: str | None = None
) -> dict[str, int | bool]:
    """Unpack all parts into `into`, a new folder private to this user. Return counts. After a failure, no file remains.

    With the run's proof folder and an independently obtained policy, the package must match the proof: the same run, parts and
    digests. Without them, the maker of the package is not checked: a seal is no signature, and anyone who knows the recipient
    can seal. Raises PackageError, StorageFullError.
    """
    manifest = read_manifest(package)
    if proof is not None:
        _compare_with_proof(manifest, proof, policy)
    check_beside(package, manifest)
    taken: set[str] = set()
    with new_import_folder(into) as folder:
        for part in manifest.parts:
            with _opened(package / part.name, part, identity, folder) as plain:
                _unpack(plain, folder, taken, MIN_ALLOWANCE_BYTES + MAX_RATIO * part.bytes)
    return {"files": len(taken), "parts": len(manifest.parts), "compared_with_proof": proof is not None}


def _compare_with_proof(manifest: Manifest, proof: Path, policy: str | None) -> None:
    """Compare a manifest with a proof. Raises PackageError: proof_not_accepted, package_of_another_run, package_not_as_proven."""
    stated: list[Manifest] = []
    code, _ = verify(proof, policy, lambda files, _: stated.append(_proven(files)))
    if code != 0 or not stated:
        raise PackageError("proof_not_accepted")
    if stated[0].run != manifest.run:
        raise PackageError("package_of_another_run")
    if set(stated[0].parts) != set(manifest.parts):
        raise PackageError("package_not_as_proven")


def _proven(files: Files) -> Manifest:
    """Return run and parts from the statement about the run in a proof, which the verifier has checked."""
    statement = json.loads(base64.b64decode(json.loads(files["statements/run.dsse.json"])["payload"]))
    run = str(statement["subject"][0]["name"]).removeprefix("run/")
    rows = statement["predicate"]["parts"]
    return Manifest(run, tuple(Part(str(name), str(sha256), int(size)) for name, size, sha256 in rows))


def _opened(path: Path, part: Part, identity: str, folder: ImportFolder) -> BinaryIO:
    """Decrypt a part into a nameless file of the folder, and return this file when it is complete and authentic.

    The sealed bytes are copied into such a file first, because the package's owner could change them between check and use.
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
    """Copy a part, but at most one byte more than its stated size. Return its digest, or None if there is no such file."""
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
    if holds_more_than(spool, MAX_MEMBERS):
        raise PackageError("part_has_too_many_members", limit=MAX_MEMBERS)
    try:
        with zipfile.ZipFile(spool) as archive:
            for info in archive.infolist():
                _check_member(info, taken)
                allowance -= _write(archive, info, folder, allowance)
            return
    except _ZIP_ERRORS:
        pass
    raise PackageError("part_is_no_zip")


def _check_member(info: zipfile.ZipInfo, taken: set[str]) -> None:
    """Check that the member is a plain file whose name is unique, also on a host that ignores case or Unicode forms of names."""
    steps = info.orig_filename.split("/")
    if not all(is_name(step) for step in steps):
        raise PackageError("member_leaves_folder")
    name = unicodedata.normalize("NFC", info.orig_filename).casefold()
    if name in taken:
        raise PackageError("member_named_twice")
    taken.add(name)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    """Open a member. Raises BadZipFile if the archive's directory states a position outside the archive."""
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
