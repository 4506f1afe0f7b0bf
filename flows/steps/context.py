"""What the steps of the data process share: where to read, where to seal, and how to report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connectors.base import Limits, SourceFile
from connectors.destinations.base import Destination
from flows.steps.ranges import DividedStep, Range, RangeDone, Workers
from schemas.site_codes import SiteCodes
from vault.authorisation.check import Authorisation
from vault.staging.segments import (
    Segment,
    StagingReader,
    StagingWriter,
    discard_stage,
    verify_opens,
    write_manifest,
)

Report = Callable[[str, int, int], None]
"""Called with (step, done, total) while a step works; total is 0 when unknown. Ordinals and counts only."""


@dataclass
class DataContext:
    """One run in the data process. It holds the run key: it never leaves the process and is never printed."""

    run_id: str
    begun_at: str  # RFC 3339, from the lease
    authorisation: Authorisation
    files: tuple[SourceFile, ...]
    limits: Limits
    staging: Path
    parts: Path  # inside staging: sealed parts before publication
    destination: Destination
    package: str  # its location, as shown to people
    run_key: bytes
    report: Report
    leave: Callable[[], None]  # asks the control process, as late as possible, for permission to publish
    software: Counter[str] = field(
        default_factory=Counter
    )  # names in the headers, filtered by `flows.steps.software`
    site_codes: SiteCodes = field(default_factory=dict)  # the site's own tables
    drafting: bool = (
        False  # whether unknown tables are profiled: then an export of such tables alone is counted too
    )
    workers: Workers | None = None  # None: this process does every step alone

    def __repr__(self) -> str:
        return f"DataContext({self.run_id})"

    def writer(self, stage: str) -> StagingWriter:
        """Start a stage afresh: the remains of an interrupted attempt are discarded."""
        self.discard(stage)
        return StagingWriter(self.staging, self.run_id, stage, self.run_key)

    def range_writer(self, stage: str, number: int) -> StagingWriter:
        """Write one range of a stage that `discard` has emptied."""
        return StagingWriter(self.staging, self.run_id, stage, self.run_key, number)

    def discard(self, stage: str) -> None:
        """Discard the remains of an interrupted attempt at a stage."""
        discard_stage(self.staging, stage)

    def finish(self, stage: str, segments: Iterable[Segment]) -> None:
        """Complete a stage written in ranges: its segments, in order."""
        (self.staging / stage).mkdir(mode=0o700, exist_ok=True)
        write_manifest(self.staging, self.run_id, stage, self.run_key, segments)

    def reader(self, stage: str) -> StagingReader:
        """Open a finished stage."""
        return StagingReader(self.staging, self.run_id, stage, self.run_key)

    @property
    def processes(self) -> int:
        """How many processes may share a step."""
        return self.workers.count if self.workers else 1

    def share(self, step: str, here: Callable[[], DividedStep], ranges: Sequence[Range]) -> list[RangeDone]:
        """Have the ranges of a step done by workers; a single one, or all without workers, by what `here` makes."""
        if self.workers and len(ranges) > 1:
            return self.workers.share(step, ranges, self.report)
        divided = here()
        return [divided.do(each) for each in ranges]

    def positive_control(self, segments: int) -> int:
        """Open the first page of some sealed segments with the run key now; return how many opened."""
        return verify_opens(self.staging, self.run_id, self.run_key, segments)
