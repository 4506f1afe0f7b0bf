"""A machine within the machine: systemd as the init of its own namespaces, over a copy-on-write view of this disk.

What it writes stays below `folder`; only `shared` is the same inside and outside. The kernel, and so its keyring, is
the one we run on; each boot has an id of its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

SYSTEMD = Path("/lib/systemd/systemd")
STARTS_WITHIN_SECONDS = 60
_missing = [tool for tool in ("unshare", "nsenter", "systemctl") if shutil.which(tool) is None]
needs_namespaces = pytest.mark.skipif(
    bool(_missing) or not SYSTEMD.exists() or os.geteuid() != 0,
    reason=f"a machine of its own needs root and systemd, and lacks: {_missing or 'nothing else'}",
)
_BOOT = """
set -e
folder=$1 shared=$2 root=$1/root
mount --make-rprivate /
mount -t overlay overlay -o lowerdir=/,upperdir=$folder/upper,workdir=$folder/work $root
mount -t proc proc $root/proc
mount --rbind /sys $root/sys
mount -o remount,bind,ro $root/sys  # udev keeps off; the control groups below stay writable
mount -t tmpfs tmpfs $root/run
cat /proc/sys/kernel/random/uuid > $root/run/boot_id  # the kernel's own stays when this machine boots anew
mount --bind $root/run/boot_id $root/proc/sys/kernel/random/boot_id
mount -t tmpfs tmpfs $root/dev -o mode=755
for device in null zero full random urandom tty; do
  touch $root/dev/$device; mount --bind /dev/$device $root/dev/$device
done
mkdir $root/dev/shm $root/dev/pts $root/dev/mqueue $root/dev/hugepages; mount -t tmpfs tmpfs $root/dev/shm
mount -t devpts devpts $root/dev/pts -o newinstance,ptmxmode=0666; ln -s pts/ptmx $root/dev/ptmx
ln -sf /dev/null $root/etc/systemd/system/systemd-tmpfiles-setup.service  # it would empty /tmp
touch $root/etc/.updated $root/var/.updated  # else systemd takes it for a machine just upgraded
mkdir -p $root$shared; mount --bind $shared $root$shared
mkdir -p $root/.outside; cd $root; pivot_root . .outside  # in a mere chroot no unit gets a namespace of its own
umount -l /.outside
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  /lib/systemd/systemd --system --unit=timers.target --log-target=journal --show-status=no
"""


class Machine:
    """A machine that can be switched on and off; its disk stays."""

    def __init__(self, folder: Path, shared: Path) -> None:
        self._folder, self._shared = folder, shared
        for name in ("upper", "work", "root"):
            (folder / name).mkdir(parents=True)
        self._starter: subprocess.Popen[bytes] | None = None

    def boot(self) -> None:
        """Switch on; return when systemd answers. Skips the test where such namespaces are not allowed."""
        words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc"]
        words += ["bash", "-c", _BOOT, "boot", str(self._folder), str(self._shared)]
        self._starter = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        until = time.monotonic() + STARTS_WITHIN_SECONDS
        while time.monotonic() < until:
            if self._starter.poll() is not None:
                assert self._starter.stderr is not None
                pytest.skip(f"no systemd in namespaces here: {self._starter.stderr.read()[:200]!r}")
            if self._init() and self.call("systemctl", "is-active", "timers.target").returncode == 0:
                return
            time.sleep(0.2)
        self.power_off()
        pytest.skip(f"systemd does not come up in namespaces here within {STARTS_WITHIN_SECONDS} s")

    def power_off(self) -> None:
        """Switch off at once, as a plug that is pulled."""
        if self._starter is not None:
            pid = self._init()
            os.kill(pid or self._starter.pid, signal.SIGKILL)  # with either all inside dies (`--kill-child`)
            self._starter.wait(30)
            self._starter = None

    def call(self, *words: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a command inside."""
        enter = ["nsenter", "-t", str(self._init()), "-m", "-p", "-u", "-i", "-r", "-w"]
        return subprocess.run(
            [*enter, *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
        )

    def boot_id(self) -> str:
        """Which of its boots this is."""
        return self.call("cat", "/proc/sys/kernel/random/boot_id").stdout.strip()

    def journal(self) -> str:
        """The last lines of its journal since it was switched on."""
        return self.call("journalctl", "-b", "-n", "40", "--no-pager").stdout

    def _init(self) -> int | None:
        """The first process inside, as it is numbered outside, once it is systemd."""
        assert self._starter is not None
        pid = self._starter.pid
        try:
            (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            is_systemd = Path(f"/proc/{child}/comm").read_text().startswith("systemd")
        except (OSError, ValueError):
            return None
        return int(child) if is_systemd else None
