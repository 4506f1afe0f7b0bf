"""The index: a local SQLite file with what pages need from ledger and runs, so that a large home is as fast as a small one.

It holds only derived data: opaque ids, codes and moments. Opening it reads new entries and folders; a deleted index is rebuilt.
Every entry read is hashed into a Merkle tree. Its root must equal the root of the signed head, so the index matches this log. A
run without a certificate is read from its own records each time. For a run with one, only ledger entries change the index.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from flows.session.control import Control
from flows.views import _index_file
from flows.views._index_log import Changes, LogReader
from schemas.errors import LedgerError
from vault.authorisation.register import persons_of
from vault.ledger.merkle import Peaks, leaf_hash
from vault.runs.facts import is_ended
from vault.runs.lease import Lease, has_lease, is_set_aside

_BATCH = 16_384
"""Entries read at once, so that memory does not grow with the log."""
_UNSURE_NS = 2_000_000_000
"""A modification time younger than this is not trusted: a second change may leave it the same."""


@dataclass(frozen=True)
class Told:
    """What the ledger says of a run."""

    began: bool = False
    ended: str | None = None
    cause: str | None = None
    imported: str = ""


@dataclass(frozen=True)
class Settled:
    """A run with a certificate."""

    run: str
    doctor: str
    use: str
    created: str
    deadline: str
    ledger_start: int
    ended: str | None
    cause: str | None
    imported: str


_COLUMNS = "s.run, s.doctor, s.use, s.created, s.deadline, s.ledger_start, t.ended_at, t.cause, COALESCE(t.imported, '')"
_FOUND = "SELECT run FROM settled s WHERE {} ORDER BY s.created DESC, s.ledger_start DESC, s.run DESC LIMIT ? OFFSET ?"
_SETTLED = (
    f"SELECT {_COLUMNS} FROM ({_FOUND}) f JOIN settled s ON s.run = f.run LEFT JOIN told t ON t.run = s.run"
)
_NEWEST = " ORDER BY s.created DESC, s.ledger_start DESC, s.run DESC"
_WAITING = f"SELECT {_COLUMNS} FROM told t INDEXED BY told_waiting JOIN settled s ON s.run = t.run"


class RunIndex:
    """The index of one home, as it is now."""

    def __init__(self, control: Control, file: sqlite3.Connection) -> None:
        self._control, self._home, self._file = control, control.home, file

    @classmethod
    @contextmanager
    def of(cls, control: Control) -> Iterator[RunIndex]:
        """Open the index of a home and bring it up to date; a damaged one is made anew, once."""
        with ExitStack() as opened:
            try:
                index = cls._opened(control, opened)
            except sqlite3.DatabaseError as error:
                if not _index_file.is_damage(error):
                    raise
                opened.close()
                _index_file.drop_file(control.home)
                index = cls._opened(control, opened)
            try:
                yield index
            except sqlite3.DatabaseError as error:
                if _index_file.is_damage(error):
                    _index_file.drop_file(control.home)  # the next to open it makes it anew
                raise

    @classmethod
    def _opened(cls, control: Control, opened: ExitStack) -> RunIndex:
        index = cls(control, opened.enter_context(_index_file.open_file(control.home)))
        index.update()
        return index

    # ---- queries

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run an SQL query on the tables (`_index_file`) and return all rows."""
        return self._file.execute(sql, values).fetchall()

    def each(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Run an SQL query and return the rows one by one."""
        return iter(self._file.execute(sql))

    def live(self, known_as: frozenset[str] | None = None) -> list[Lease]:
        """Returns the leases of the runs without a certificate, loaded from disk; with `known_as`, only those of these persons.

        Raises IntegrityError (lease_unreadable) for a damaged lease that no sweep has set aside.
        """
        names = [name for (name,) in self.query("SELECT run FROM live") if has_lease(self._home, name)]
        leases = [Lease.load(self._home, name) for name in names]
        if known_as is None:
            return leases
        return [lease for lease in leases if persons_of(self._home, lease) & known_as]

    def set_aside(self) -> list[str]:
        """Returns the runs whose damaged lease was set aside; none of them has a certificate."""
        return [name for (name,) in self.query("SELECT run FROM live") if is_set_aside(self._home, name)]

    def runs_of_orders(self, orders: list[str]) -> dict[str, str]:
        """Returns the run that each of these orders began; of an order without one, nothing."""
        sql = "SELECT order_id, run FROM settled WHERE order_id IN (SELECT value FROM json_each(?))"
        alive = {one.order_id: one.run_id for one in self.live() if one.order_id in orders}
        return {**dict(self.query(sql, json.dumps(orders))), **{str(of): run for of, run in alive.items()}}

    def leases_about(self, persons: frozenset[str]) -> list[Lease]:
        """Returns the leases that concern any of these persons or were made by them as operators, oldest first."""
        whose, values = whose_runs(persons)
        marks = ", ".join("?" * len(persons))
        sql = f"SELECT run FROM settled s WHERE {whose} UNION SELECT run FROM settled WHERE operator IN ({marks})"
        ended = [Lease.load(self._home, run) for (run,) in self.query(sql, *values, *values)]
        return sorted([*ended, *self.live()], key=lambda one: (one.created, one.ledger_start, one.run_id))

    def told(self, run: str) -> Told:
        """Returns what the ledger says of a run."""
        found = self.query("SELECT number, ended_at, cause, imported FROM told WHERE run = ?", run)
        if not found:
            return Told()
        number, ended, cause, imported = found[0]
        return Told(number is not None, ended, cause, imported)

    def settled(
        self,
        known_as: frozenset[str] | None = None,
        where: str = "1",
        values: tuple[object, ...] = (),
        limit: int = -1,
        offset: int = 0,
    ) -> Iterator[Settled]:
        """Returns the runs with a certificate, newest first; with `known_as`, only those of these persons."""
        whose, persons = whose_runs(known_as)
        sql = _SETTLED.format(f"{whose} AND {where}") + _NEWEST
        for row in self._file.execute(sql, (*persons, *values, limit, offset)):
            yield Settled(*row)

    def count_settled(
        self, known_as: frozenset[str] | None = None, where: str = "1", values: tuple[object, ...] = ()
    ) -> int:
        """Returns how many runs `settled` would return."""
        if known_as is None and where == "1":
            return int(self.query("SELECT COUNT(*) FROM settled")[0][0])
        whose, persons = whose_runs(known_as)
        if where == "1":
            marks = ", ".join("?" * len(persons))
            sql = f"SELECT COUNT(DISTINCT run) FROM concerns WHERE person IN ({marks})"
            return int(self.query(sql, *persons)[0][0])
        sql = f"SELECT COUNT(*) FROM settled s WHERE {whose} AND {where}"
        return int(self.query(sql, *persons, *values)[0][0])

    def newest(self, persons: frozenset[str]) -> str | None:
        """Returns when the newest run with a certificate began that concerns any of these persons."""
        marks = ", ".join("?" * len(persons))
        sql = f"SELECT MAX(created) FROM concerns WHERE person IN ({marks})"
        found: str | None = self.query(sql, *sorted(persons))[0][0]
        return found

    def look_again(self, runs: list[str]) -> None:
        """Compare runs with a certificate with their folders; one whose certificate is gone is a run without one again."""
        gone = [run for run in runs if not self._is_certified(run)]
        if gone:
            with _index_file.changing(self._file):
                for run in gone:
                    self._file.execute("DELETE FROM settled WHERE run = ?", (run,))
                    self._file.execute("DELETE FROM concerns WHERE run = ?", (run,))
                self._file.execute("UPDATE seen SET folder_ns = -1")
                self._read_folders()

    def unconfirmed(self, known_as: frozenset[str] | None = None) -> list[Settled]:
        """Returns the delivered runs whose import the practice has not confirmed (at most that it opened them), oldest first."""
        whose, persons = whose_runs(known_as)
        waiting = "t.cause = 'published' AND t.imported IN ('', 'opened')"
        sql = f"{_WAITING} WHERE {waiting} AND {whose} ORDER BY t.ended_at"
        return [Settled(*row) for row in self._file.execute(sql, persons)]

    def by_cause(self) -> dict[str, int]:
        """Returns how many runs ended for each cause, according to the ledger."""
        return dict(self.query("SELECT cause, COUNT(*) FROM told WHERE cause IS NOT NULL GROUP BY cause"))

    def size(self) -> int:
        """Returns how many ledger entries the index has read."""
        return int(self.query("SELECT size FROM seen")[0][0])

    def concerns(self, run: str, known_as: frozenset[str]) -> bool:
        """Whether a run with a certificate concerns any of these persons."""
        whose, persons = whose_runs(known_as)
        return bool(self.query(f"SELECT 1 FROM settled s WHERE s.run = ? AND {whose}", run, *persons))

    def entries_of(self, run: str) -> list[tuple[int, dict[str, Any]]]:
        """Returns a run's ledger entries with their indexes."""
        sql = "SELECT e.seq FROM entry e JOIN told t ON t.id = e.run WHERE t.run = ? ORDER BY e.seq"
        store = self._control.ledger.store
        return [(seq, msgspec.json.decode(store.read(seq, seq + 1)[0])) for (seq,) in self.query(sql, run)]

    # ---- update

    def update(self) -> None:
        """Read new folders, certificates and entries. Raises LedgerError if the entries do not match the signed head."""
        if not self._has_changed():
            return
        with _index_file.changing(self._file):
            before = self._read_entries()
            if before.leases:
                self._clear_runs()
            self._read_folders()
            self._move_certified()
            after = self._read_entries()  # an end is in the log before its certificate is there
            if before.persons or after.persons:
                self._rewrite_persons(None)
            for run in sorted(before.confirmed | after.confirmed):
                self._rewrite_persons(run)
            if after.leases:
                self._clear_runs()
                self._read_folders()
                self._move_certified()

    def _clear_runs(self) -> None:
        for table in ("settled", "live", "concerns"):
            self._file.execute(f"DELETE FROM {table}")
        self._file.execute("UPDATE seen SET folder_ns = -1")

    def _has_changed(self) -> bool:
        size, root, folder = self.query("SELECT size, root, folder_ns FROM seen")[0]
        head = self._control.ledger.store.head()
        return (
            (size, root) != (head.size, head.root)
            or folder != self._folder_ns()
            or any(self._is_certified(run) for (run,) in self.query("SELECT run FROM live"))
        )

    def _folder_ns(self) -> int:
        """Returns when a run's folder was last added or deleted; 0 in a home without the folder of runs."""
        return self._home.runs.stat().st_mtime_ns if self._home.runs.is_dir() else 0

    def _is_certified(self, run: str) -> bool:
        return is_ended(self._home, run) and has_lease(self._home, run)

    def _read_folders(self) -> None:
        """Compare the tables with the folders: add new folders to `live`, delete rows whose folder is gone."""
        changed = self._folder_ns()
        if self.query("SELECT folder_ns FROM seen")[0][0] == changed:
            return
        sure = time.time_ns() - changed > _UNSURE_NS
        self._file.execute("CREATE TEMP TABLE IF NOT EXISTS present (run TEXT PRIMARY KEY) WITHOUT ROWID")
        self._file.execute("DELETE FROM present")
        if changed:
            with os.scandir(self._home.runs) as found:
                self._file.executemany("INSERT INTO present VALUES (?)", ((one.name,) for one in found))
        for table in ("settled", "live", "concerns"):
            self._file.execute(f"DELETE FROM {table} WHERE run NOT IN (SELECT run FROM present)")
        self._file.execute(
            "INSERT INTO live SELECT run FROM present WHERE run NOT IN (SELECT run FROM settled)"
            " AND run NOT IN (SELECT run FROM live)"
        )
        self._file.execute("UPDATE seen SET folder_ns = ?", (changed if sure else -1,))
        self._file.execute("DELETE FROM present")

    def _move_certified(self) -> None:
        """Move the runs that now have a certificate from `live` to `settled`. Raises IntegrityError for a damaged lease."""
        for (run,) in self.query("SELECT run FROM live"):
            if not self._is_certified(run):
                continue
            lease = Lease.load(self._home, run)
            self._file.execute(
                "INSERT OR REPLACE INTO settled VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                (
                    run,
                    lease.subject_id,
                    lease.use,
                    lease.created,
                    lease.deadline,
                    lease.ledger_start,
                    lease.authorisation_id,
                    lease.operator_id,
                    lease.order_id,
                ),
            )
            self._file.execute("DELETE FROM live WHERE run = ?", (run,))
            self._add_persons(lease)

    def _rewrite_persons(self, run: str | None) -> None:
        """Rewrite which persons a run with a certificate concerns; None: all such runs."""
        runs = self.query("SELECT run FROM settled") if run is None else [(run,)]
        for (one,) in runs:
            if self._is_certified(one):
                self._file.execute("DELETE FROM concerns WHERE run = ?", (one,))
                self._add_persons(Lease.load(self._home, one))

    def _add_persons(self, lease: Lease) -> None:
        persons = sorted(persons_of(self._home, lease))
        self._file.executemany(
            "INSERT OR IGNORE INTO concerns VALUES (?, ?, ?)",
            ((person, lease.created, lease.run_id) for person in persons),
        )

    def _read_entries(self) -> Changes:
        """Read the new entries; all entries again if the log is not the one that was read before."""
        head = self._control.ledger.store.head()
        size, peaks = self.query("SELECT size, peaks FROM seen")[0]
        changes = self._read(Peaks(size, peaks), head.size)
        if self._root() != head.root:
            for table in _index_file.OF_LOG:
                self._file.execute(f"DELETE FROM {table}")
            self._file.execute("UPDATE seen SET started = 0")
            changes = self._read(Peaks(), head.size)
            changes.leases = True
        if self._root() != head.root:
            raise LedgerError("entries_do_not_match_head", count=head.size)
        return changes

    def _root(self) -> bytes:
        return bytes(self.query("SELECT root FROM seen")[0][0])

    def _read(self, tree: Peaks, end: int) -> Changes:
        store, reader = self._control.ledger.store, LogReader(self._file)
        while tree.size < end:
            start = tree.size
            some = store.read(start, min(start + _BATCH, end))
            for seq, raw in enumerate(some, start):
                tree.add(leaf_hash(raw))
                reader.read(seq, raw)
            reader.write()
        self._file.execute(
            "UPDATE seen SET size = ?, peaks = ?, root = ?", (tree.size, tree.roots, tree.root())
        )
        return reader.changes


def whose_runs(known_as: frozenset[str] | None) -> tuple[str, tuple[str, ...]]:
    """Returns the condition on `s.run` for the runs of these persons, and its values; all runs for None."""
    if known_as is None:
        return "1", ()
    marks = ", ".join("?" * len(known_as))
    return f"s.run IN (SELECT run FROM concerns WHERE person IN ({marks}))", tuple(sorted(known_as))
