"""Records an act of an operator in the ledger. All acts follow one sequence.

intent on disk -> the act -> its entry in the ledger -> intent removed

A refusal is an entry too. If the process ends before the entry is written, the intent remains, and the next process that opens
the home records `act.interrupted`, with the type of the missing entry, because the act may have been done.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import RefusedError, RepriseError
from schemas.record import Record, dump, load_or_none
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.system.files import sync_folder

if TYPE_CHECKING:
    from flows.session.control import Control


class Intent(Record, frozen=True):
    """An act that has begun, with the type of its entry."""

    type: EntryType


@dataclass
class Act:
    """The content of an act's entry; code and counts may be known only after the act."""

    code: str
    counts: dict[str, int] = field(default_factory=dict)


@contextmanager
def act(
    control: Control,
    entry_type: EntryType,
    code: str = "done",
    *,
    refused: EntryType = EntryType.ACT_REFUSED,
) -> Iterator[Act]:
    """Run the block as an act, and record it. Raises what the block raises; a refusal or failure is an entry with its code."""
    doing = Act(code)
    with _intent(control.home, entry_type) as intent:
        try:
            yield doing
        except RepriseError as error:
            control.record(refused, None, error.code, {"exit": error.exit_code})
            intent.unlink()
            raise
        control.record(entry_type, None, doing.code, doing.counts or None)
        intent.unlink()


@contextmanager
def recording_refusal(control: Control) -> Iterator[None]:
    """Run the block as a check that changes nothing. Only its refusal is an entry."""
    try:
        yield
    except RefusedError as refusal:
        control.record_refused(refusal)
        raise


def record_interrupted(control: Control) -> int:
    """Record each act whose process ended before its entry was written. Return their number."""
    recorded = 0
    for path in sorted((control.home.acts).glob("*.json")):
        # OSError: the act's process is running, or another process is recording the act
        with contextlib.suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists():
                control.record(EntryType.ACT_INTERRUPTED, None, _type_in(file.read()))
                path.unlink()
                recorded += 1
    return recorded


def _type_in(intent: bytes) -> str:
    """Return the type of the act's entry; `not_begun` for an incomplete intent, of an act that a crash prevented."""
    parsed = load_or_none(Intent, intent)
    return "not_begun" if parsed is None else parsed.type.value


@contextmanager
def _intent(home: Home, entry_type: EntryType) -> Iterator[Path]:
    """Write the intent to disk, and lock it until its process ends.

    The file gets its final name when it is complete and locked, because an unlocked file of that name counts as interrupted.
    """
    folder = home.acts
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{secrets.token_hex(8)}.json"
    unnamed = path.with_suffix(".new")
    descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, dump(Intent(entry_type)))
        os.fsync(descriptor)
        unnamed.rename(path)
        sync_folder(folder)
        yield path
    finally:
        os.close(descriptor)
