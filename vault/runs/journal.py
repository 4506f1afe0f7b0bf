"""The run journal: one fsynced line per step, so that a run resumes after the last one. Counts and codes only."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from vault.home_folder import Home
from vault.system.clock import Clock, SystemClock, format_utc
from vault.system.files import write_durably
from vault.system.program import source_digest


@dataclass(frozen=True)
class JournalEntry:
    """One completed step of a run."""

    step: str
    at: str
    counts: dict[str, Any]
    program: str | None  # digest of the source that wrote it; earlier releases recorded none


class Journal:
    """The journal of one run, `runs/<run>/journal.jsonl`."""

    def __init__(self, home: Home, run_id: str, clock: Clock | None = None) -> None:
        self._path = home.run(run_id) / "journal.jsonl"
        self._clock = clock or SystemClock()

    def append(self, step: str, counts: dict[str, Any]) -> None:
        """Append a step; on disk when this returns."""
        self._drop_torn_line()
        record = {"step": step, "at": format_utc(self._clock.now()), "counts": counts}
        line = json.dumps({**record, "program": source_digest()}) + "\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self) -> list[JournalEntry]:
        """Returns all steps, without a last line torn by a crash. Starting over discards the earlier steps."""
        if not self._path.is_file():
            return []
        entries: list[JournalEntry] = []
        for line in self._path.read_bytes().split(b"\n")[:-1]:
            raw = json.loads(line)
            step = _step_of(raw)
            if step == "start_over":
                entries.clear()
            else:
                entries.append(JournalEntry(step, raw["at"], raw["counts"], raw.get("program")))
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
        lines = self._path.read_bytes().split(b"\n")[:-1] if self._path.is_file() else []
        return any(_step_of(json.loads(line)) == step for line in lines)

    def drop_places(self) -> None:
        """Remove the paths of delivered packages, which the first release recorded."""
        if not self._path.is_file():
            return
        lines = [json.loads(line) for line in self._path.read_bytes().split(b"\n")[:-1]]
        placed = [line["counts"].pop("folder", None) for line in lines]
        if any(placed):
            write_durably(self._path, b"".join(json.dumps(line).encode() + b"\n" for line in lines))

    def _drop_torn_line(self) -> None:
        if self._path.is_file() and self._path.stat().st_size and not self._path.read_bytes().endswith(b"\n"):
            whole = self._path.read_bytes().rpartition(b"\n")
            os.truncate(self._path, len(whole[0]) + len(whole[1]))


def _step_of(line: dict[str, Any]) -> str:
    """Returns the step of a line; the first release called it `arrow`."""
    return str(line["step"] if "step" in line else line["arrow"])
