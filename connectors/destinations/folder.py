"""A folder of this host. Whoever owns it may rename and remove in it: that must gain him nothing but his own loss.

Files arrive in `.reprise-RUN.incoming/reprise-RUN`, two folders for this user alone that are held by descriptor. Publication
moves the inner one out of the outer one, in one rename: the owner of the destination cannot put anything in the place of
either, for he may not write in the outer one. What he puts in the place of the outer one is not this user's, or does not
hold the run's name alone, and is refused. Above the destination itself nothing needs to be trusted: who can rename there
chooses where the package arrives, as he chooses where it goes afterwards; nothing that the run did not make is written
over or removed.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from connectors.destinations.base import MANIFEST
from connectors.destinations.held_folder import HeldFolder
from schemas.digests import Digest, stream_digest
from schemas.errors import TargetError, TargetRefusedError

P = ParamSpec("P")
T = TypeVar("T")
CODES = {
    errno.ENOSPC: "destination_full",
    errno.EDQUOT: "destination_full",
    errno.EFBIG: "destination_full",
    errno.EEXIST: "package_exists",
    errno.ENOTEMPTY: "package_exists",
    errno.ELOOP: "destination_no_folder",  # a link
    errno.ENOTDIR: "destination_no_folder",  # a file, or a link
    errno.ENOENT: "destination_missing",
}


def _told(act: Callable[P, T]) -> Callable[P, T]:
    """What this host refuses is a TargetError by its code; its own words hold paths."""

    @wraps(act)
    def acting(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return act(*arguments, **named)
        except OSError as error:
            code = CODES.get(error.errno or 0, "destination_unusable")
        if code == "destination_full":
            raise TargetError(code)
        raise TargetRefusedError(code)

    return acting


class FolderDestination:
    """`reprise-RUN` in a folder that is there; until then it grows out of sight beside it."""

    channel = "folder"

    def __init__(self, folder: Path, run_id: str) -> None:
        self._path = folder
        self._package = f"reprise-{run_id}"
        self._hidden = f".reprise-{run_id}.incoming"
        self._run_id = run_id
        self._folder: HeldFolder | None = None
        self._outer: HeldFolder | None = None
        self._inner: HeldFolder | None = None

    @_told
    def try_out(self) -> None:
        """See that files can arrive here, and are then this user's alone; leaves nothing.

        Raises TargetError (destination_full), TargetRefusedError (destination_missing, destination_no_folder,
        destination_not_private, destination_unusable).
        """
        try:
            self._arriving()
        finally:  # of two folders one may have been made
            self._drop_hidden()

    def put(self, local: Path, name: str) -> None:
        """Copy a file; one of the same size that came before stays, and is judged when it is read back."""
        with open(local, "rb") as source:
            self._put(source, name)

    @_told
    def _put(self, source: BinaryIO, name: str) -> None:
        inner = self._arriving()
        there = inner.read(name)
        if there is not None:
            with there:
                if os.fstat(there.fileno()).st_size == os.fstat(source.fileno()).st_size:
                    return
            inner.unlink(name)
        with inner.create(name) as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
            sink.flush()
            os.fsync(sink.fileno())

    @_told
    def digest(self, name: str, most: int) -> Digest | None:  # noqa: ARG002 - a file of this host has an end
        """Digest of a file as the folder gives it now."""
        place = self._delivered() or self._find_arriving()
        stream = place.read(name) if place is not None else None
        if stream is None:
            return None
        with stream:
            return stream_digest(stream)

    @_told
    def remove(self, name: str) -> None:
        """Unlink one file that is not published."""
        inner = self._find_arriving()
        if inner is not None:
            inner.unlink(name)

    @_told
    def published(self) -> bool:
        """Whether a folder of this user's has the final name."""
        return self._delivered() is not None

    def publish(self, manifest: Path, names: frozenset[str]) -> None:
        """The manifest, then one rename.

        Raises TargetRefusedError `package_exists`, and TargetError `destination_lies` when another folder than the one that was
        filled and read back has the final name.
        """
        if self.published():
            raise TargetRefusedError("package_exists")
        self.put(manifest, MANIFEST)
        self._publish(names | {MANIFEST})

    @_told
    def _publish(self, names: frozenset[str]) -> None:
        inner, outer, folder = self._arriving(), self._outer, self._held()
        assert outer is not None  # noqa: S101 - it holds the inner one
        found = frozenset(inner.names())
        for name in found - names:  # of a former attempt: nobody else may write here
            inner.unlink(name)
        if not names <= found:
            raise TargetError("destination_lies")
        inner.sync()
        outer.move(self._package, folder)
        folder.sync()
        if not folder.has_as(self._package, inner):
            raise TargetError("destination_lies")
        self._inner = None
        self._drop_hidden()

    @_told
    def tidy(self) -> None:
        """Remove the empty folder in which a published package grew."""
        if self._find_arriving() is None:
            self._drop_hidden()

    @_told
    def discard(self) -> None:
        """Remove what the run wrote, by its names, in folders that are the run's; then the folders, when they are empty.

        Raises TargetRefusedError `destination_not_private` when another's folder stands in their place, and `package_altered`
        when the package is not this run's.
        """
        delivered = self._delivered()
        if delivered is not None:
            for name in self._names_in(delivered):
                delivered.unlink(name)
            self._held().remove_empty(self._package)
            self._held().sync()
        inner = self._find_arriving()
        if inner is not None:
            for name in inner.names():
                inner.unlink(name)
        self._drop_hidden()

    def _held(self) -> HeldFolder:
        """The destination's folder, opened once."""
        self._folder = self._folder or HeldFolder.at(self._path)
        return self._folder

    def _delivered(self) -> HeldFolder | None:
        return self._held().enter_own(self._package)

    def _find_arriving(self) -> HeldFolder | None:
        """The folder in which files arrived, when there is one of this run's."""
        if self._inner is None:
            self._outer = self._outer or self._held().enter_own(self._hidden)
            if self._outer is not None:
                if set(self._outer.names()) - {self._package}:
                    raise TargetRefusedError("destination_not_private")  # another run's, renamed
                self._inner = self._outer.enter_own(self._package)
        return self._inner

    def _arriving(self) -> HeldFolder:
        """The folder in which files arrive; made when it is missing."""
        found = self._find_arriving()
        if found is None:
            self._outer = self._outer or self._held().make(self._hidden)
            found = self._inner = self._outer.make(self._package)
        return found

    def _drop_hidden(self) -> None:
        """Remove the folders in which files arrived, which are empty now; the outer one may have been renamed."""
        outer, self._outer, self._inner = self._outer, None, None
        if outer is None:
            return
        outer.remove_empty(self._package)
        if self._held().has_as(self._hidden, outer):
            self._held().remove_empty(self._hidden)
        self._held().sync()

    def _names_in(self, delivered: HeldFolder) -> list[str]:
        """The files of a package of this run, its manifest last; none when it is empty."""
        stream = delivered.read(MANIFEST)
        if stream is None and not delivered.names():
            return []
        try:
            with stream or open(os.devnull, "rb") as opened:
                manifest = json.loads(opened.read(16 << 20))
            if manifest["run"] == self._run_id:
                return [*(str(part["name"]) for part in manifest["parts"]), MANIFEST]
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
        raise TargetRefusedError("package_altered")
