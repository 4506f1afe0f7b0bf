"""Checks the storage under a folder: mount, file system, block device, encryption with dm-crypt, and free space."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vault.diagnostics.host import Host
from vault.system.mounts import MEMORY, NETWORK, Mount, mount_above, mounts_in

SNAPSHOTS = frozenset({"btrfs", "zfs", "bcachefs"})
_MIB = 1 << 20


def check_disks(host: Host, places: tuple[Path, ...]) -> Iterator[str]:
    """Yield codes of findings about the disks under these folders, and about their free space."""
    mounts = {mount for mount in (mount_of(host, place) for place in places) if mount is not None}
    codes = {code for mount in mounts for code in _mount_findings(host, mount)}
    yield from sorted(codes or ({"disk_unknown"} if not mounts else set()))
    free, whole = min(host.space(place) for place in places)
    if free < 64 * _MIB:
        yield "space_out"
    elif free < 1024 * _MIB or free * 20 < whole:
        yield "space_low"


def mount_of(host: Host, path: Path) -> Mount | None:
    """Return the mount of a path."""
    return mount_above(mounts_in(host.text("proc/self/mountinfo")), path)


def _mount_findings(host: Host, mount: Mount) -> Iterator[str]:
    if mount.kind in NETWORK:
        yield "disk_network"
        return
    if mount.kind in MEMORY:
        yield "disk_volatile"
        return
    if mount.kind in SNAPSHOTS:
        yield "disk_snapshots"
    name = _device_name(host, mount)
    if name is None:
        yield "disk_unknown"
        return
    if not is_encrypted(host, name):
        yield "disk_unencrypted"
    if any(
        host.text(f"sys/class/block/{disk}/queue/rotational").strip() == "0" for disk in _layers(host, name)
    ):
        yield "disk_flash"


def _device_name(host: Host, mount: Mount) -> str | None:
    """Return the kernel's name of the mount's block device."""
    for line in host.text(f"sys/dev/block/{mount.device}/uevent").splitlines():
        if line.startswith("DEVNAME="):
            return line.removeprefix("DEVNAME=")
    name = _kernel_name(host, mount.source.rpartition("/")[2])
    return name if name in host.names("sys/class/block") else None


def _kernel_name(host: Host, name: str) -> str:
    """Return the kernel's `dm-N` for a device-mapper name (`/dev/mapper/NAME`), and another name unchanged."""
    mapped = (d for d in host.names("sys/class/block") if d.startswith("dm-"))
    return next((d for d in mapped if host.text(f"sys/class/block/{d}/dm/name").strip() == name), name)


def is_encrypted(host: Host, name: str) -> bool:
    """Return whether dm-crypt is among the layers of a block device."""
    layers = _layers(host, _kernel_name(host, name))
    return any(host.text(f"sys/class/block/{layer}/dm/uuid").startswith("CRYPT-") for layer in layers)


def _layers(host: Host, name: str) -> list[str]:
    """Return the device, the devices that it is mapped onto, and the disks of any partitions among them."""
    layers: list[str] = []
    todo = [name]
    while todo and len(layers) < 32:
        layer = todo.pop()
        if layer in layers:
            continue
        layers.append(layer)
        todo += host.names(f"sys/class/block/{layer}/slaves")
        if host.text(f"sys/class/block/{layer}/partition"):
            todo.append(host.path(f"sys/class/block/{layer}").resolve().parent.name)
    return layers
