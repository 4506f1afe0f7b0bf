"""The index rebuilt, and compared with a second one made from ledger and runs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from flows.session.control import Control
from flows.views import _index_file
from flows.views.index import RunIndex


@dataclass(frozen=True)
class Rebuilt:
    """What an index holds: entries read, runs with and without a certificate, and how many tables differ from a new index."""

    entries: int
    settled: int
    live: int
    differing: int = 0


def rebuild(control: Control) -> Rebuilt:
    """Delete the index and rebuild it."""
    _index_file.drop_file(control.home)
    with RunIndex.of(control) as index:
        return _size_of(index)


def check(control: Control) -> Rebuilt:
    """Build a second index in memory from ledger and runs, and count the tables that differ from the stored index."""
    with RunIndex.of(control) as kept, _index_file.in_memory() as file:
        fresh = RunIndex(control, file)
        fresh.update()
        kept.update()
        differing = sum(_differs(kept, fresh, sql) for sql in _COMPARED)
        size = _size_of(kept)
        return Rebuilt(size.entries, size.settled, size.live, differing)


_TOLD = (
    "run, number, use, started_seq, started_at, deadline_s, failed_seq, failed_at, failed_code, ended_seq, ended_at, cause,"
    " files, bytes, ends, imported, imported_at, manifest, certified, flags, uses_of, uses_use"
)
_COMPARED = (
    "SELECT size, peaks, root, started FROM seen ORDER BY 1",
    f"SELECT {_TOLD} FROM told ORDER BY run",
    "SELECT t.run, e.seq FROM entry e JOIN told t ON t.id = e.run ORDER BY 1, 2",
    "SELECT * FROM settled ORDER BY run",
    "SELECT * FROM live ORDER BY run",
    "SELECT * FROM concerns ORDER BY 1, 2",
    "SELECT * FROM day ORDER BY 1",
    "SELECT * FROM kind ORDER BY 1",
    "SELECT * FROM fault ORDER BY 1, 2",
    "SELECT * FROM uses ORDER BY 1, 2",
)


def _differs(kept: RunIndex, fresh: RunIndex, sql: str) -> bool:
    pairs = zip_longest(kept.each(sql), fresh.each(sql))
    return any(one != other for one, other in pairs)


def _size_of(index: RunIndex) -> Rebuilt:
    ((live,),) = index.query("SELECT COUNT(*) FROM live")
    return Rebuilt(index.size(), index.count_settled(), live)
