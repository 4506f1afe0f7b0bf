"""Keeps keys and plain data inside one process: no core dumps, no tracing by processes of the same uid, private files.

It also reports which settings of the host could write memory to disk.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


def harden_process() -> None:
    """Forbid core dumps and tracing, and make new files private. Call it at the start of each program: exec resets all this."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends. Kill it at once if `parent` (a pid) is no longer its parent."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def host_findings(root: Path = Path("/")) -> tuple[str, ...]:
    """Return codes for the settings that could write this host's memory to disk: `swap_on`, `core_pattern_pipes`."""
    codes = []
    swaps = root / "proc/swaps"
    if swaps.is_file() and len(swaps.read_text(errors="replace").splitlines()) > 1:
        codes.append("swap_on")
    pattern = root / "proc/sys/kernel/core_pattern"
    if pattern.is_file() and pattern.read_text(errors="replace").startswith("|"):
        codes.append("core_pattern_pipes")
    return tuple(codes)
