"""Checks whether the host could write memory to disk, or let another process read it."""

from __future__ import annotations

from collections.abc import Iterator

from vault.diagnostics._disks import is_encrypted
from vault.diagnostics.host import Host
from vault.site import Site
from vault.system.hardening import host_findings


def check_memory(host: Host, site: Site) -> Iterator[str]:
    """Yield codes of findings about memory."""
    for code in host_findings(host.root):
        declared = code == "swap_on" and code in site.declared_exceptions
        yield "swap_declared" if declared else code
    if not all(_swap_is_sealed(host, line) for line in host.text("proc/swaps").splitlines()[1:]):
        yield "swap_unencrypted"
    if host.core_limit() != 0:
        yield "core_limit_open"
    if _can_hibernate(host):
        yield "hibernation_possible"
    scope = host.text("proc/sys/kernel/yama/ptrace_scope").strip()
    if scope in ("", "0"):
        yield "ptrace_open" if scope else "ptrace_unknown"


def _swap_is_sealed(host: Host, line: str) -> bool:
    """Return whether a swap area is in compressed memory or on dm-crypt; false for every swap file, which is not analysed."""
    name = line.split(maxsplit=1)[0].rpartition("/")[2]
    return name.startswith("zram") or is_encrypted(host, name)


def _can_hibernate(host: Host) -> bool:
    """Return whether the kernel can hibernate and has a device to which it would write memory."""
    if "disk" not in host.text("sys/power/state").split():
        return False
    device = host.text("sys/power/resume").strip()
    named = any(word.startswith("resume=") for word in host.text("proc/cmdline").split())
    return named or device not in ("", "0:0")
