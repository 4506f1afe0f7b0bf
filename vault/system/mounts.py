"""The medium under staging: the kernel's file system type, and the site's declaration about the disk."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from schemas.errors import HomeError

DECLARABLE: dict[str, tuple[str, ...]] = {
    "disk": ("ssd", "hdd", "unknown"),
    "luks": ("yes", "no", "unknown"),
    "host_backups": ("none", "yes", "unknown"),
}
"""The settings of `[media]` in `site.toml` and their values. The program cannot measure them: statements call them declared."""

NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "afs", "glusterfs", "fuse.sshfs", "fuse.s3fs", "virtiofs"}
)
"""Types of file systems that are, or may be, on another machine."""
MEMORY = frozenset({"tmpfs", "ramfs"})
_NAME = re.compile(r"[a-z0-9][a-z0-9._\-]{0,31}")


@dataclass(frozen=True)
class Media:
    """What a site declares about the disk under its staging; `unknown` means not declared."""

    disk: str = "unknown"
    luks: str = "unknown"
    host_backups: str = "unknown"

    @classmethod
    def declared(cls, raw: dict[str, Any]) -> Media:
        """Parse `[media]`. Raises HomeError for an unknown value."""
        if any(str(value) not in DECLARABLE.get(name, ()) for name, value in raw.items()):
            raise HomeError("site_setting_unknown")
        return cls(**{name: str(value) for name, value in raw.items()})


@dataclass(frozen=True)
class Mount:
    """One line of mountinfo (proc(5))."""

    device: str  # major:minor
    point: str
    kind: str
    source: str


def mounts_in(mountinfo: str) -> list[Mount]:
    """Return the mounts that the text of `/proc/self/mountinfo` lists, in that order, without malformed lines."""
    mounts = []
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        first, last = before.split(" "), after.split(" ")
        if len(first) > 4 and len(last) > 1:
            mounts.append(Mount(first[2], _unescaped(first[4]), last[0], _unescaped(last[1])))
    return mounts


def mount_above(mounts: list[Mount], path: Path) -> Mount | None:
    """Return the mount of a path: the last mount on the longest mount point above the path, which hides earlier mounts there."""
    above = [mount for mount in mounts if path.is_relative_to(mount.point)]
    longest = max((len(mount.point) for mount in above), default=0)
    return next((mount for mount in reversed(above) if len(mount.point) == longest), None)


def filesystem_type(folder: Path, mountinfo: str | None = None) -> str:
    """Return the type of the file system under a folder; `unknown` if its mount is not visible."""
    if mountinfo is None:
        path = Path("/proc/self/mountinfo")
        mountinfo = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    mount = mount_above(mounts_in(mountinfo), folder.resolve())
    return mount.kind if mount is not None and _NAME.fullmatch(mount.kind) else "unknown"


def _unescaped(text: str) -> str:
    """Decode blank, tab, newline and backslash, which mountinfo writes as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def describe_media(fs_type: str, media: Media) -> dict[str, Any]:
    """Return the field `media` of a destruction statement: what was observed, and what the site only declared."""
    location = "network-fs" if fs_type in NETWORK else "memory-fs" if fs_type in MEMORY else "local-fs"
    underlying = {name: value for name, value in asdict(media).items() if name != "host_backups"}
    return {
        "type": "logical/file-set",
        "location": "unknown" if fs_type == "unknown" else location,
        "fsType": fs_type,
        "underlying": {"basis": "declared-by-site", **underlying},
    }


def backed_up(media: Media) -> str:
    """Return the field `dataBackedUp` (NIST SP 800-88), as the site declares it for its host."""
    return {"none": "no", "yes": "yes"}.get(media.host_backups, "unknown")
