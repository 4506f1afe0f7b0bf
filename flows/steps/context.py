"""What the steps of the data process share: where to read, where to seal, whom to tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from connectors.base import Limits, SourceFile
from connectors.destinations.base import Destination
from vault.authorisation.check import Authorisation
from vault.staging.segments import StagingReader, StagingWriter, discard_stage, verify_opens

Report = Callable[[str, int, int], None]
"""Told (step, done, total) while a step works; total 0 when unknown. Ordinals and counts only."""


@dataclass
class DataContext:
    """One run, seen from the data process. Holds the run key: never leaves the process, never printed."""

    run_id: str
    authorisation: Authorisation
    files: tuple[SourceFile, ...]
    limits: Limits
    staging: Path
    parts: Path  # inside staging: where sealed parts grow before publication
    destination: Destination
    package: str  # what people are told of where it goes
    run_key: bytes
    report: Report
    leave: Callable[[], None]  # asks the control process, as late as can be, whether to publish
    software: Counter[str] = field(
        default_factory=Counter
    )  # what the headers name, as `flows.steps.software` lets pass

    def __repr__(self) -> str:
        return f"DataContext({self.run_id})"

    def writer(self, stage: str) -> StagingWriter:
        """Start a stage afresh: what an interrupted attempt left of it is discarded."""
        discard_stage(self.staging, stage)
        return StagingWriter(self.staging, self.run_id, stage, self.run_key)

    def reader(self, stage: str) -> StagingReader:
        """Open a finished stage."""
        return StagingReader(self.staging, self.run_id, stage, self.run_key)

    def positive_control(self, segments: int) -> int:
        """Open the first page of some sealed segments with the run key now; how many opened."""
        return verify_opens(self.staging, self.run_id, self.run_key, segments)
