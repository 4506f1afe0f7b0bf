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

_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "fuse.sshfs", "virtiofs"})
_MEMORY = frozenset({"tmpfs", "ramfs"})
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


def filesystem_type(folder: Path, mounts: str | None = None) -> str:
    """Returns the type of the file system under a folder (`/proc/self/mountinfo`, proc(5)), or `unknown`."""
    if mounts is None:
        listed = Path("/proc/self/mountinfo")
        mounts = listed.read_text(encoding="utf-8", errors="replace") if listed.is_file() else ""
    place, best, found = folder.resolve(), -1, "unknown"
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        words = fields.split(" ")
        if len(words) < 5 or not rest:
            continue
        point = Path(_unescaped(words[4]))
        depth = len(point.parts)
        if place.is_relative_to(point) and depth >= best:  # a later mount on the same point hides the earlier
            best, found = depth, rest.split(" ")[0]
    return found if _NAME.fullmatch(found) else "unknown"


def _unescaped(text: str) -> str:
    """Decode blank, tab, newline and backslash, which are written as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def describe_media(fs_type: str, media: Media) -> dict[str, Any]:
    """Returns `media` of a destruction statement: what was observed, and what was only declared."""
    location = "network-fs" if fs_type in _NETWORK else "memory-fs" if fs_type in _MEMORY else "local-fs"
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
