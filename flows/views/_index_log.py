"""What the index derives from entries: of each run what they say of it, of the log its growth, its types and its faults.

The check is that of `vault.ledger.completeness`, which an auditor runs over the whole log; here it remembers in the index how far
it came, so that new entries cost what they are.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass, field

import msgspec

from vault.ledger.completeness import RunSoFar, SequenceCheck, Uses, UsesSoFar
from vault.ledger.entries import EntryType

_LEASES_CHANGED = frozenset({EntryType.HOME_RESTORED, EntryType.LEASE_UNREADABLE})
_PERSONS_CHANGED = frozenset({EntryType.AUTHORISATION_WITHDRAWN, EntryType.SUBJECT_ERASED})
_FLAGS = ("started", "authorised", "ended", "settled", "given_back", "delivered", "holds")
_START = "UPDATE told SET number = ?, use = ?, started_seq = ?, started_at = ? WHERE run = ? AND started_seq IS NULL"
_END = "UPDATE told SET ended_seq = ?, ended_at = ?, cause = ?, files = ?, bytes = ? WHERE run = ? AND ended_seq IS NULL"


class _Entry(msgspec.Struct, frozen=True):
    """The part of a ledger entry that is read here."""

    type: str
    runId: str | None  # noqa: N815 - docs/formats/proof.md
    at: str
    code: str
    n: dict[str, int] = {}
    c: dict[str, str] = {}


_entry = msgspec.json.Decoder(_Entry)


@dataclass
class Changes:
    """What new entries require besides updating the rows of their runs."""

    leases: bool = False
    persons: bool = False
    confirmed: set[str] = field(default_factory=set)


class LogReader:
    """Reads entries into the tables (`_index_file`), part by part."""

    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file
        self.changes = Changes()
        self._memory = _Remembered(file)
        ((started,),) = file.execute("SELECT started FROM seen").fetchall()
        self._check = SequenceCheck(self._memory, started)
        self._days: dict[str, list[int]] = {}
        self._types: Counter[str] = Counter()
        self._faults: list[tuple[int, str]] = []

    def read(self, seq: int, raw: bytes) -> None:
        """Take in the entry at this index of the log."""
        entry = _entry.decode(raw)
        self._apply(seq, entry)
        self._days.setdefault(entry.at[:10], [seq, seq])[1] = seq
        self._types[entry.type] += 1
        self._faults += [(seq, fault) for fault in self._check.read(msgspec.structs.asdict(entry))]

    def write(self) -> None:
        """Write what was taken in since the last time."""
        self._file.executemany(
            "INSERT INTO day VALUES (?, ?, ?) ON CONFLICT (day) DO UPDATE SET last_seq = excluded.last_seq",
            [(day, first, last) for day, (first, last) in self._days.items()],
        )
        self._file.executemany(
            "INSERT INTO kind VALUES (?, ?) ON CONFLICT (type) DO UPDATE SET count = count + excluded.count",
            self._types.items(),
        )
        self._file.executemany("INSERT INTO fault VALUES (?, ?)", self._faults)
        self._file.execute("UPDATE seen SET started = ?", (self._check.started,))
        self._memory.write()
        self._days, self._types, self._faults = {}, Counter(), []

    def _apply(self, seq: int, entry: _Entry) -> None:
        self.changes.leases |= entry.type in _LEASES_CHANGED
        self.changes.persons |= entry.type in _PERSONS_CHANGED
        if entry.runId is None:
            return
        self._file.execute("INSERT OR IGNORE INTO told (run) VALUES (?)", (entry.runId,))
        self._file.execute(
            "INSERT OR IGNORE INTO entry SELECT id, ? FROM told WHERE run = ?", (seq, entry.runId)
        )
        match entry.type:
            case EntryType.RUN_STARTED:
                start = (entry.n.get("run_number"), entry.code, seq, entry.at, entry.runId)
                self._file.execute(_START, start)
            case EntryType.RUN_FAILED:
                self._set(entry, failed_seq=seq, failed_at=entry.at, failed_code=entry.code)
            case EntryType.DESTRUCTION_COMPLETED:
                end = (
                    seq,
                    entry.at,
                    entry.code,
                    entry.n.get("files", 0),
                    entry.n.get("bytes", 0),
                    entry.runId,
                )
                self._file.execute(_END, end)
                self._file.execute("UPDATE told SET ends = ends + 1 WHERE run = ?", (entry.runId,))
            case EntryType.IMPORT_CONFIRMED:
                self._set(entry, imported=entry.code, imported_at=entry.at)
                if self._file.execute(
                    "SELECT 1 FROM settled WHERE run = ?", (entry.runId,)
                ).fetchone():  # else it is named when it is settled
                    self.changes.confirmed.add(entry.runId)
            case EntryType.PROOF_ISSUED:
                self._set(entry, manifest=entry.c.get("manifest"))

    def _set(self, entry: _Entry, **values: object) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        self._file.execute(f"UPDATE told SET {columns} WHERE run = ?", (*values.values(), entry.runId))


class _Remembered:
    """The memory of the check in the index; what a part of the log touches is in memory until it is written."""

    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file
        self._runs: dict[str, RunSoFar] = {}
        self._uses: dict[Uses, UsesSoFar] = {}

    def run(self, run_id: str) -> RunSoFar:
        if run_id not in self._runs:
            found = self._file.execute(
                "SELECT flags, deadline_s, uses_of, uses_use FROM told WHERE run = ?", (run_id,)
            ).fetchone()
            self._runs[run_id] = RunSoFar() if found is None else _run(*found)
        return self._runs[run_id]

    def uses(self, of: Uses, allowed: int) -> UsesSoFar:
        if of not in self._uses:
            found = self._file.execute(
                "SELECT allowed, holding FROM uses WHERE of = ? AND use = ?", of
            ).fetchone()
            self._uses[of] = UsesSoFar(allowed) if found is None else UsesSoFar(*found)
        return self._uses[of]

    @property
    def any_uses(self) -> bool:
        return bool(self._uses) or self._file.execute("SELECT 1 FROM uses LIMIT 1").fetchone() is not None

    def write(self) -> None:
        self._file.executemany(
            "UPDATE told SET flags = ?, deadline_s = ?, uses_of = ?, uses_use = ? WHERE run = ?",
            [
                (_flags(run), run.deadline_s, *(run.uses or (None, None)), name)
                for name, run in self._runs.items()
            ],
        )
        self._file.executemany(
            "INSERT OR REPLACE INTO uses VALUES (?, ?, ?, ?)",
            [(*of, use.allowed, use.holding) for of, use in self._uses.items()],
        )
        self._runs, self._uses = {}, {}


def _run(flags: int, deadline_s: int | None, of: str | None, use: str | None) -> RunSoFar:
    known = {name: bool(flags >> place & 1) for place, name in enumerate(_FLAGS)}
    return RunSoFar(**known, deadline_s=deadline_s, uses=None if of is None or use is None else (of, use))


def _flags(run: RunSoFar) -> int:
    return sum(getattr(run, name) << place for place, name in enumerate(_FLAGS))
