"""The manifest of a package, read and checked, and the files beside the sealed parts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from connectors.targets.manifest import VERSION
from schemas.digests import Digest, stream_digest
from schemas.errors import PackageError
from schemas.regular_file import open_regular

_MANIFEST_BYTES = 64 << 20


@dataclass(frozen=True)
class Part:
    """One part in the manifest."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """What a package's manifest states: its run, its parts, and the files beside them, which are not sealed."""

    run: str
    parts: tuple[Part, ...]
    beside: tuple[Part, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()


def read_manifest(package: Path) -> Manifest:
    """Read `manifest.json`. Raises PackageError."""
    try:
        with open_regular(package / "manifest.json") as stream:
            text = stream.read(_MANIFEST_BYTES)
    except OSError:
        raise PackageError("manifest_missing") from None
    try:
        raw = json.loads(text)
        found, beside = _parts(raw["parts"]), _parts(raw.get("beside", []))
        run, version = str(raw.get("run")), raw.get("version")
        counts = _counts(raw.get("counts", {}))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise PackageError("manifest_malformed") from None
    names = [part.name for part in (*found, *beside)]
    if not found or len(set(names)) != len(names) or not all(is_name(name) for name in names):
        raise PackageError("manifest_malformed")
    if version != VERSION:
        raise PackageError("package_version_unknown")
    return Manifest(run, found, beside, counts)


def _parts(rows: list[dict[str, object]]) -> tuple[Part, ...]:
    """Raises TypeError for values of other types, KeyError for a missing one."""
    parts = tuple(Part(row["name"], row["sha256"], row["bytes"]) for row in rows)  # type: ignore[arg-type]
    if not all(isinstance(p.name, str) and isinstance(p.sha256, str) and type(p.bytes) is int for p in parts):
        raise TypeError
    return parts


def _counts(stated: dict[str, object]) -> tuple[tuple[str, int], ...]:
    return tuple((str(name), count) for name, count in stated.items() if type(count) is int)


def check_beside(package: Path, manifest: Manifest) -> None:
    """A file beside the parts may be missing, but not be another: a page that was changed could show anything."""
    for part in manifest.beside:
        path = package / part.name
        if path.is_file():
            with open_regular(path) as stream:
                if stream_digest(stream) != Digest(part.sha256, part.bytes):
                    raise PackageError("beside_altered")


def is_name(name: str) -> bool:
    """Return whether this is one step of a path that every file system accepts."""
    return (
        name not in ("", ".", "..")
        and len(name.encode("utf-8", "replace")) < 256
        and name.isprintable()
        and not set(name) & set("/\\:")
    )
