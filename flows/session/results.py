"""The results of a run and of a sweep: codes, counts, paths."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import msgspec

from schemas.outcome import Cause, Outcome
from schemas.public_formats import Fate
from schemas.record import Record
from schemas.steps import Counts


class RunResult(Record, frozen=True):
    """The result of a run."""

    run: str
    state: str
    counts: dict[str, Counts] = msgspec.field(default_factory=dict)  # by step
    dispositions: dict[str, int] = msgspec.field(default_factory=dict)
    delivered: list[str] = msgspec.field(default_factory=list)
    proof: str | None = None
    authorisation: str | None = None
    outcome: Outcome | None = None
    cause: Cause | None = None
    source_fate: Fate | None = msgspec.field(name="source", default=None)
    package_fate: Fate | None = msgspec.field(name="copy", default=None)


@dataclass
class SweepReport:
    """The result of a sweep, as counts of runs, folders, copies and lines."""

    destroyed: int = 0
    resumable: int = 0
    incomplete: int = 0
    elsewhere: int = 0  # overdue runs of another host: ciphertext removed, no certificate
    unreadable: int = 0  # damaged leases set aside: key and staging destroyed, no certificate
    strays: int = 0  # marked folders without a lease: destroyed
    copies_destroyed: int = 0  # sources and packages past their date
    copies_incomplete: int = 0
    clock_distrusted: int = 0  # 1: the wall clock is not trusted, and no copy is destroyed by date
    unknown: int = 0  # unexplained folders: left for a person to inspect
    intakes_expired: int = 0
    access_lines: int = 0  # lines of the access log whose retention was over

    def to_json(self) -> dict[str, int]:
        """Return the object that `--json` prints."""
        return asdict(self)
