"""The file of the index: SQLite, thrown away and made anew whenever it is of another shape or cannot be read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from vault.home_folder import Home

SHAPE = 2
"""Grows with each change of the tables: a file of another shape is made anew."""
WAIT_SECONDS = 120
_TABLES = (
    # one row: what the rest was derived from
    """CREATE TABLE seen (
      one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, peaks BLOB NOT NULL, root BLOB NOT NULL,
      folder_ns INTEGER NOT NULL, started INTEGER NOT NULL
    )""",
    "INSERT INTO seen VALUES (1, 0, x'', x'', -1, 0)",
    # what the ledger says of a run: `*_seq` are indexes of entries, of two starts or ends the first; the last line is the check's
    """CREATE TABLE told (
      id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE,
      number INTEGER, use TEXT, started_seq INTEGER, started_at TEXT, deadline_s INTEGER,
      failed_seq INTEGER, failed_at TEXT, failed_code TEXT,
      ended_seq INTEGER, ended_at TEXT, cause TEXT, files INTEGER, bytes INTEGER, ends INTEGER NOT NULL DEFAULT 0,
      imported TEXT NOT NULL DEFAULT '', imported_at TEXT, manifest TEXT, certified INTEGER NOT NULL DEFAULT 0,
      flags INTEGER NOT NULL DEFAULT 0, uses_of TEXT, uses_use TEXT
    )""",
    "CREATE INDEX told_unended ON told (deadline_s) WHERE started_seq IS NOT NULL AND ended_seq IS NULL",
    "CREATE INDEX told_waiting ON told (ended_at) WHERE cause = 'published' AND imported IN ('', 'opened')",
    "CREATE INDEX told_bare ON told (ended_seq) WHERE ended_seq IS NOT NULL AND certified = 0",
    "CREATE INDEX told_number ON told (number)",
    "CREATE INDEX told_cause ON told (cause)",
    "CREATE INDEX told_started ON told (started_seq, ended_seq, deadline_s)",
    "CREATE INDEX told_ended ON told (ended_seq, started_seq)",
    "CREATE INDEX told_staged ON told (ended_at, started_at, bytes)",
    "CREATE TABLE entry (run INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (run, seq)) WITHOUT ROWID",
    # of the log: the first and the last entry of each day (UTC), how many of each type, what the check found, who holds uses
    "CREATE TABLE day (day TEXT PRIMARY KEY, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE kind (type TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE fault (seq INTEGER NOT NULL, code TEXT NOT NULL)",
    """CREATE TABLE uses (
      of TEXT NOT NULL, use TEXT NOT NULL, allowed INTEGER NOT NULL, holding INTEGER NOT NULL, PRIMARY KEY (of, use)
    ) WITHOUT ROWID""",
    # runs with a certificate: their leases change no more
    """CREATE TABLE settled (
      run TEXT PRIMARY KEY, doctor TEXT NOT NULL, use TEXT NOT NULL, created TEXT NOT NULL,
      deadline TEXT NOT NULL, ledger_start INTEGER NOT NULL, authorisation TEXT NOT NULL, operator TEXT NOT NULL, order_id TEXT,
      cause TEXT
    ) WITHOUT ROWID""",
    "CREATE INDEX settled_created ON settled (created, ledger_start, run, cause, use, doctor)",
    "CREATE INDEX settled_doctor ON settled (doctor, created, ledger_start, run, cause, use)",
    "CREATE INDEX settled_authorisation ON settled (authorisation, use)",
    "CREATE INDEX settled_order ON settled (order_id) WHERE order_id IS NOT NULL",
    "CREATE INDEX settled_operator ON settled (operator)",
    # the other folders: looked at each time
    "CREATE TABLE live (run TEXT PRIMARY KEY) WITHOUT ROWID",
    """CREATE TABLE concerns (
      person TEXT NOT NULL, created TEXT NOT NULL, run TEXT NOT NULL, PRIMARY KEY (person, created, run)
    ) WITHOUT ROWID""",
    "CREATE INDEX concerns_run ON concerns (run)",
    # each of the two knows of the other what is asked together with it
    """CREATE TRIGGER settled_added AFTER INSERT ON settled BEGIN
      UPDATE told SET certified = 1 WHERE run = new.run;
      UPDATE settled SET cause = (SELECT cause FROM told WHERE run = new.run) WHERE run = new.run;
    END""",
    "CREATE TRIGGER settled_gone AFTER DELETE ON settled BEGIN UPDATE told SET certified = 0 WHERE run = old.run; END",
    """CREATE TRIGGER told_added AFTER INSERT ON told BEGIN
      UPDATE told SET certified = EXISTS (SELECT 1 FROM settled WHERE run = new.run) WHERE id = new.id;
    END""",
    "CREATE TRIGGER told_end AFTER UPDATE OF cause ON told BEGIN UPDATE settled SET cause = new.cause WHERE run = new.run; END",
    "CREATE TRIGGER told_gone AFTER DELETE ON told BEGIN UPDATE settled SET cause = NULL WHERE run = old.run; END",
)
OF_LOG = ("told", "entry", "day", "kind", "fault", "uses")
"""The tables that follow from entries alone."""


@contextmanager
def open_file(home: Home) -> Iterator[sqlite3.Connection]:
    """Open the index of a home; where this user may not write one, an index in memory that ends with the block."""
    with closing(_usable(home)) as file:
        yield file


@contextmanager
def in_memory() -> Iterator[sqlite3.Connection]:
    """An empty index in memory."""
    with closing(_prepared(_connected(":memory:"))) as file:
        yield file


def drop_file(home: Home) -> None:
    """Remove the index."""
    for suffix in ("", "-wal", "-shm"):
        _path(home).with_name(_path(home).name + suffix).unlink(missing_ok=True)


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether an error is of the file's content, and not of a full, busy or read-only disk."""
    return not isinstance(error, sqlite3.OperationalError)


