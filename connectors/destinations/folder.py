"""A folder of this host: parts grow beside it, and publication is one rename."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from connectors.destinations.base import MANIFEST
from schemas.digests import Digest, stream_digest
from schemas.errors import TargetRefusedError


class FolderDestination:
    """`reprise-RUN` in a folder; until then `.reprise-RUN.partial` beside it."""

    channel = "folder"

    def __init__(self, folder: Path, run_id: str) -> None:
        self._folder = folder
        self._partial = folder / f".reprise-{run_id}.partial"
        self._final = folder / f"reprise-{run_id}"

    def put(self, local: Path, name: str) -> None:
        """Copy a file beside the others; one that was sealed there already stays."""
        target = self._partial / name
        if target.is_file() and target.samefile(local):
            return
        self._partial.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(local, target)
        _sync(target)

    def digest(self, name: str) -> Digest | None:
        """Digest of a file as the disk gives it now."""
        path = (self._final if self.published() else self._partial) / name
        if not path.is_file():
            return None
        with open(path, "rb") as stream:
            return stream_digest(stream)

    def remove(self, name: str) -> None:
        """Unlink one file that is not published."""
        (self._partial / name).unlink(missing_ok=True)

    def published(self) -> bool:
        """Whether the folder has its final name."""
        return self._final.is_dir()

    def publish(self, manifest: Path, names: frozenset[str]) -> None:
        """The manifest, then one rename. Raises TargetRefusedError when there is a package already."""
        if self.published():
            raise TargetRefusedError("package_exists")
        self.put(manifest, MANIFEST)
        for path in self._partial.iterdir():
            if path.name not in names | {MANIFEST}:
                path.unlink()
        _sync(self._partial)
        os.rename(self._partial, self._final)
        _sync(self._folder)

    def discard(self) -> None:
        """Remove both folders of the run."""
        for folder in (self._final, self._partial):
            if folder.is_dir():
                shutil.rmtree(folder)
                _sync(self._folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
