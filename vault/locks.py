"""One run a doctor: a lock that the kernel releases when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import BusyError


@contextmanager
def doctor_lock(home: Path, subject_id: str) -> Iterator[None]:
    """Hold the lock of a doctor (by opaque id). Raises BusyError at once when another process holds it."""
    folder = home / "locks"
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder / f"{subject_id}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        held = _try(descriptor)
        if not held:
            raise BusyError("doctor_busy")
        yield
    finally:
        os.close(descriptor)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
