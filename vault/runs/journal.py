"""The journal of a run: one line for each completed step, on disk at once, so that the run resumes after the last completed step.

A line holds only counts and codes.
"""

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
    program: str | None = None  # digest of the program's source; earlier releases recorded none


class Journal:
    """The journal of one run, `runs/<run>/journal.jsonl`."""

    def __init__(self, home: Home, run_id: str, clock: Clock | None = None) -> None:
        self._path = home.run(run_id) / "journal.jsonl"
        self._clock = clock or SystemClock()

    def append(self, step: str, counts: Counts) -> None:
        """Append a step, which is on disk when this returns."""
        self._drop_incomplete_line()
        entry = JournalEntry(step, format_utc(self._clock.now()), counts, source_digest())
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, _line(entry))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self) -> list[JournalEntry]:
        """Return the completed steps since the run last started over, without a last line that a crash left incomplete.

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
        """Return the name of the last completed step, or None. `control`, the check after the last step, does not count."""
        steps = [entry.step for entry in self.read() if entry.step != "control"]
        return steps[-1] if steps else None

    def is_of_this_program(self) -> bool:
        """Return whether this version of the program did all steps so far. It may not understand what another version staged."""
        return all(entry.program == source_digest() for entry in self.read())

    def ever(self, step: str) -> bool:
        """Return whether the run completed a step, even if it started over later."""
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
        """Return the entry in a line. The first releases wrote `arrow` instead of `step`."""
        current = re.sub(rb'^{"arrow":', b'{"step":', line)
        return load(
            JournalEntry, current, IntegrityError, "run_record_unreadable", run=self._path.parent.name
        )

    def _drop_incomplete_line(self) -> None:
        if self._path.is_file() and self._path.stat().st_size and not self._path.read_bytes().endswith(b"\n"):
            whole = self._path.read_bytes().rpartition(b"\n")
            os.truncate(self._path, len(whole[0]) + len(whole[1]))


def _line(entry: JournalEntry) -> bytes:
    """Return the line of a step. The counts keep their order, because pages show them in that order."""
    return msgspec.json.encode(entry) + b"\n"
