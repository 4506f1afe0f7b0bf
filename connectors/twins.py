"""Repeated files in an export: the same bytes, except for a byte order mark and the kind of line ends.

The beginnings of all files are compared first; only files that begin alike are read again as a whole.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from contextlib import closing
from hashlib import sha256

from connectors.base import SourceFile
from schemas.errors import SourceError

_READ = 8 << 10
_BEGINNING = 2 << 10  # of what was read, line ends made equal: enough remains, whatever was dropped
_CHUNK = 1 << 20


def seen_before(files: Iterable[SourceFile]) -> frozenset[int]:
    """Returns the ordinals of files that repeat an earlier one. A file that cannot be read is not among them."""
    alike: dict[bytes, list[SourceFile]] = {}
    for file in files:
        beginning = _beginning(file)
        if beginning is not None:
            alike.setdefault(beginning, []).append(file)
    found: set[int] = set()
    for group in alike.values():
        if len(group) > 1:
            found |= _repeated(group)
    return frozenset(found)


def _repeated(group: list[SourceFile]) -> set[int]:
    met: set[bytes] = set()
    repeated: set[int] = set()
    for file in group:
        digest = _digest(file)
        if digest is not None and digest in met:
            repeated.add(file.ordinal)
        elif digest is not None:
            met.add(digest)
    return repeated


def _beginning(file: SourceFile) -> bytes | None:
    try:
        with closing(file.open()) as stream:
            head = stream.read(_READ)
    except (SourceError, OSError):
        return None
    plain = head.removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n").replace(b"\r\n", b"\n")
    return sha256(plain[:_BEGINNING]).digest()


def _digest(file: SourceFile) -> bytes | None:
    """Hash a file's bytes without byte order mark and trailing line ends, each line ended by LF."""
    digest, held, first = sha256(), b"", True
    try:
        with closing(file.open()) as stream:
            while piece := stream.read(_CHUNK):
                piece = held + (piece.removeprefix(codecs.BOM_UTF8) if first else piece)
                kept = piece.rstrip(b"\r\n")
                digest.update(kept.replace(b"\r\n", b"\n"))
                held, first = piece[len(kept) :], False
    except (SourceError, OSError):
        return None
    return digest.digest()
