"""Reads and checks the manifest of a package, and the files beside its sealed parts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from connectors.targets.manifest import VERSION
from schemas.digests import Digest, stream_digest
from schemas.errors import PackageError
from schemas.regular_file import open_regular

_MAX_MANIFEST_BYTES = 64 << 20


@dataclass(frozen=True)
class Part:
    """One part in the manifest."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """The manifest of a package: its run, its sealed parts, the files beside them, which are not sealed, and its counts."""

    run: str
    parts: tuple[Part, ...]
    beside: tuple[Part, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()


def read_manifest(package: Path) -> Manifest:
    """Return the manifest. Raises PackageError: manifest_missing, manifest_malformed, package_version_unknown."""
    try:
        with open_regular(package / "manifest.json") as stream:
            text = stream.read(_MAX_MANIFEST_BYTES)
    except OSError:
        raise PackageError("manifest_missing") from None
    try:
        raw = json.loads(text)
        parts, beside = _parts(raw["parts"]), _parts(raw.get("beside", []))
        run, version = str(raw.get("run")), raw.get("version")
        counts = _counts(raw.get("counts", {}))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise PackageError("manifest_malformed") from None
    names = [part.name for part in (*parts, *beside)]
    if not parts or len(set(names)) != len(names) or not all(is_name(name) for name in names):
        raise PackageError("manifest_malformed")
    if version != VERSION:
        raise PackageError("package_version_unknown")
    return Manifest(run, parts, beside, counts)


def _parts(rows: list[dict[str, object]]) -> tuple[Part, ...]:
    """Return the parts in these rows. Raises TypeError if a value has another type, KeyError if a value is missing."""
    parts = tuple(Part(row["name"], row["sha256"], row["bytes"]) for row in rows)  # type: ignore[arg-type]
    if not all(isinstance(p.name, str) and isinstance(p.sha256, str) and type(p.bytes) is int for p in parts):
        raise TypeError
    return parts


def _counts(stated: dict[str, object]) -> tuple[tuple[str, int], ...]:
    return tuple((str(name), count) for name, count in stated.items() if type(count) is int)


def check_beside(package: Path, manifest: Manifest) -> None:
    """Check the files beside the parts. A file may be missing. Raises PackageError (beside_altered) if one was changed."""
    for part in manifest.beside:
        path = package / part.name
        if path.is_file():
            with open_regular(path) as stream:
                if stream_digest(stream) != Digest(part.sha256, part.bytes):
                    raise PackageError("beside_altered")


def is_name(name: str) -> bool:
    """Return whether this is a name that every file system accepts, without a path."""
    return (
        name not in ("", ".", "..")
        and len(name.encode("utf-8", "replace")) < 256
        and name.isprintable()
        and not set(name) & set("/\\:")
    )
