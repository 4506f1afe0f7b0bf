"""Whether a process lives, without believing that what cannot be seen has ended.

A data process cannot be read by others, so on a /proc mounted with hidepid its own user does not see it. What says that it
lives is a lock (flock(2)) on a file of its run: taken before it is started, handed to it, and let go by the kernel when
its last descriptor closes, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import KeyUnavailableError
from vault.system.host_identity import process_started

NAME = ".data.lock"
_POLL_SECONDS = 0.02
_KILLED_WITHIN_SECONDS = 5.0


@contextmanager
def starting(run_folder: Path) -> Iterator[int]:
    """A descriptor that holds the run's lock, for the data process that is started meanwhile; closed here afterwards.

    Raises KeyUnavailableError (data_process_lives) while a former one holds it.
    """
    descriptor = os.open(run_folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not wait(lambda: _lock(descriptor, fcntl.LOCK_EX)):
            raise KeyUnavailableError("data_process_lives")
        os.ftruncate(descriptor, 0)  # the number of a former process
        yield descriptor
    finally:
        os.close(descriptor)


def announce(descriptor: int) -> None:
    """In the data process: keep the lock until the end, for no other process, and note which process holds it."""
    os.set_inheritable(descriptor, False)
    fcntl.flock(
        descriptor, fcntl.LOCK_EX
    )  # it is held already, but by each process for itself on a network file system
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)


def data_process_lives(run_folder: Path) -> bool | None:
    """Whether the lock is held; None where no data process ever had one (a run begun by the first release)."""
    try:
        descriptor = os.open(run_folder / NAME, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return not _lock(descriptor, fcntl.LOCK_SH)  # two who ask at once do not see each other
    finally:
        os.close(descriptor)


def end_data_process(run_folder: Path) -> None:
    """Kill the holder of the lock and wait until it is let go, for so long as that may take."""
    wait(lambda: not data_process_lives(run_folder) or _kill_holder(run_folder))


def _kill_holder(run_folder: Path) -> bool:
    """Send the signal to the process that holds the lock, and to no other that has its number by now. Gives False."""
    pid = _holder(run_folder)
    if pid is None:
        return False  # it was started this moment
    with contextlib.suppress(ProcessLookupError, PermissionError):
        process = os.pidfd_open(pid)
        try:
            if data_process_lives(run_folder) and _holder(run_folder) == pid:
                signal.pidfd_send_signal(process, signal.SIGKILL)
        finally:
            os.close(process)
    return False


def _holder(run_folder: Path) -> int | None:
    try:
        text = (run_folder / NAME).read_bytes()
    except OSError:
        return None
    return int(text) if text.isdigit() and len(text) < 10 else None


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def wait(met: Callable[[], bool]) -> bool:
    """Ask again and again until it is so, for as long as the end of a killed process may take; whether it became so."""
    until = time.monotonic() + _KILLED_WITHIN_SECONDS
    while not met():
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def may_live(pid: int, started: int) -> bool:
    """Whether the process of this number and start time lives; true as well when it cannot be seen."""
    if pid <= 0 or not started:
        return False
    seen = process_started(pid)
    return seen == started if seen else exists(pid)


def exists(pid: int) -> bool:
    """Whether any process has this number, seen or not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True
