"""Audit of a whole ledger: everything recomputed from the entries, and nothing missing."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from schemas.errors import LedgerError
from vault.canonical import canonical_json
from vault.ledger import TILE, parse_bundle, tile_path
from vault.merkle import leaf_hash, root_hash
from vault.notes import Checkpoint, VerifierKey, open_note


def audit(folder: Path, verifier: VerifierKey, now: datetime) -> list[str]:
    """The faults of a ledger, as codes; none when it is whole and complete.

    Checks signature, root, every tile and bundle, canonical entries, the gapless counter, and that every run has an
    earlier authorisation and exactly one end or time left.
    """
    if not any((folder / name).exists() for name in ("checkpoint", ".size", "tile")):
        return []  # nothing was ever recorded
    try:
        head = Checkpoint.parse(open_note((folder / "checkpoint").read_bytes(), verifier))
        entries = _entries(folder, head.size)
    except (OSError, LedgerError) as error:
        return [getattr(error, "code", "file_missing")]
    leaves = [leaf_hash(entry) for entry in entries]
    if len(entries) != head.size or root_hash(leaves) != head.root:
        return ["root_differs"]
    return _tile_faults(folder, leaves) + _entry_faults(entries, now)


def _entries(folder: Path, size: int) -> list[bytes]:
    found: list[bytes] = []
    for index in range((size + TILE - 1) // TILE):
        width = min(TILE, size - index * TILE)
        found += parse_bundle((folder / tile_path("entries", index, width)).read_bytes())
    return found


def _tile_faults(folder: Path, leaves: list[bytes]) -> list[str]:
    faults: list[str] = []
    level, hashes = 0, leaves
    while hashes:
        for index in range((len(hashes) + TILE - 1) // TILE):
            some = hashes[index * TILE : (index + 1) * TILE]
            path = folder / tile_path(level, index, len(some))
            if not path.is_file() or path.read_bytes() != b"".join(some):
                faults.append("tile_differs")
        hashes = [root_hash(hashes[i * TILE : (i + 1) * TILE]) for i in range(len(hashes) // TILE)]
        level += 1
    return faults


def _entry_faults(entries: list[bytes], now: datetime) -> list[str]:
    faults: list[str] = []
    parsed: list[dict[str, Any]] = []
    for sequence, entry in enumerate(entries, start=1):
        try:
            body = json.loads(entry)
            canonical = canonical_json(body) == entry and body["runSeq"] == sequence
        except (ValueError, KeyError, TypeError, RecursionError):
            canonical, body = False, {}
        if not canonical:
            faults.append("entry_malformed")
        parsed.append(body)
    return faults + _completeness(parsed, now)


def _completeness(entries: list[dict[str, Any]], now: datetime) -> list[str]:
    faults: list[str] = []
    types: dict[str, list[str]] = {}
    deadlines: dict[str, int] = {}
    for body in entries:
        run = body.get("runId")
        if run is None:
            continue
        types.setdefault(run, []).append(str(body.get("type")))
        if body.get("type") == "run.started":
            deadlines[run] = int(body.get("n", {}).get("deadline_s", 0))
            if "authorisation.checked" not in types[run]:
                faults.append("run_without_authorisation")
    for run, deadline in deadlines.items():
        ends = types[run].count("destruction.completed")
        if ends > 1:
            faults.append("destroyed_twice")
        if ends == 0 and now.timestamp() > deadline:
            faults.append("run_overdue")
    return faults
