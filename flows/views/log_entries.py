"""The entries of the ledger as rows, read in parts: what a page shows of them, without their commitments."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from flows.session.control import Control

_PART = 4096
"""Entries that are in memory at the same time."""


class LogEntry(msgspec.Struct, frozen=True):
    """What a page shows of an entry."""

    seq: int
    type: str
    runId: str | None  # noqa: N815 - docs/formats/proof.md
    at: str
    code: str
    n: dict[str, int]

    @property
    def word(self) -> str:
        """The type as a code of `dashboard.entry`."""
        return self.type.replace(".", "_")


def written_entries(control: Control, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Yield the entries from an index to another as they were written, oldest first. Raises LedgerError, ProofError."""
    store = control.ledger.store
    size = store.head().size
    until = size if end is None else min(end, size)
    for at in range(start, until, _PART):
        yield from store.read(at, min(at + _PART, until))


def log_entries(control: Control, start: int = 0, end: int | None = None) -> Iterator[LogEntry]:
    """Yield the same as rows."""
    return (msgspec.json.decode(entry, type=LogEntry) for entry in written_entries(control, start, end))
