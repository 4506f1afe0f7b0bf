"""What was told to whom, and what waits: SQLite, on disk before and after each attempt.

A notice is in it once for each recipient. An attempt is noted before it begins, its success after it: a crash in between can send
the same notice twice, with the same id, by which mail systems and programs know it. Recipients stand in it as pseudonyms.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from flows.notices.due import Notice
from vault.home_folder import Home
from vault.notice_settings import Told
from vault.system.clock import format_utc

MOST_ATTEMPTS = 20
FIRST_WAIT_MINUTES, LONGEST_WAIT_MINUTES = 5, 360
_TABLES = """
CREATE TABLE IF NOT EXISTS beginning (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS notice (
  id TEXT PRIMARY KEY, notice BLOB NOT NULL, recipient TEXT NOT NULL, made TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, next TEXT NOT NULL, sent TEXT, code TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS notice_waiting ON notice (next) WHERE sent IS NULL;
"""


@dataclass(frozen=True)
class Waiting:
    """A notice that one recipient has not been told yet."""

    id: str
    notice: Notice
    recipient: str
    attempts: int


@dataclass(frozen=True)
class Written:
    """A notice in the outbox, for lists."""

    id: str
    kind: str
    run: str | None
    made: str
    sent: str | None
    attempts: int
    code: str  # of the last failure

    @property
    def state(self) -> str:
        """`sent`, `waiting`, or `given_up` after the last attempt."""
        if self.sent:
            return "sent"
        return "given_up" if self.attempts >= MOST_ATTEMPTS else "waiting"


class Outbox:
    """The outbox of a home."""

    def __init__(self, home: Home, file: sqlite3.Connection) -> None:
        self._home, self._file = home, file

    @classmethod
    @contextmanager
    def of(cls, home: Home) -> Iterator[Outbox]:
        """Open the outbox."""
        home.notices.mkdir(mode=0o700, exist_ok=True)
        with closing(
            sqlite3.connect(home.notices / "outbox.sqlite", timeout=10, isolation_level=None)
        ) as file:
            file.execute("PRAGMA synchronous = FULL")
            file.executescript(_TABLES)
            yield cls(home, file)

    def beginning(self, size: int) -> int:
        """Returns how large the log was when notices began; that is now, if they have not."""
        self._file.execute("INSERT OR IGNORE INTO beginning VALUES (1, ?)", (size,))
        return int(self._file.execute("SELECT size FROM beginning").fetchone()[0])

    def add(self, notices: list[Notice], recipients: tuple[Told, ...], moment: datetime) -> int:
        """Note for each recipient what they are to be told; what is noted already stays as it is. Returns how many are new."""
        at, before = format_utc(moment), self._file.total_changes
        for notice in notices:
            for told in (one for one in recipients if notice.kind in one.about):
                whom = self.pseudonym(told)
                values = (_id(notice.key, whom), msgspec.json.encode(notice), whom, at, at)
                self._file.execute(
                    "INSERT OR IGNORE INTO notice (id, notice, recipient, made, next) VALUES (?, ?, ?, ?, ?)",
                    values,
                )
        return self._file.total_changes - before

    def waiting(self, moment: datetime, most: int) -> list[Waiting]:
        """Returns what is to be sent now, oldest first."""
        rows = self._file.execute(
            "SELECT id, notice, recipient, attempts FROM notice WHERE sent IS NULL AND attempts < ? AND next <= ?"
            " ORDER BY made, id LIMIT ?",
            (MOST_ATTEMPTS, format_utc(moment), most),
        )
        return [Waiting(i, msgspec.json.decode(raw, type=Notice), whom, n) for i, raw, whom, n in rows]

    def attempt(self, one: Waiting, moment: datetime) -> None:
        """Note that it is being sent, and when the next attempt would be."""
        minutes = min(FIRST_WAIT_MINUTES * 2 ** min(one.attempts, 10), LONGEST_WAIT_MINUTES)
        self._file.execute(
            "UPDATE notice SET attempts = attempts + 1, next = ?, code = 'interrupted' WHERE id = ?",
            (format_utc(moment + timedelta(minutes=minutes)), one.id),
        )

    def settle(self, one: Waiting, moment: datetime, code: str) -> None:
        """Note that it was sent, or the code of what prevented it."""
        sent = None if code else format_utc(moment)
        self._file.execute("UPDATE notice SET sent = ?, code = ? WHERE id = ?", (sent, code, one.id))

    def drop(self, one: Waiting) -> None:
        """Remove what no recipient of the settings waits for any more."""
        self._file.execute("DELETE FROM notice WHERE id = ?", (one.id,))

    def every(self) -> list[Written]:
        """Returns every notice, newest first."""
        rows = self._file.execute(
            "SELECT id, notice, made, sent, attempts, code FROM notice ORDER BY made DESC, id"
        )
        found = [(i, msgspec.json.decode(raw, type=Notice), *rest) for i, raw, *rest in rows]
        return [
            Written(i, n.kind.value, n.run, made, sent, tries, code)
            for i, n, made, sent, tries, code in found
        ]

    def counted(self) -> dict[str, int]:
        """Returns how many notices there are in each state."""
        rows = self._file.execute(
            "SELECT CASE WHEN sent IS NOT NULL THEN 'sent' WHEN attempts >= ? THEN 'given_up' ELSE 'waiting' END, COUNT(*)"
            " FROM notice GROUP BY 1",
            (MOST_ATTEMPTS,),
        )
        return dict(rows.fetchall())

    def pseudonym(self, told: Told) -> str:
        """Returns the name under which a recipient stands here."""
        return self._home.site_key.pseudonym("notice", told.address)


def _id(key: str, recipient: str) -> str:
    return sha256(f"{key}\0{recipient}".encode()).hexdigest()[:32]


def counts(home: Home) -> dict[str, int]:
    """Returns how many notices are sent, waiting and given up; none of each where none was ever made."""
    found = {"sent": 0, "waiting": 0, "given_up": 0}
    if (home.notices / "outbox.sqlite").is_file():
        with Outbox.of(home) as outbox:
            found.update(outbox.counted())
    return found
