"""The protocol of a destination: where a run's package goes, and how it is compared with what was sealed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from schemas.digests import Digest, stream_digest
from schemas.errors import IntegrityError, TargetError

MANIFEST = "manifest.json"
"""The entry point for readers of a package: a folder without it is not a package."""
_ATTEMPTS = 3
STRANGERS = 1000
"""A place that lists more files than this beside the run's own is not believed: an attempt leaves only a few."""


class Destination(Protocol):
    """One run's place at a destination. Every operation can be repeated after a crash at any point.

    Failed requests to servers are repeated with backoff; a refusal that remains is a TargetError with its code
    (docs/destinations.md). No text from a server is kept: it may name hosts, people or paths.
    """

    channel: str  # folder | sftp | s3

    def put(self, local: Path, name: str) -> None:
        """Transfer a sealed file without publishing it; continues where an interrupted attempt stopped."""

    def digest(self, name: str, most: int) -> Digest | None:
        """Digest of the bytes that the destination returns now; None if it has no such file.

        If the file is longer than `most` bytes, only its beginning is read, and the digest is not that of the file.
        """

    def remove(self, name: str) -> None:
        """Remove one unpublished file; does nothing if it is missing."""

    def published(self) -> bool:
        """Whether this run's package exists under its final name."""

    def publish(self, manifest: Path, names: frozenset[str]) -> None:
        """Transfer the manifest and make the package visible in one step; it then holds `names` and the manifest.

        Never replaces another package. Repeating a publication whose answer was lost changes nothing.
        """

    def tidy(self) -> None:
        """Remove what a crash right after publication left beside the package."""

    def discard(self) -> None:
        """Remove everything this run transferred, published or not."""


def at_most(most: int, listed: Iterable[str]) -> set[str]:
    """Returns the names that a place lists, which are few; stops reading above `most`, because the list may be endless.

    Raises TargetError `destination_lies`.
    """
    found: set[str] = set()
    for name in listed:
        found.add(name)
        if len(found) > most:
            raise TargetError("destination_lies")
    return found


def bring(place: Destination, local: Path, name: str, sealed: Digest) -> None:
    """Put a file, read it back and compare it with what was sealed; transfer it anew, whole, if it differs.

    One difference: an earlier attempt left the file. Two: when the answer to its removal was lost, the removal may have been
    repeated after the new file arrived. Raises TargetError `destination_lies` if the bytes still differ, IntegrityError
    `sealed_part_altered` if the local file is no longer what was sealed.
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
