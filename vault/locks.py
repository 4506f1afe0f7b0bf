"""One run a doctor and an instruction, one change of an intake at a time: locks that the kernel releases with their holder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

from schemas.errors import BusyError
from vault.lease import readable_runs
from vault.run_files import is_ended


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


def hold_run(home: Path, names: Iterable[str], wait_seconds: float = 0) -> HeldLock:
    """Take the locks of an instruction and of everybody whom it concerns (by opaque ids), all or none.

    They are taken in one order, so that two who need some of the same never wait for each other. Raises BusyError
    (doctor_busy, with the run in the way where there is one) when another holds one of them beyond the wait.
    """
    names = set(names)
    try:
        return _hold(home, names, "doctor_busy", wait_seconds)
    except BusyError as error:
        busy = error
    holders = [
        r.run_id for r in readable_runs(home)[0] if names & set(r.locks) and not is_ended(home, r.run_id)
    ]
    if holders:
        busy.name_run(holders[-1])
    raise busy


def hold_intakes(home: Path) -> HeldLock:
    """Take the lock under which records of intakes change; it is held for a moment only."""
    return _hold(home, ("intakes",), "intakes_busy", wait_seconds=10)


def hold_people(home: Path) -> HeldLock:
    """Take the lock under which an instruction is checked and kept, or a person erased; it is held for a moment only."""
    return _hold(home, ("people",), "doctor_busy", wait_seconds=10)


def hold_custody(home: Path, wait_seconds: float = 0) -> HeldLock:
    """Take the lock under which copies end: overwriting a large one takes its time. Raises BusyError (custody_busy)."""
    return _hold(home, ("custody",), "custody_busy", wait_seconds)


def _hold(home: Path, names: Iterable[str], busy: str, wait_seconds: float) -> HeldLock:
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


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Change what lies in a folder one after the other: read, change and write without another in between."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
