"""Sealed zip parts: members are compressed into a pipe that ends in age, so no plain byte reaches a disk."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.digests import Digest, Hashing
from vault.sealing import seal_stream

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest moment a zip can hold: a package tells no times of its making


class SealedZip:
    """A zip whose bytes are sealed to the recipients as they are made."""

    def __init__(self, archive: zipfile.ZipFile, hashing: Hashing) -> None:
        self._archive, self._hashing = archive, hashing

    def digest(self) -> Digest:
        """Digest of the sealed bytes as they were made, once the zip is closed."""
        return self._hashing.close()

    @contextmanager
    def member(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Open a member and give the callable that takes its bytes."""
        info = zipfile.ZipInfo(name, _EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        with self._archive.open(info, "w", force_zip64=True) as stream:
            yield lambda piece: _write(stream, piece)


def _write(stream: object, piece: bytes) -> None:
    stream.write(piece)  # type: ignore[attr-defined]


@contextmanager
def sealed_zip(path: Path, recipients: tuple[str, ...]) -> Iterator[SealedZip]:
    """Write a zip sealed to the recipients at `path`."""
    hashing = Hashing()
    with (
        seal_stream(list(recipients), path, hashing) as sink,
        zipfile.ZipFile(sink, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        yield SealedZip(archive, hashing)
