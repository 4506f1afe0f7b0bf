"""The ledger for those who watch: its growth, its heads, stamps and witnesses, its last full check."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from flows.admin.ledger import faults
from flows.session.control import Control
from flows.views.log_entries import LogEntry, log_entries
from schemas.errors import RepriseError
from schemas.record import Record, dump, load_or_none
from vault.home_folder import Home
from vault.ledger.notes import split_note
from vault.pki.timestamps import Stamps, stamped_at
from vault.system.clock import format_utc
from vault.system.files import write_durably


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
    growth: tuple[tuple[str, int], ...]  # by day (UTC): the entries up to its end
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
    days: dict[str, int] = {}
    types: Counter[str] = Counter()
    began = newest = None
    for entry in log_entries(control, end=head.size):
        days[entry.at[:10]] = entry.seq
        types[entry.word] += 1
        began, newest = began or entry.at, entry.at
    return LedgerSheet(
        origin=head.origin,
        size=head.size,
        root=head.root.hex(),
        key=store.vkey,
        began=began,
        newest=newest,
        growth=tuple(days.items()),
        types=tuple(types.most_common()),
        stamps=tuple(_stamps(control)),
        witnesses=tuple(_witnesses(control)),
        check=load_or_none(FullCheck, _read(control.home)),
    )


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
