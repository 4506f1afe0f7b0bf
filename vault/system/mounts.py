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
"""`[media]` in `site.toml`: the program cannot measure any of it, so it is a declaration, and printed as one."""

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
    """Returns the mounts of `/proc/self/mountinfo`, in its order; ignores malformed lines."""
    found = []
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        first, last = before.split(" "), after.split(" ")
        if len(first) > 4 and len(last) > 1:
            found.append(Mount(first[2], _unescaped(first[4]), last[0], _unescaped(last[1])))
    return found


def mount_above(mounts: list[Mount], path: Path) -> Mount | None:
    """Returns the mount of a path: the last one on the longest mount point above it, which hides earlier ones."""
    above = [mount for mount in mounts if path.is_relative_to(mount.point)]
    longest = max((len(mount.point) for mount in above), default=0)
    return next((mount for mount in reversed(above) if len(mount.point) == longest), None)


def filesystem_type(folder: Path, mountinfo: str | None = None) -> str:
    """Returns the type of the file system under a folder; `unknown` when it is not visible."""
    if mountinfo is None:
        listed = Path("/proc/self/mountinfo")
        mountinfo = listed.read_text(encoding="utf-8", errors="replace") if listed.is_file() else ""
    mount = mount_above(mounts_in(mountinfo), folder.resolve())
    return mount.kind if mount is not None and _NAME.fullmatch(mount.kind) else "unknown"


def _unescaped(text: str) -> str:
    """Decode blank, tab, newline and backslash, which are written as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def describe_media(fs_type: str, media: Media) -> dict[str, Any]:
    """Returns `media` of a destruction statement: what was observed, and what was only declared."""
    location = "network-fs" if fs_type in NETWORK else "memory-fs" if fs_type in MEMORY else "local-fs"
    underlying = {name: value for name, value in asdict(media).items() if name != "host_backups"}
    return {
        "type": "logical/file-set",
        "location": "unknown" if fs_type == "unknown" else location,
        "fsType": fs_type,
        "underlying": {"basis": "declared-by-site", **underlying},
    }


def backed_up(media: Media) -> str:
    """Returns `dataBackedUp` (NIST SP 800-88), as the site declares it for its host."""
    return {"none": "no", "yes": "yes"}.get(media.host_backups, "unknown")
