"""A disk in a file: made, mounted, and read as it lies."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MEBIBYTES = 48
_missing = [tool for tool in ("mkfs.ext4", "mount", "umount", "e2fsck") if shutil.which(tool) is None]
needs_loop_disks = pytest.mark.skipif(
    bool(_missing) or os.geteuid() != 0,
    reason=f"disks in files need root, and lack: {_missing or 'nothing else'}",
)


def call(*words: object, allowed: tuple[int, ...] = (0,)) -> None:
    """Run a tool of the system; where it does not work, say so and skip."""
    done = subprocess.run([str(word) for word in words], capture_output=True, check=False)
    if done.returncode not in allowed:
        pytest.skip(f"{words[0]} does not work here: exit {done.returncode}")


def make_disk(path: Path) -> Path:
    """An empty ext4 file system in a file."""
    with path.open("wb") as image:
        image.truncate(MEBIBYTES << 20)
    call("mkfs.ext4", "-q", path)
    return path


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[None]:
    """The disk under a folder."""
    call("mount", "-o", "loop", image, place)
    try:
        yield
    finally:
        for _ in range(50):
            if subprocess.run(["umount", place], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.1)
