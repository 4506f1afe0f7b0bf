"""What the machine itself needs for the bytes of an export: `python bench/limits.py WAY FOLDER`.

expat: bare, without handlers. iterparse: lxml, folder by folder, nothing kept. aes-gcm: the cipher of sealed staging.
isal-age: the bytes deflated by ISA-L at level 1 and sealed by pyrage. F: iterparse, then isal-age.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

import pyrage
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from isal import isal_zlib
from lxml import etree

RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


def bare_expat(files: list[Path]) -> None:
    for path in files:
        with path.open("rb") as stream:
            expat.ParserCreate().ParseFile(stream)


def iterparse(files: list[Path]) -> None:
    for path in files:
        for _, element in etree.iterparse(str(path), events=("end",), tag="{*}folder", huge_tree=True):
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def pieces(files: list[Path]) -> Iterator[bytes]:
    for path in files:
        with path.open("rb") as stream:
            yield from iter(lambda stream=stream: stream.read(1 << 20), b"")


def aes_gcm(files: list[Path]) -> None:
    cipher = AESGCM(bytes(32))
    for number, piece in enumerate(pieces(files)):
        cipher.encrypt(number.to_bytes(12, "big"), piece, None)


def deflated(files: list[Path]) -> Iterator[bytes]:
    packer = isal_zlib.compressobj(1, isal_zlib.DEFLATED, -15)
    for piece in pieces(files):
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


class Deflated(io.RawIOBase):
    """The bytes of all files, deflated, to be pulled."""

    def __init__(self, files: list[Path]) -> None:
        self._pieces, self._held = deflated(files), memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, into) -> int:
        if not self._held:
            self._held = memoryview(next(self._pieces, b""))
        size = min(len(into), len(self._held))
        into[:size], self._held = self._held[:size], self._held[size:]
        return size


def isal_age(files: list[Path]) -> None:
    with open(os.devnull, "wb") as sink:
        stream = io.BufferedReader(Deflated(files), 1 << 20)
        pyrage.encrypt_io(stream, sink, [pyrage.x25519.Recipient.from_str(RECIPIENT)])


def both(files: list[Path]) -> None:
    iterparse(files)
    isal_age(files)


WAYS = {"expat": bare_expat, "iterparse": iterparse, "aes-gcm": aes_gcm, "isal-age": isal_age, "F": both}

if __name__ == "__main__":
    WAYS[sys.argv[1]](sorted(Path(sys.argv[2]).iterdir()))
