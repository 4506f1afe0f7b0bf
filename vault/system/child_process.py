"""Child processes: the only place that starts this program's children and the programs of the host.

A child does not inherit the working directory. Of its parent's environment it gets only the language and the folder for temporary
files. `python -I` ignores PYTHON*, the user's own packages and the current folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping

from schemas.errors import HostError
from vault.system.hardening import die_with_parent, harden_process
from vault.system.isolation import FIXED, is_path

_INHERITED = frozenset({"LANG", "LANGUAGE", "TMPDIR"})
"""The variables that a child inherits, beside LC_*: it must decode file names as its parent does."""
_WORKING_FOLDER = "/"


def child_environment(**added: str) -> dict[str, str]:
    """Return the environment of every child."""
    kept = {
        n: v for n, v in os.environ.items() if (n in _INHERITED or n.startswith("LC_")) and not is_path(n, v)
    }
    return {**kept, **FIXED, **added}


def start_python(
    module: str, *words: str, environment: Mapping[str, str] | None = None, keep: Collection[int] = ()
) -> subprocess.Popen[str]:
    """Start a module of this program in its own session, with pipes for its orders and findings.

    The child inherits only the descriptors in `keep`.
    """
    return subprocess.Popen(
        _command(module, *words),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=_WORKING_FOLDER,
        env=child_environment(**(environment or {})),
        pass_fds=tuple(keep),
        start_new_session=True,  # Ctrl-C reaches the parent, which decides
    )


def fork_child(work: Callable[[], None]) -> int:
    """Fork this process. Return the pid of the child, which does `work`, hardened, and ends after it, or when this process ends.

    The child loads no code again, so it runs the same code. Fork before there are threads, keys or data to inherit.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        harden_process()
        die_with_parent(parent)
        work()
    finally:
        os._exit(0)


def run_python(module: str, order: str) -> subprocess.CompletedProcess[str]:
    """Run a module of this program to its end with an order on its stdin. Return its exit code and its output."""
    return subprocess.run(
        _command(module),
        input=order,
        capture_output=True,
        text=True,
        check=False,
        cwd=_WORKING_FOLDER,
        env=child_environment(),
    )


def _command(module: str, *words: str) -> list[str]:
    return [sys.executable, "-I", "-B", "-W", "ignore", "-m", module, *words]


def run_program(name: str, *words: str, timeout_seconds: float) -> subprocess.CompletedProcess[bytes]:
    """Run a program of the host, which must be in one of the host's own folders.

    Raises HostError (program_not_found), subprocess.TimeoutExpired.
    """
    program = shutil.which(name, path=FIXED["PATH"])
    if program is None:
        raise HostError("program_not_found")
    return subprocess.run(
        [program, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        cwd=_WORKING_FOLDER,
        env=child_environment(),
        timeout=timeout_seconds,
    )
