"""Sealing with age to the recipients of an authorisation; Debian's `age -d` opens what we seal."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyrage

from schemas.digests import Digest, Hashing, stream_digest
from schemas.errors import PackageError, StorageFullError, TargetRefusedError
from schemas.regular_file import open_regular
from vault.files import sync_folder


def parse_recipients(recipients: list[str]) -> list[pyrage.x25519.Recipient]:
    """The recipients as age keys. Raises TargetRefusedError when one is none."""
    try:
        return [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
    except Exception:  # noqa: BLE001, S110 - pyrage's errors quote the key
        pass
    raise TargetRefusedError("recipient_not_age")


def make_identity() -> tuple[str, str]:
    """A fresh age identity and its recipient."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


@contextmanager
def seal_stream(recipients: list[str], path: Path, hashing: Hashing | None = None) -> Iterator[BinaryIO]:
    """A writable stream whose bytes are sealed into `path` as they come, in flat memory.

    `hashing` is fed the sealed bytes on their way to the file, and has had all of them when the context ends: what lies on
    a disk may have been changed by others before it is read again. pyrage pulls and writers push: a pipe and a thread join
    them. Raises StorageFullError when the disk is full.
    """
    keys = parse_recipients(recipients)
    read_end, write_end = os.pipe()
    failures: list[BaseException] = []
    arguments = (read_end, path, keys, failures, hashing or Hashing())
    thread = threading.Thread(target=_seal, args=arguments, daemon=True)
    thread.start()
    sink = os.fdopen(write_end, "wb", buffering=1 << 16)
    broken = False
    try:
        yield sink
    except BrokenPipeError:
        broken = True
    finally:
        try:
            sink.close()
        except BrokenPipeError:
            broken = True
        thread.join()
    if failures or broken:
        raise StorageFullError("package_not_written")
    sync_folder(path.parent)


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


class _Hashed:
    """A sink that hashes what it takes before it passes it on."""

    def __init__(self, sink: BinaryIO, hashing: Hashing) -> None:
        self._sink, self._hashing = sink, hashing

    def write(self, data: bytes) -> int:
        self._hashing.feed(data)
        return self._sink.write(data)

    def flush(self) -> None:
        self._sink.flush()


def _seal(
    read_end: int,
    path: Path,
    keys: list[pyrage.x25519.Recipient],
    failures: list[BaseException],
    hashing: Hashing,
) -> None:
    try:
        with os.fdopen(read_end, "rb") as plain, os.fdopen(_create(path), "wb") as sealed:
            pyrage.encrypt_io(plain, _Hashed(sealed, hashing), keys)
            sealed.flush()
            os.fsync(sealed.fileno())
    except BaseException as error:  # noqa: BLE001 - told to the writing thread, which says so in our words
        failures.append(error)


@contextmanager
def open_stream(sealed: Path | BinaryIO, identity: str) -> Iterator[BinaryIO]:
    """The plain bytes of a sealed file (by its path, or open: it is then closed at the end), as a stream.

    Raises PackageError when it does not open or is cut, OSError where there is no such file.
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
    """The identity in an age identity file's text (comments allowed). Raises PackageError when there is none."""
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
    except BaseException as error:  # noqa: BLE001 - told to the reading thread
        failures.append(error)


def ciphertext_digest(path: Path) -> Digest:
    """SHA-256 (hex) and size of a sealed file, read again from disk."""
    with open_regular(path) as stream:
        return stream_digest(stream)


def open_bytes(sealed: bytes, identity: str) -> bytes:
    """Open a small sealed object. Raises PackageError when it does not open whole."""
    key = parse_identity(identity)
    try:
        return bytes(pyrage.decrypt(sealed, [key]))
    except pyrage.DecryptError:
        pass
    raise PackageError("package_unreadable")


def seal_bytes(recipients: list[str], plain: bytes) -> bytes:
    """Seal a small record."""
    sealed = io.BytesIO()
    pyrage.encrypt_io(io.BytesIO(plain), sealed, parse_recipients(recipients))
    return sealed.getvalue()
