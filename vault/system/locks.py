"""Locks of a home: the kernel releases each when its holder ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

from schemas.errors import BusyError


class HeldLock:
    """Held locks; a context manager that lets go."""

    def __init__(self, held: ExitStack) -> None:
        self._held = held

    def __enter__(self) -> None:
        """Go on holding."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go."""
        self._held.close()


def hold(home: Path, names: Iterable[str], busy: str, wait_seconds: float = 0) -> HeldLock:
    """Take the named locks, all or none, in one order, so that two holders never wait for each other.

    Raises BusyError with the code `busy` when another process holds one of them beyond the wait.
    """
    folder = home / "locks"
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


def lock_intakes(home: Path) -> HeldLock:
    """Take the lock under which records of intakes change; it is held for a moment only."""
    return hold(home, ("intakes",), "intakes_busy", wait_seconds=10)


def lock_people(home: Path) -> HeldLock:
    """Take the lock under which an instruction is checked and kept, or a person erased; it is held for a moment only."""
    return hold(home, ("people",), "doctor_busy", wait_seconds=10)


def lock_copies(home: Path, wait_seconds: float = 0) -> HeldLock:
    """Take the lock under which copies end: overwriting a large one takes its time. Raises BusyError (custody_busy)."""
    return hold(home, ("custody",), "custody_busy", wait_seconds)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Hold a lock file, made if there is none, until the block ends; waits for whoever holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Hold a folder itself until the block ends: read, change and write what lies in it without another in between."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
