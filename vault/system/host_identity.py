"""Identifies the machine, its boot, a process's pid namespace and start time, and the user's home folder.

A lease records the identity of the process that made it. A later process compares it with its own, to learn whether it can see
that process.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from vault.system.isolation import FIXED

NAMELESS = "none"
"""The value of `machine_id` on a machine that has no id. It identifies no machine: two machines may both have this value."""


def machine_id(root: Path = Path("/")) -> str:
    """Return the machine's id (machine-id(5)); NAMELESS if the machine has no id, or has not set it yet."""
    path = root / "etc/machine-id"
    text = path.read_text().strip() if path.is_file() else ""
    return NAMELESS if text in ("", "uninitialized") else text


def boot_id() -> str:
    """Return the random id that the kernel made at this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def pid_namespace() -> str:
    """Return the id of this process's pid namespace. In two namespaces, one pid can mean two processes."""
    return os.readlink("/proc/self/ns/pid")


def process_started(pid: int) -> int:
    """Return a process's start time in clock ticks since boot (proc(5), field 22); 0 if no process with this pid is visible."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[19])


def user_home() -> Path:
    """Return the home folder of the effective user, from the password database; $HOME is not trusted."""
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:  # a user without an account, as in some containers
        return Path(FIXED["HOME"])
