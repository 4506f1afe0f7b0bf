"""Finds repeated files in an export, before any file is read or counted. Readers and counters skip the same repeated files.

Two files are the same if their bytes are equal, except for a UTF-8 byte order mark, line ends at the end of the file, and line
ends that are CR LF in one file and LF in the other. A lone CR differs from an LF. The beginnings of all files are compared first;
only files with equal beginnings are read again to their ends.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from contextlib import closing
from hashlib import sha256

from connectors.base import SourceFile
from schemas.errors import SourceError

_READ_BYTES = 8 << 10
_BEGINNING_BYTES = 2 << 10
"""The size of the beginnings, after each CR LF became LF: less than half of what is read, so that it is always reached."""
_CHUNK_BYTES = 1 << 20


def seen_before(files: Iterable[SourceFile]) -> frozenset[int]:
    """Return the ordinals of the files that repeat an earlier file. A file that cannot be read is not among them."""
    by_beginning: dict[bytes, list[SourceFile]] = {}
    for file in files:
        beginning = _beginning(file)
        if beginning is not None:
            by_beginning.setdefault(beginning, []).append(file)
    repeated: set[int] = set()
    for group in by_beginning.values():
        if len(group) > 1:
            repeated |= _repeated(group)
    return frozenset(repeated)


def _repeated(group: list[SourceFile]) -> set[int]:
    digests: set[bytes] = set()
    repeated: set[int] = set()
    for file in group:
        digest = _digest(file)
        if digest is not None and digest in digests:
            repeated.add(file.ordinal)
        elif digest is not None:
            digests.add(digest)
    return repeated


def _beginning(file: SourceFile) -> bytes | None:
    """Return a digest that is equal for two files that are the same; None if the file cannot be read.

    Line ends are removed from the end of the beginning only after it was cut to its size. Where the part that was read ends in
    blank lines, less of a file with CR LF would otherwise be compared than of a file with LF.
    """
    head = file.beginning(_READ_BYTES)
    if head is None:
        return None
    plain = head.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")
    return sha256(plain[:_BEGINNING_BYTES].rstrip(b"\r\n")).digest()


def _digest(file: SourceFile) -> bytes | None:
    """Return SHA-256 of a file's bytes, without byte order mark and trailing line ends, and with LF for each CR LF."""
    digest, held, first = sha256(), b"", True
    try:
        with closing(file.open()) as stream:
            while piece := stream.read(_CHUNK_BYTES):
                piece = held + (piece.removeprefix(codecs.BOM_UTF8) if first else piece)
                kept = piece.rstrip(b"\r\n")
                digest.update(kept.replace(b"\r\n", b"\n"))
                held, first = piece[len(kept) :], False
    except (SourceError, OSError):
        return None
    return digest.digest()
