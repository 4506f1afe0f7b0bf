"""Audits a whole ledger: recomputes every file from the entries, and checks the sequence of entries against the rules."""

from __future__ import annotations

import json
import re
import stat
from datetime import datetime
from pathlib import Path

from schemas.errors import LedgerError
from schemas.record import dump, load_or_none
from vault.canonical_json import canonical_json
from vault.ledger.completeness import sequence_faults
from vault.ledger.entries import FIELDS, EntryType
from vault.ledger.log import TreeNote
from vault.ledger.merkle import leaf_hash, root_hash
from vault.ledger.notes import Checkpoint, VerifierKey, open_note
from vault.ledger.tiles import (
    HASHES_PER_TILE,
    MAX_BUNDLE_ENTRY_BYTES,
    format_bundle,
    parse_bundle,
    tile_path,
    widths,
)

_TILE_NAME = re.compile(
    r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)
_TYPES = frozenset(EntryType)
MAX_FILE_BYTES = HASHES_PER_TILE * (2 + MAX_BUNDLE_ENTRY_BYTES)
_FILES_BESIDE_TILES = frozenset({"checkpoint", ".tree", ".lock", ".writing"})


def audit(
    folder: Path, verifier: VerifierKey, now: datetime, heads: tuple[Checkpoint, ...] = ()
) -> list[str]:
    """Return the faults of a ledger as codes; an empty list if it is intact and complete.

    Check the signature, the root, every tile and bundle, the form and number of every entry, and that each run has an earlier
    authorisation and either exactly one entry of its end or time left. `heads` were issued before (certificates contain them):
    the log must extend each of them. `now` is in UTC.
    """
    paths = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    if any(_is_odd(path) for path in paths):
        return ["unknown_file"]
    names = {path.relative_to(folder).as_posix() for path in paths}
    if not names - {".lock", ".writing"}:
        return ["log_shorter_than_head"] * bool(heads)  # this log is empty
    try:
        head = Checkpoint.parse(open_note((folder / "checkpoint").read_bytes(), verifier))
        entries = _entries(folder, head.size)
    except (OSError, LedgerError) as error:
        return [getattr(error, "code", "file_missing")]
    leaves = [leaf_hash(entry) for entry in entries]
    if head.origin != verifier.name:
        return ["origin_differs"]
    if len(entries) != head.size or root_hash(leaves) != head.root:
        return ["root_differs"]
    return [
        *_head_faults(leaves, heads, head.origin),
        *_note_faults(folder, head, leaves),
        *_file_faults(folder, names, entries, leaves),
        *_form_faults(entries),
        *sequence_faults(entries, now),
    ]


def _is_odd(path: Path) -> bool:
    """Return whether the path is a link, pipe or device, or a file larger than any file of a log (it may be sparse)."""
    status = path.lstat()
    return not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES


def _entries(folder: Path, size: int) -> list[bytes]:
    entries: list[bytes] = []
    for index, width in widths(size, 0):
        entries += parse_bundle((folder / tile_path("entries", index, width)).read_bytes())
    return entries


def _head_faults(leaves: list[bytes], heads: tuple[Checkpoint, ...], origin: str) -> list[str]:
    """Return one code for each issued head that this log does not extend."""
    faults = []
    for head in heads:
        if head.origin != origin:
            faults.append("head_of_another_log")
        elif head.size > len(leaves):
            faults.append("log_shorter_than_head")
        elif root_hash(leaves[: head.size]) != head.root:
            faults.append("log_differs_from_head")
    return faults


def _note_faults(folder: Path, head: Checkpoint, leaves: list[bytes]) -> list[str]:
    """Return a fault if `.tree` states neither this head nor the next head, of an append that was interrupted."""
    path = folder / ".tree"
    if not path.is_file():
        return []
    data = path.read_bytes()
    note = load_or_none(TreeNote, data)
    if note is None or dump(note) != data:
        return ["tree_note_malformed"]
    if note.size == head.size:
        grew = 0 <= note.after < note.size and root_hash(leaves[: note.after]).hex() == note.former
        return [] if grew and note.root == head.root.hex() else ["tree_note_differs"]
    grows = note.size > head.size == note.after and note.former == head.root.hex()
    return [] if grows else ["checkpoint_older_than_log"]


def _file_faults(folder: Path, names: set[str], entries: list[bytes], leaves: list[bytes]) -> list[str]:
    """Return a fault for each tile or bundle that is missing, and for each that differs from the entries.

    Files beyond the head belong to an append that was never recorded. They are no fault; the next append removes them.
    """
    levels = _levels(leaves)
    wanted = {tile_path("entries", i, w) for i, w in widths(len(entries), 0)}
    wanted |= {tile_path(level, i, w) for level in range(len(levels)) for i, w in widths(len(entries), level)}
    rows = {"entries": entries, **{str(level): hashes for level, hashes in enumerate(levels)}}
    faults = ["tile_missing" for name in wanted - names]
    for name in sorted(names - _FILES_BESIDE_TILES):
        parsed = _TILE_NAME.fullmatch(name)
        if parsed is None:
            faults.append("unknown_file")
            continue
        index = int(parsed[2].replace("/", "").replace("x", ""))
        width = int(parsed[3] or HASHES_PER_TILE)
        row_part = rows.get(parsed[1], [])[index * HASHES_PER_TILE : index * HASHES_PER_TILE + width]
        if width > HASHES_PER_TILE or len(row_part) < width:
            continue
        data = format_bundle(row_part) if parsed[1] == "entries" else b"".join(row_part)
        if (folder / name).read_bytes() != data:
            faults.append("tile_differs")
    return faults


def _levels(leaves: list[bytes]) -> list[list[bytes]]:
    """Return the hashes of each tile level."""
    levels = [leaves]
    while len(levels[-1]) >= HASHES_PER_TILE:
        below = levels[-1]
        levels.append(
            [
                root_hash(below[i * HASHES_PER_TILE : (i + 1) * HASHES_PER_TILE])
                for i in range(len(below) // HASHES_PER_TILE)
            ]
        )
    return levels


def _form_faults(entries: list[bytes]) -> list[str]:
    """Return a fault for each entry that is not canonical JSON with the fields of an entry, or whose number is not its place."""
    faults = []
    for number, entry in enumerate(entries, start=1):
        try:
            body = json.loads(entry)
            whole = canonical_json(body) == entry and body["seq"] == number and set(body) == FIELDS
            whole = whole and body["type"] in _TYPES and isinstance(body["n"], dict)
        except (ValueError, KeyError, TypeError, RecursionError):
            whole = False
        if not whole:
            faults.append("entry_malformed")
    return faults
