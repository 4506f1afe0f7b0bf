"""The run journal: one fsynced line per step, so that a run resumes after the last one. Counts and codes only."""

from __future__ import annotations

import os
import re

import msgspec

from schemas.errors import IntegrityError
from schemas.record import Record, load
from schemas.steps import Counts
from vault.home_folder import Home
from vault.system.clock import Clock, SystemClock, format_utc
from vault.system.files import write_durably
from vault.system.program import source_digest


class JournalEntry(Record, frozen=True):
    """One completed step of a run."""

    step: str
    at: str
    counts: Counts
    program: str | None = None  # digest of the source that wrote it; earlier releases recorded none


class Journal:
    """The journal of one run, `runs/<run>/journal.jsonl`."""

    def __init__(self, home: Home, run_id: str, clock: Clock | None = None) -> None:
        self._path = home.run(run_id) / "journal.jsonl"
        self._clock = clock or SystemClock()

    def append(self, step: str, counts: Counts) -> None:
        """Append a step; on disk when this returns."""
        self._drop_torn_line()
        entry = JournalEntry(step, format_utc(self._clock.now()), counts, source_digest())
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, _line(entry))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self) -> list[JournalEntry]:
        """Returns all steps, without a last line torn by a crash. Starting over discards the earlier steps.

        Raises IntegrityError (run_record_unreadable).
        """
        entries: list[JournalEntry] = []
        for entry in self._lines():
            if entry.step == "start_over":
                entries.clear()
            else:
                entries.append(entry)
        return entries

    def last(self) -> str | None:
        """Returns the last ordinary step (the final positive control is not one)."""
        steps = [entry.step for entry in self.read() if entry.step != "control"]
        return steps[-1] if steps else None

    def is_of_this_program(self) -> bool:
        """Whether this program did all steps so far: it may not understand what another version staged."""
        return all(entry.program == source_digest() for entry in self.read())

    def ever(self, step: str) -> bool:
        """Whether the run ever completed a step, also before it started over."""
        return any(entry.step == step for entry in self._lines())

    def drop_places(self) -> None:
        """Remove the paths of delivered packages, which the first release recorded."""
        entries = self._lines()
        placed = [entry.counts.pop("folder", None) for entry in entries]
        if any(placed):
            write_durably(self._path, b"".join(map(_line, entries)))

    def _lines(self) -> list[JournalEntry]:
        lines = self._path.read_bytes().split(b"\n")[:-1] if self._path.is_file() else []
        return [self._entry(line) for line in lines]

    def _entry(self, line: bytes) -> JournalEntry:
        """Returns the step of a line; the first releases called its name `arrow`."""
        current = re.sub(rb'^{"arrow":', b'{"step":', line)
        return load(
            JournalEntry, current, IntegrityError, "run_record_unreadable", run=self._path.parent.name
        )

    def _drop_torn_line(self) -> None:
        if self._path.is_file() and self._path.stat().st_size and not self._path.read_bytes().endswith(b"\n"):
            whole = self._path.read_bytes().rpartition(b"\n")
            os.truncate(self._path, len(whole[0]) + len(whole[1]))


def _line(entry: JournalEntry) -> bytes:
    """Returns the line of a step. The order of its counts is kept: it is that in which they are shown."""
    return msgspec.json.encode(entry) + b"\n"
