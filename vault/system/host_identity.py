"""Which machine, boot and pid namespace this is: a lease records them, and they are compared later.

Also the user's home folder, according to the host.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from vault.system.isolation import FIXED

NAMELESS = "none"
"""The id of every machine without one: two such machines cannot be told apart."""


def machine_id(root: Path = Path("/")) -> str:
    """Returns the machine's id (machine-id(5)); NAMELESS where there is none, or none yet."""
    path = root / "etc/machine-id"
    text = path.read_text().strip() if path.is_file() else ""
    return NAMELESS if text in ("", "uninitialized") else text


def boot_id() -> str:
    """Returns the boot's random id."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def pid_namespace() -> str:
    """Returns the pid namespace: the same process id in another namespace means another process."""
    return os.readlink("/proc/self/ns/pid")


def process_started(pid: int) -> int:
    """Returns a process's start time in clock ticks since boot (proc(5), field 22); 0 when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[19])


def user_home() -> Path:
    """Returns the acting user's home folder from the password database; $HOME may name anything."""
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:  # a user without an account, as in some containers
        return Path(FIXED["HOME"])
