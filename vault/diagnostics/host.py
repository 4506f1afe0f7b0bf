"""The interface between the checks and a host: files below a root, clocks, limits of the kernel, and the Prefect API."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vault.diagnostics.keyring_self_test import try_keyring
from vault.diagnostics.prefect_api import Answer, ask
from vault.system.clock import Clock, SystemClock

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised


def clock_is_synchronised() -> bool | None:
    """Return whether the kernel calls its clock synchronised (adjtimex(2)); None if the kernel does not answer."""
    timex = ctypes.create_string_buffer(512)  # struct timex, modes = 0: read only
    state = int(ctypes.CDLL(None, use_errno=True).adjtimex(timex))
    return None if state < 0 else state != _TIME_ERROR


def _core_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_CORE)[1]


def _space(path: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(path)
    return usage.free, usage.total


def _prefect_api() -> Answer | None:
    """Return the answer of the Prefect API in this environment to a request without a password; None if there is no API."""
    url = os.environ.get("PREFECT_API_URL")
    return ask(url) if url else None


@dataclass(frozen=True)
class Host:
    """A host as the checks read it. Tests make one from folders and fixed answers."""

    root: Path = Path("/")
    clock: Clock = field(default_factory=SystemClock)
    keyring: Callable[[], str | None] = try_keyring
    synchronised: Callable[[], bool | None] = clock_is_synchronised
    core_limit: Callable[[], int] = _core_limit
    space: Callable[[Path], tuple[int, int]] = _space  # free and total bytes
    prefect: Callable[[], Answer | None] = _prefect_api
    parent: int = field(default_factory=os.getppid)

    def path(self, name: str) -> Path:
        """Return a path of the host, given without its leading slash."""
        return self.root / name

    def text(self, name: str) -> str:
        """Return the text of a file; "" if the file does not exist or may not be read."""
        try:
            return self.path(name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def names(self, name: str) -> list[str]:
        """Return the names in a folder, sorted; [] if the folder does not exist or may not be read."""
        try:
            return sorted(p.name for p in self.path(name).iterdir())
        except OSError:
            return []

    def runs_any(self, comms: frozenset[str]) -> bool:
        """Return whether a process of one of these names (proc(5), comm) is visible."""
        running = (self.text(f"proc/{pid}/comm").strip() for pid in self.names("proc") if pid.isdigit())
        return any(comm in comms for comm in running)

    def hides_processes(self) -> bool:
        """Return whether processes of other users are hidden (proc(5), hidepid), by the first process, which always exists."""
        return not self.text("proc/1/comm")

    def boot_id(self) -> str:
        """Return the kernel's id of this boot."""
        return self.text("proc/sys/kernel/random/boot_id").strip()
