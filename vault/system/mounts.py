"""What staging lies on: what the kernel says of the file system, and what the site declares of the disk below it."""

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
"""`[media]` in `site.toml`: nothing of it can be measured from here, so it is a declaration, and printed as one."""

_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "fuse.sshfs", "virtiofs"})
_MEMORY = frozenset({"tmpfs", "ramfs"})
_NAME = re.compile(r"[a-z0-9][a-z0-9._\-]{0,31}")


@dataclass(frozen=True)
class Media:
    """What a site declares of the disk under its staging; `unknown` is what it does not declare."""

    disk: str = "unknown"
    luks: str = "unknown"
    host_backups: str = "unknown"

    @classmethod
    def declared(cls, raw: dict[str, Any]) -> Media:
        """Read `[media]`. Raises HomeError for a word that is no enumeration value."""
        if any(str(value) not in DECLARABLE.get(name, ()) for name, value in raw.items()):
            raise HomeError("site_setting_unknown")
        return cls(**{name: str(value) for name, value in raw.items()})


def filesystem_type(folder: Path, mounts: str | None = None) -> str:
    """The type of the file system under a folder (`/proc/self/mountinfo`, proc(5)); `unknown` when it cannot be told."""
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
    """Blank, tab, newline and backslash stand as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def describe_media(fs_type: str, media: Media) -> dict[str, Any]:
    """`media` of a destruction statement: what was seen, and what was only declared."""
    location = "network-fs" if fs_type in _NETWORK else "memory-fs" if fs_type in _MEMORY else "local-fs"
    underlying = {name: value for name, value in asdict(media).items() if name != "host_backups"}
    return {
        "type": "logical/file-set",
        "location": "unknown" if fs_type == "unknown" else location,
        "fsType": fs_type,
        "underlying": {"basis": "declared-by-site", **underlying},
    }


def backed_up(media: Media) -> str:
    """`dataBackedUp` after NIST SP 800-88, as the site declares it of its host."""
    return {"none": "no", "yes": "yes"}.get(media.host_backups, "unknown")
