"""The run journal: one fsynced line a step, so that a run resumes at the last one. Counts and codes only."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vault.system.clock import Clock, SystemClock, format_utc
from vault.system.files import write_durably
from vault.system.program import source_digest


@dataclass(frozen=True)
class JournalEntry:
    """One step that is behind a run."""

    step: str
    at: str
    counts: dict[str, Any]
    program: str | None  # digest of the source that wrote it; earlier releases wrote none


class Journal:
    """The journal of one run, `runs/<run>/journal.jsonl`."""

    def __init__(self, home: Path, run_id: str, clock: Clock | None = None) -> None:
        self._path = home / "runs" / run_id / "journal.jsonl"
        self._clock = clock or SystemClock()

    def append(self, step: str, counts: dict[str, Any]) -> None:
        """Add a step; on disk when this returns."""
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
        """All steps; a last line torn by a crash does not count. Starting over forgets what came before."""
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
        """The last step of the way (the positive control at its end is none)."""
        steps = [entry.step for entry in self.read() if entry.step != "control"]
        return steps[-1] if steps else None

    def is_of_this_program(self) -> bool:
        """Whether all that is behind the run was done by this program: what another one staged it may not understand."""
        return all(entry.program == source_digest() for entry in self.read())

    def ever(self, step: str) -> bool:
        """Whether a step was ever behind the run, also before it started over."""
        lines = self._path.read_bytes().split(b"\n")[:-1] if self._path.is_file() else []
        return any(_step_of(json.loads(line)) == step for line in lines)

    def drop_places(self) -> None:
        """Take out the paths to which packages were delivered, as the first release wrote them."""
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
    """The step of a line; the first release called it `arrow`."""
    return str(line["step"] if "step" in line else line["arrow"])
