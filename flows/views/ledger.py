"""The ledger for those who watch: its growth, its heads, stamps and witnesses, its last full check."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from flows.admin.ledger import faults
from flows.session.control import Control
from flows.views.index import RunIndex
from flows.views.log_entries import LogEntry, log_entries
from schemas.errors import RepriseError
from schemas.record import Record, dump, load_or_none
from vault.home_folder import Home
from vault.ledger.notes import split_note
from vault.pki.timestamps import Stamps, stamped_at
from vault.system.clock import format_utc
from vault.system.files import write_durably

MOST_DAYS = 120
"""The most days of the log's growth that are shown."""


class FullCheck(Record, frozen=True):
    """The last full check of the log that was asked for here: when, over how many entries, what it found."""

    at: str
    size: int
    faults: tuple[str, ...]


@dataclass(frozen=True)
class StampRow:
    """A head that an authority stamped."""

    size: int
    at: str


@dataclass(frozen=True)
class LedgerSheet:
    """The log as it is now."""

    origin: str
    size: int
    root: str  # hexadecimal
    key: str
    began: str | None
    newest: str | None
    growth: tuple[tuple[str, int], ...]  # by day (UTC): the entries up to its end; of many days, some
    types: tuple[tuple[str, int], ...]  # most frequent first
    stamps: tuple[StampRow, ...]
    witnesses: tuple[
        str, ...
    ]  # who signed the head beside the log; whether to trust them is the reader's policy
    check: FullCheck | None


def ledger_sheet(control: Control) -> LedgerSheet:
    """Returns the log as it is now. Raises LedgerError, ProofError for a damaged log."""
    store = control.ledger.store
    head = store.head()
    with RunIndex.of(control) as index:
        days = index.query("SELECT day, last_seq + 1 FROM day ORDER BY last_seq")
        types = index.query("SELECT type, count FROM kind ORDER BY count DESC, type")
    ends = [next(log_entries(control, at, at + 1)).at for at in (0, head.size - 1)] if head.size else []
    return LedgerSheet(
        origin=head.origin,
        size=head.size,
        root=head.root.hex(),
        key=store.vkey,
        began=ends[0] if ends else None,
        newest=ends[-1] if ends else None,
        growth=tuple(_thinned(days)),
        types=tuple((kind.replace(".", "_"), count) for kind, count in types),
        stamps=tuple(_stamps(control)),
        witnesses=tuple(_witnesses(control)),
        check=load_or_none(FullCheck, _read(control.home)),
    )


def _thinned(days: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Returns at most `MOST_DAYS` of the days, evenly, always with the last one."""
    step = max(-(-len(days) // MOST_DAYS), 1)
    return days[::-1][::step][::-1]


def entries_backwards(control: Control, page: int, a_page: int) -> tuple[list[LogEntry], int]:
    """Returns a page of entries, newest first, and the number of all."""
    size = control.ledger.store.head().size
    end = max(size - (page - 1) * a_page, 0)
    return list(log_entries(control, max(end - a_page, 0), end))[::-1], size


def check_now(control: Control) -> FullCheck:
    """Check the whole log against its rules, its stamped heads and this host's record; remember and return the result."""
    try:
        found = faults(control.home, [], [])
    except RepriseError as fault:
        found = [fault.code]
    size = 0
    with suppress(RepriseError):
        size = control.ledger.store.head().size
    made = FullCheck(format_utc(control.clock.now()), size, tuple(found))
    write_durably(control.home.ledger_check, dump(made))
    return made


def _read(home: Home) -> bytes:
    return home.ledger_check.read_bytes() if home.ledger_check.is_file() else b""


def _stamps(control: Control) -> list[StampRow]:
    kept = Stamps(control.home.stamps, control.home.trust).kept()
    return [StampRow(stamp.size, format_utc(stamped_at(stamp.response))) for stamp in kept[::-1]]


def _witnesses(control: Control) -> list[str]:
    """Returns the names under the head besides the log's own."""
    if not control.ledger.store.head().size:
        return []
    names = (line.split(" ")[1] for line in split_note(control.ledger.store.checkpoint())[1])
    return sorted({name for name in names if name != control.site.origin})
