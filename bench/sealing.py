"""What sealing costs, as ratios of CPU in one run: `python bench/sealing.py [MIB]`, MIB (256) of random bytes.

Bare ChaCha20-Poly1305 in the chunks of age is 1. Beside it: pyrage and our writer, with a sink that drops what it takes;
SHA-256; our writer as packages are sealed, hashed and onto a disk. Then a zip of small members of text, sealed: by Python's
zipfile at zlib's level 1, and by ours.
"""

from __future__ import annotations

import hashlib
import io
import os
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyrage
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from flows.steps.parts import sealed_zip
from schemas.digests import Hashing
from vault.age.sealing import make_identity, parse_recipients, seal_stream
from vault.age.writer import AgeWriter

PIECE = os.urandom(1 << 20)
CHUNK = 64 << 10
ROUNDS = 7
_, RECIPIENT = make_identity()


def bare(mebibytes: int) -> None:
    cipher, plain, into = ChaCha20Poly1305(bytes(32)), memoryview(PIECE), memoryview(bytearray(CHUNK + 16))
    for number in range(mebibytes * 16):
        at = number % 16 * CHUNK
        cipher.encrypt_into(number.to_bytes(12, "big"), plain[at : at + CHUNK], None, into)


def digest(mebibytes: int) -> None:
    made = hashlib.sha256()
    for _ in range(mebibytes):
        made.update(PIECE)


class Pieces(io.RawIOBase):
    """The same bytes to be pulled."""

    def __init__(self, mebibytes: int) -> None:
        self._left = mebibytes << 20

    def readable(self) -> bool:
        return True

    def readinto(self, into) -> int:
        size = min(len(into), self._left, len(PIECE))
        into[:size] = memoryview(PIECE)[:size]
        self._left -= size
        return size


def by_pyrage(mebibytes: int) -> None:
    with Path(os.devnull).open("wb") as sealed, io.BufferedReader(Pieces(mebibytes), 1 << 20) as plain:
        pyrage.encrypt_io(plain, sealed, [pyrage.x25519.Recipient.from_str(RECIPIENT)])


def by_us(mebibytes: int) -> None:
    writer = AgeWriter(parse_recipients([RECIPIENT]), lambda _sealed: None)
    for _ in range(mebibytes):
        writer.write(PIECE)
    writer.close()


def to_disk(mebibytes: int, path: Path) -> None:
    with seal_stream([RECIPIENT], path, Hashing()) as sealed:
        for _ in range(mebibytes):
            sealed.write(PIECE)


def texts(mebibytes: int) -> Iterator[tuple[str, bytes]]:
    words = [os.urandom(3).hex() for _ in range(200)]
    for number in range(mebibytes * 16):
        yield f"{number}.xml", " ".join(words[(number * k) % 200] for k in range(600)).encode()


class Sink:
    """What Python's zipfile wants of a stream."""

    def __init__(self, writer: AgeWriter) -> None:
        self.write, self.flush = writer.write, lambda: None


def zip_by_python(mebibytes: int, path: Path) -> None:
    with (
        seal_stream([RECIPIENT], path, Hashing()) as sealed,
        zipfile.ZipFile(Sink(sealed), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for name, text in texts(mebibytes):
            archive.writestr(name, text)


def zip_by_us(mebibytes: int, path: Path) -> None:
    with sealed_zip(path, (RECIPIENT,)) as archive:
        for name, text in texts(mebibytes):
            with archive.member(name) as emit:
                emit(text)


def cpu(act: Callable[[], object]) -> float:
    begin = time.process_time()
    act()
    return time.process_time() - begin


def main(mebibytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.age"
        ways: dict[str, Callable[[], object]] = {
            "bare ChaCha20-Poly1305": lambda: bare(mebibytes),
            "SHA-256 alone": lambda: digest(mebibytes),
            "pyrage": lambda: by_pyrage(mebibytes),
            "ours": lambda: by_us(mebibytes),
            "ours, hashed, on disk": lambda: to_disk(mebibytes, path),
            "zip: making the texts": lambda: [0 for _ in texts(mebibytes // 4)],
            "zip: zipfile, zlib 1": lambda: zip_by_python(mebibytes // 4, path),
            "zip: ours, ISA-L 1": lambda: zip_by_us(mebibytes // 4, path),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, act in ways.items():
                path.unlink(missing_ok=True)
                taken[name].append(cpu(act))
    base = statistics.median(taken["bare ChaCha20-Poly1305"])
    for name, seconds in taken.items():
        print(
            f"{name:<24} {statistics.median(seconds) / base:6.2f}  ({min(seconds) / base:.2f} to {max(seconds) / base:.2f})"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 256)
