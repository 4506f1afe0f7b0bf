"""The values that pass from step to step. Only the preceding step can create a step's input.

They hold counts, ordinals and references, never patient data, which stays sealed in staging.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.contracts import Counted
from schemas.dialect import Names
from schemas.disposition import HELD_AGAINST_NOTHING

Reasons = dict[str, dict[str, dict[str, int]]]
"""Disposition (except delivered whole) to reason to kind of unit to number of units."""


def add_reason(reasons: Reasons, disposition: str, reason: str, kind: str, count: int) -> None:
    """Count units of a kind with this disposition and reason."""
    kinds = reasons.setdefault(disposition, {}).setdefault(reason, {})
    kinds[kind] = kinds.get(kind, 0) + count


@dataclass(frozen=True)
class FileEntry:
    """One file of the source, as counted by the inventory."""

    ordinal: int
    format: str | None  # None: no connector knows the format
    first_patient: int
    patients: int
    size: int
    damaged: str | None  # Reason when the file as a whole is quarantined
    line: int = 0  # where the decoded text is not well-formed; 0: unknown
    column: int = 0

    @property
    def holds_records(self) -> bool:
        """Whether the file holds records, and counts against a ceiling if it is unreadable."""
        return self.damaged not in HELD_AGAINST_NOTHING


@dataclass(frozen=True)
class Inventory:
    """The source, counted without the readers."""

    files: tuple[FileEntry, ...]
    units: dict[str, int]
    patients: int
    bytes_total: int
    unit_bytes: int
    structural_bytes: int
    ignored_bytes: dict[str, int]
    repaired: dict[str, int]
    excluded: dict[str, int]  # disposition -> units
    reasons: Reasons = field(default_factory=dict)  # of excluded units and unreadable files
    years: tuple[int, ...] = ()  # first and last year of the export's records
    software: dict[str, int] = field(
        default_factory=dict
    )  # software in the headers (`flows.steps.software`) -> headers
    walked: dict[str, int] = field(default_factory=dict)  # folders counted by the slow counter, by reason
    dialect: Names = field(default_factory=Names)  # the names that the export uses


@dataclass(frozen=True)
class Staged:
    """What extraction sealed: rows per table, and rejects by reason."""

    inventory: Inventory
    rows: dict[str, int]
    rejects: dict[str, int]


@dataclass(frozen=True)
class Checked:
    """Rows by contract and outcome; how many units are quarantined, and how many points there are to resolve."""

    staged: Staged
    outcomes: Counted
    quarantined: int
    to_resolve: int = 0


@dataclass(frozen=True)
class Matched:
    """Charts, pairs of charts that may belong to one patient, and folders that contradict themselves."""

    checked: Checked
    charts: int
    joined: int
    review: int
    notices: int = 0


@dataclass(frozen=True)
class Drafts:
    """The profile of codes: how many per scheme, and how many distinct codes and records are understood, by status."""

    matched: Matched
    codes: dict[str, int]
    coverage: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedPart:
    """One sealed part: the charts it holds (ordinals from first to last)."""

    name: str
    charts: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """What will be written, with a digest that a rehearsal and the later run can compare."""

    drafts: Drafts
    profile: str
    parts: tuple[PlannedPart, ...]
    digest: str


@dataclass(frozen=True)
class SealedPart:
    """A file of a package, mostly a sealed part, with the digest of its bytes there."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Delivery:
    """What was sealed, and what the independent reader of the plain stream counted."""

    plan: Plan
    parts: tuple[SealedPart, ...]
    delivered_units: int
    filled: dict[str, int]
    derived: int
    problems: dict[str, int]
    walked: dict[str, int] = field(default_factory=dict)  # charts counted one by one, by reason


@dataclass(frozen=True)
class Reconciliation:
    """The accounts balance: dispositions by kind; nothing lost, nothing in surplus."""

    delivery: Delivery
    dispositions: dict[str, int]
    by_kind: dict[str, dict[str, int]]
    reasons: Reasons = field(default_factory=dict)


@dataclass(frozen=True)
class Published:
    """The package under its final name."""

    reconciliation: Reconciliation
    files: tuple[SealedPart, ...]
    folder: str
    findings: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Rehearsed:
    """The end of a rehearsal: everything balanced, nothing published."""

    reconciliation: Reconciliation
