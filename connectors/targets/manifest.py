"""The manifest of a package: profile, counts, digests of the sealed parts. It holds no personal data."""

from __future__ import annotations

import json


def build_manifest(
    profile: str, counts: dict[str, int], parts: list[tuple[str, int, str]], run_id: str
) -> bytes:
    """Canonical JSON (sorted keys, no blanks); parts are (name, bytes, SHA-256 of the ciphertext)."""
    body = {
        "version": 1,
        "run": run_id,
        "profile": profile,
        "counts": counts,
        "parts": [{"name": name, "bytes": size, "sha256": sha256} for name, size, sha256 in parts],
    }
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def parts_in(manifest: bytes) -> list[tuple[str, int, str]]:
    """The parts listed by `build_manifest`."""
    return [(part["name"], part["bytes"], part["sha256"]) for part in json.loads(manifest)["parts"]]
