"""Locks of a home. The kernel releases a lock when the process that holds the lock ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

from schemas.errors import BusyError


class HeldLock:
    """Locks that are held. As a context manager, it releases them at the end of the block."""

    def __init__(self, held: ExitStack) -> None:
        self._held = held

    def __enter__(self) -> None:
        """Keep the locks."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the locks."""
        self._held.close()


def hold(folder: Path, names: Iterable[str], busy: str, wait_seconds: float = 0) -> HeldLock:
    """Take all of the named locks or none, always in the same order, so that two holders never wait for each other.

    Raises BusyError with the code `busy` if another process still holds one of the locks after `wait_seconds`.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    until = time.monotonic() + wait_seconds
    with ExitStack() as taken:
        for name in sorted(set(names)):
            descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            taken.callback(os.close, descriptor)
            while not _try(descriptor):
                if time.monotonic() >= until:
                    raise BusyError(busy)
                time.sleep(0.05)
        return HeldLock(taken.pop_all())


def lock_intakes(locks: Path) -> HeldLock:
    """Take the lock for changing records of intakes, which every holder keeps only briefly. Raises BusyError (intakes_busy)."""
    return hold(locks, ("intakes",), "intakes_busy", wait_seconds=10)


def lock_people(locks: Path) -> HeldLock:
    """Take the lock for storing an instruction or erasing a person, which every holder keeps only briefly.

    Raises BusyError (doctor_busy).
    """
    return hold(locks, ("people",), "doctor_busy", wait_seconds=10)


def lock_copies(locks: Path, wait_seconds: float = 0) -> HeldLock:
    """Take the lock for destroying copies. Overwriting a large copy takes long. Raises BusyError (custody_busy)."""
    return hold(locks, ("custody",), "custody_busy", wait_seconds)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def lock_file(path: Path) -> AbstractContextManager[None]:
    """Return a context that holds a lock file, and creates it if missing. It waits for the current holder."""
    return _locked(path, os.O_RDWR | os.O_CREAT)


def lock_folder(folder: Path) -> AbstractContextManager[None]:
    """Return a context that locks a folder itself, so that its content can be read, changed and written without interference."""
    return _locked(folder, os.O_RDONLY | os.O_DIRECTORY)


@contextmanager
def _locked(path: Path, flags: int) -> Iterator[None]:
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