def _path(home: Home) -> Path:
    return home.index / "runs.sqlite"


def _usable(home: Home) -> sqlite3.Connection:
    if home.path.stat().st_uid == os.geteuid():
        for _ in range(2):
            try:
                home.index.mkdir(mode=0o700, exist_ok=True)
                return _prepared(_connected(str(_path(home))))
            except sqlite3.OperationalError:  # a full or read-only disk
                break
            except sqlite3.DatabaseError:  # no index, or a damaged one
                drop_file(home)
            except OSError:
                break
    return _prepared(_connected(":memory:"))


def _connected(place: str) -> sqlite3.Connection:
    file = sqlite3.connect(place, timeout=WAIT_SECONDS, isolation_level=None)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = NORMAL")
    file.execute("PRAGMA temp_store = MEMORY")  # nothing of it in a folder for temporary files
    return file


def _prepared(file: sqlite3.Connection) -> sqlite3.Connection:
    if shape_of(file) != SHAPE:
        with changing(file):
            if shape_of(file) != SHAPE:  # another process may have made it meanwhile
                make_tables(file)
    return file


def shape_of(file: sqlite3.Connection) -> int:
    """Returns the shape of the tables; 0 for an empty file."""
    return int(file.execute("PRAGMA user_version").fetchone()[0])


def make_tables(file: sqlite3.Connection) -> None:
    """Drop every table and make them anew, empty."""
    names = file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (name,) in names:
        file.execute(f'DROP TABLE "{name}"')
    for statement in _TABLES:
        file.execute(statement)
    file.execute(f"PRAGMA user_version = {SHAPE}")


@contextmanager
def changing(file: sqlite3.Connection) -> Iterator[None]:
    """Change the index, all or nothing, one process at a time."""
    if file.in_transaction:
        yield
        return
    file.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if file.in_transaction:  # damage may have ended it
            file.execute("ROLLBACK")
        raise
    file.execute("COMMIT")
