"""A folder of this host. Its owner may rename and remove entries; this must harm nothing but the owner's own package.

Files arrive in `.reprise-RUN.incoming/reprise-RUN`, two folders that only this user can access, held by descriptor.
Publication moves the inner folder out of the outer one in one rename. The destination's owner cannot replace the inner
folder, because only this user can write in the outer one. A replacement of the outer folder is refused: it does not belong
to this user, or does not hold the run's name alone. Nothing above the destination needs to be trusted: a user who can rename
there decides where the package arrives, and also where it goes afterwards. The run overwrites and removes only what it made.
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


def _as_target_error(act: Callable[P, T]) -> Callable[P, T]:
    """Turn errors of this host into TargetErrors with a code; their own texts hold paths."""

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
    """`reprise-RUN` in an existing folder; until publication, a hidden folder beside it."""

    channel = "folder"

    def __init__(self, folder: Path, run_id: str) -> None:
        self._path = folder
        self._package = f"reprise-{run_id}"
        self._hidden = f".reprise-{run_id}.incoming"
        self._run_id = run_id
        self._folder: HeldFolder | None = None
        self._outer: HeldFolder | None = None
        self._inner: HeldFolder | None = None

    @_as_target_error
    def try_out(self) -> None:
        """Check that files can arrive here and are then accessible to this user only; leaves nothing behind.

        Raises TargetError (destination_full), TargetRefusedError (destination_missing, destination_no_folder,
        destination_not_private, destination_unusable).
        """
        try:
            self._arriving()
        finally:  # one of the two folders may have been made
            self._drop_hidden()

    def put(self, local: Path, name: str) -> None:
        """Copy a file; an existing one of the same size stays, and is checked when it is read back."""
        with open(local, "rb") as source:
            self._put(source, name)

    @_as_target_error
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

    @_as_target_error
    def digest(self, name: str, most: int) -> Digest | None:  # noqa: ARG002 - a file of this host has an end
        """Digest of a file as the folder returns it now."""
        place = self._delivered() or self._find_arriving()
        stream = place.read(name) if place is not None else None
        if stream is None:
            return None
        with stream:
            return stream_digest(stream)

    @_as_target_error
    def remove(self, name: str) -> None:
        """Unlink one file that is not published."""
        inner = self._find_arriving()
        if inner is not None:
            inner.unlink(name)

    @_as_target_error
    def published(self) -> bool:
        """Whether a folder owned by this user has the final name."""
        return self._delivered() is not None

    def publish(self, manifest: Path, names: frozenset[str]) -> None:
        """Write the manifest, then publish with one rename.

        Raises TargetRefusedError `package_exists`, and TargetError `destination_lies` if the folder with the final name
        is not the one that was filled and read back.
        """
        if self.published():
            raise TargetRefusedError("package_exists")
        self.put(manifest, MANIFEST)
        self._publish(names | {MANIFEST})

    @_as_target_error
    def _publish(self, names: frozenset[str]) -> None:
        inner, outer, folder = self._arriving(), self._outer, self._held()
        assert outer is not None  # noqa: S101 - it holds the inner one
        found = frozenset(inner.names())
        for name in found - names:  # from an earlier attempt: no other user can write here
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

    @_as_target_error
    def tidy(self) -> None:
        """Remove the empty folder that held the package before publication."""
        if self._find_arriving() is None:
            self._drop_hidden()

    @_as_target_error
    def discard(self) -> None:
        """Remove the files that the run wrote, by name, in folders of the run; then the folders, if they are empty.

        Raises TargetRefusedError `destination_not_private` if another user's folder has taken their place, and `package_altered`
        if the package is not this run's.
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
        """Returns the folder in which files arrived, if this run has one."""
        if self._inner is None:
            self._outer = self._outer or self._held().enter_own(self._hidden)
            if self._outer is not None:
                if set(self._outer.names()) - {self._package}:
                    raise TargetRefusedError("destination_not_private")  # another run's folder, renamed
                self._inner = self._outer.enter_own(self._package)
        return self._inner

    def _arriving(self) -> HeldFolder:
        """Returns the folder in which files arrive; makes it if it is missing."""
        found = self._find_arriving()
        if found is None:
            self._outer = self._outer or self._held().make(self._hidden)
            found = self._inner = self._outer.make(self._package)
        return found

    def _drop_hidden(self) -> None:
        """Remove the now empty folders in which files arrived; the outer one may have been renamed."""
        outer, self._outer, self._inner = self._outer, None, None
        if outer is None:
            return
        outer.remove_empty(self._package)
        if self._held().has_as(self._hidden, outer):
            self._held().remove_empty(self._hidden)
        self._held().sync()

    def _names_in(self, delivered: HeldFolder) -> list[str]:
        """The files of a package of this run, manifest last; none if it is empty."""
        stream = delivered.read(MANIFEST)
        if stream is None and not delivered.names():
            return []
        try:
            with stream or open(os.devnull, "rb") as opened:
                manifest = json.loads(opened.read(16 << 20))
            if manifest["run"] == self._run_id:
                listed = [*manifest["parts"], *manifest.get("beside", [])]
                return [*(str(file["name"]) for file in listed), MANIFEST]
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
        raise TargetRefusedError("package_altered")
