"""Sealed zip parts: members are compressed and sealed as they are written, so no plain byte reaches a disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from flows.steps._zip_stream import ZipStream
from schemas.digests import Digest, Hashing
from vault.age.sealing import seal_stream


class SealedZip:
    """A zip whose bytes are sealed to the recipients as they are written."""

    def __init__(self, archive: ZipStream, hashing: Hashing) -> None:
        self._archive, self._hashing = archive, hashing

    def digest(self) -> Digest:
        """Return the digest of the sealed bytes as written, once the zip is closed."""
        return self._hashing.close()

    def member(self, name: str) -> AbstractContextManager[Callable[[bytes], None]]:
        """Open a member; yields the callable that takes its bytes."""
        return self._archive.member(name)


@contextmanager
def sealed_zip(path: Path, recipients: tuple[str, ...]) -> Iterator[SealedZip]:
    """Write a zip sealed to the recipients at `path`."""
    hashing = Hashing()
    with seal_stream(list(recipients), path, hashing) as sealed:
        archive = ZipStream(sealed.write)
        yield SealedZip(archive, hashing)
        archive.close()
