"""Seals with age to the recipients of an authorisation, and opens what was sealed; Debian's `age -d` opens the result too.

This project's own code seals, because it is as fast as its cipher. pyrage opens, so that an independent implementation reads the
output.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Self, TypeVar

import pyrage

from schemas.digests import Digest, Hashing, stream_digest
from schemas.errors import PackageError, StorageFullError, TargetRefusedError
from schemas.regular_file import open_regular
from vault.age.writer import AgeWriter, read_recipient
from vault.system.files import sync_folder

T = TypeVar("T")


def parse_recipients(recipients: list[str]) -> list[bytes]:
    """Parse the recipients into X25519 public keys. Raises TargetRefusedError for an invalid one."""
    keys = [key for key in map(read_recipient, recipients) if key is not None]
    if len(keys) != len(recipients):
        raise TargetRefusedError("recipient_not_age")
    return keys


def make_identity() -> tuple[str, str]:
    """Return a new age identity (AGE-SECRET-KEY-…) and its recipient (age1…)."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


@contextmanager
def seal_stream(recipients: list[str], path: Path, hashing: Hashing | None = None) -> Iterator[AgeWriter]:
    """Yield a writer that seals its bytes into `path` as they come, in constant memory.

    When the context ends, the file is complete and on disk; if it ends with an exception, the file is incomplete and cannot be
    opened. `hashing` receives all sealed bytes before they are written, because another process could change the file before it
    is read again. Raises StorageFullError if the file cannot be written.
    """
    keys = parse_recipients(recipients)
    with _SealedFile(path, hashing) as file:
        writer = AgeWriter(keys, file.write)
        yield writer
        writer.close()
        file.sync()
    sync_folder(path.parent)


class _SealedFile:
    """A new file that receives sealed bytes. Only a system error of this file becomes StorageFullError."""

    def __init__(self, path: Path, hashing: Hashing | None) -> None:
        self._hashing = hashing
        self._descriptor = _tried(lambda: os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def write(self, sealed: bytes | memoryview) -> None:
        """Hash the bytes and write them all."""
        if self._hashing:
            self._hashing.feed(sealed)
        _tried(lambda: self._write(memoryview(sealed)))

    def _write(self, rest: memoryview) -> None:
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def sync(self) -> None:
        """Wait until the bytes are on disk."""
        _tried(lambda: os.fsync(self._descriptor))


def _tried(act: Callable[[], T]) -> T:
    try:
        return act()
    except OSError:
        pass
    raise StorageFullError("package_not_written")  # outside of the handler, so that the error has no context


@contextmanager
def open_stream(sealed: Path | BinaryIO, identity: str) -> Iterator[BinaryIO]:
    """Yield the plain bytes of a sealed file as a stream. Accepts a path, or an open file, which is closed at the end.

    Raises PackageError if the file cannot be decrypted or is truncated, OSError if there is no such file.
    """
    key = parse_identity(identity)
    if isinstance(sealed, Path):
        sealed = open_regular(sealed)
    read_end, write_end = os.pipe()
    failures: list[BaseException] = []
    thread = threading.Thread(target=_open, args=(sealed, write_end, key, failures), daemon=True)
    thread.start()
    with os.fdopen(read_end, "rb") as plain:
        yield plain
        while plain.read(1 << 16):
            pass
    thread.join()
    if failures:
        raise PackageError("sealed_part_does_not_open")


def parse_identity(text: str) -> pyrage.x25519.Identity:
    """Return the first identity in the text of an age identity file (comments allowed). Raises PackageError if it holds none."""
    for line in text.splitlines():
        if line.startswith("AGE-SECRET-KEY-"):
            try:
                return pyrage.x25519.Identity.from_str(line.strip())
            except Exception:  # noqa: BLE001, S112 - pyrage's errors quote the key
                continue
    raise PackageError("identity_not_age")


def _open(
    sealed: BinaryIO, write_end: int, key: pyrage.x25519.Identity, failures: list[BaseException]
) -> None:
    try:
        with os.fdopen(write_end, "wb") as plain, sealed:
            pyrage.decrypt_io(sealed, plain, [key])
    except BaseException as error:  # noqa: BLE001 - passed to the reading thread
        failures.append(error)


def ciphertext_digest(path: Path) -> Digest:
    """Return SHA-256 (hexadecimal) and size in bytes of a sealed file, read again from disk."""
    with open_regular(path) as stream:
        return stream_digest(stream)


def open_bytes(sealed: bytes, identity: str) -> bytes:
    """Return the plain bytes of a small sealed object. Raises PackageError if it cannot be decrypted completely."""
    key = parse_identity(identity)
    try:
        return bytes(pyrage.decrypt(sealed, [key]))
    except pyrage.DecryptError:
        pass
    raise PackageError("package_unreadable")


def seal_bytes(recipients: list[str], plain: bytes) -> bytes:
    """Return a small record, sealed to the recipients. Raises TargetRefusedError for an invalid recipient."""
    sealed = io.BytesIO()
    writer = AgeWriter(parse_recipients(recipients), sealed.write)
    writer.write(plain)
    writer.close()
    return sealed.getvalue()
