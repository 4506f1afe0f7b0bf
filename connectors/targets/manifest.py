"""The manifest of a package: profile, counts, digests of its files. It holds no personal data."""

from __future__ import annotations

import json

VERSION = 1
"""A reader refuses a package of another version."""

Listed = tuple[str, int, str]
"""A file of a package: its name, its bytes, and the SHA-256 of what lies in the package."""


def build_manifest(
    profile: str, counts: dict[str, int], parts: list[Listed], run_id: str, beside: list[Listed] | None = None
) -> bytes:
    """Canonical JSON (sorted keys, no blanks); parts are sealed, the files beside them are not."""
    body = {
        "version": VERSION,
        "run": run_id,
        "profile": profile,
        "counts": counts,
        "parts": _rows(parts),
        "beside": _rows(beside or []),
    }
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _rows(files: list[Listed]) -> list[dict[str, str | int]]:
    return [{"name": name, "bytes": size, "sha256": sha256} for name, size, sha256 in files]


def parts_in(manifest: bytes) -> list[Listed]:
    """The parts listed by `build_manifest`."""
    return _listed(manifest, "parts")


def beside_in(manifest: bytes) -> list[Listed]:
    """The files beside the parts; none in a package of an earlier release."""
    return _listed(manifest, "beside")


def _listed(manifest: bytes, name: str) -> list[Listed]:
    return [(row["name"], row["bytes"], row["sha256"]) for row in json.loads(manifest).get(name, [])]
