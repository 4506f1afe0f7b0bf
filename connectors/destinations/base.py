"""The protocol of a destination: where one run's package goes, and how it is held against what was sealed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from schemas.digests import Digest, stream_digest
from schemas.errors import IntegrityError, TargetError

MANIFEST = "manifest.json"
"""Whoever reads a package begins here: a folder without it is none."""
_ATTEMPTS = 3
STRANGERS = 1000
"""A place that lists more files than these, beside the run's own, is not taken at its word: an attempt leaves a few."""


class Destination(Protocol):
    """One run's place at a destination. Every act can be done again after a crash at any point.

    Servers are asked again with patience; what they then still refuse is a TargetError by its code
    (docs/destinations.md). Nothing is kept of what a server said: it may name hosts, people or paths.
    """

    channel: str  # folder | sftp | s3

    def put(self, local: Path, name: str) -> None:
        """Bring a sealed file there, not yet published; goes on where an interrupted attempt stopped."""

    def digest(self, name: str, most: int) -> Digest | None:
        """Digest of the bytes that the destination gives back now; None when it has no such file.

        Of a file that is longer than `most` bytes only the beginning is read, and the digest is not that of the file.
        """

    def remove(self, name: str) -> None:
        """Take back one file that is not published; nothing when there is none."""

    def published(self) -> bool:
        """Whether this run's package is there under its final name."""

    def publish(self, manifest: Path, names: frozenset[str]) -> None:
        """Bring the manifest and let the package be seen, in one act; it then holds `names` and the manifest.

        Never over another package. Again after an act whose answer was lost: nothing more happens.
        """

    def tidy(self) -> None:
        """Remove what a crash right after that act left beside a published package."""

    def discard(self) -> None:
        """Take back whatever this run brought, published or not."""


def at_most(most: int, listed: Iterable[str]) -> set[str]:
    """The names that a place lists, which are few; read no further than that, for there may be no end.

    Raises TargetError `destination_lies`.
    """
    found: set[str] = set()
    for name in listed:
        found.add(name)
        if len(found) > most:
            raise TargetError("destination_lies")
    return found


def bring(place: Destination, local: Path, name: str, sealed: Digest) -> None:
    """Put a file, read it back, and compare it with what was sealed; what comes back different is put anew, whole.

    Different once: a former attempt left it. Different twice: its removal, when the answer was lost, may have been done
    again when the new file lay there. Raises TargetError `destination_lies` when the bytes still differ, IntegrityError
    `sealed_part_altered` when the file here is no longer what was sealed.
    """
    for _ in range(_ATTEMPTS):
        place.put(local, name)
        if place.digest(name, sealed.size) == sealed:
            return
        place.remove(name)
    with open(local, "rb") as stream:
        if stream_digest(stream) != sealed:
            raise IntegrityError("sealed_part_altered")
    raise TargetError("destination_lies")
