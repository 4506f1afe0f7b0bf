"""Tests whether a process is running. A process that this user cannot see does not count as ended.

Other processes cannot read a data process, so with hidepid on /proc even its own user does not see it. A lock (flock(2)) on a
file of its run shows that it is running. The lock is taken before the data process starts and passed to that process. The kernel
releases the lock when the last descriptor closes, however the process ends.
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
    """Yield a descriptor that holds the run's lock, for a data process that is started inside the block; close it afterwards.

    Raises KeyUnavailableError (data_process_lives) if an earlier data process holds the lock for longer than the usual limit.
    """
    descriptor = os.open(run_folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not wait(lambda: _lock(descriptor, fcntl.LOCK_EX)):
            raise KeyUnavailableError("data_process_lives")
        os.ftruncate(descriptor, 0)  # the pid of an earlier process
        yield descriptor
    finally:
        os.close(descriptor)


def announce(descriptor: int) -> None:
    """Keep the lock in this data process until its end, do not pass it to children, and write this process's pid to its file."""
    os.set_inheritable(descriptor, False)
    fcntl.flock(
        descriptor, fcntl.LOCK_EX
    )  # already held, but a network file system grants it to each process separately
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)


def data_process_lives(run_folder: Path) -> bool | None:
    """Return whether the lock is held; None if the run never had a data process with a lock (a run of the first release)."""
    try:
        descriptor = os.open(run_folder / NAME, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return not _lock(descriptor, fcntl.LOCK_SH)  # LOCK_SH: two concurrent callers do not see each other
    finally:
        os.close(descriptor)


def end_data_process(run_folder: Path) -> None:
    """Kill the lock's holder and wait until the lock is released, or until the usual limit has passed."""
    wait(lambda: not data_process_lives(run_folder) or _kill_holder(run_folder))


def _kill_holder(run_folder: Path) -> bool:
    """Signal the process that holds the lock, and no other that now has its pid. Return False."""
    pid = _holder(run_folder)
    if pid is None:
        return False  # a data process that has not yet written its pid
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
    """Poll until the condition is met or the limit for a killed process has passed. Return whether the condition was met."""
    until = time.monotonic() + _KILLED_WITHIN_SECONDS
    while not met():
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def may_live(pid: int, started: int) -> bool:
    """Return whether a process with this pid and start time may be running.

    If the start time is not visible, the pid alone decides.
    """
    if pid <= 0 or not started:
        return False
    visible_start = process_started(pid)
    return visible_start == started if visible_start else exists(pid)


def exists(pid: int) -> bool:
    """Return whether any process has this pid, visible or not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's process
    return True
