"""The values that travel from step to step. Only the step before can make what a step takes.

They hold counts, ordinals and references, never a patient's data; those stay sealed in staging.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.disposition import HELD_AGAINST_NOTHING

Reasons = dict[str, dict[str, dict[str, int]]]
"""Disposition (but delivered whole) to reason to kind of unit, to how many."""


def add_reason(reasons: Reasons, disposition: str, reason: str, kind: str, count: int) -> None:
    """Count units of a kind that so ended, for this reason."""
    kinds = reasons.setdefault(disposition, {}).setdefault(reason, {})
    kinds[kind] = kinds.get(kind, 0) + count


@dataclass(frozen=True)
class FileEntry:
    """One file of the source, as the inventory saw it."""

    ordinal: int
    format: str | None  # None: no connector knows it
    first_patient: int
    patients: int
    size: int
    damaged: str | None  # Reason when the file as a whole is quarantined
    line: int = 0  # where it is not well-formed, in its decoded text; 0: nothing says
    column: int = 0

    @property
    def holds_records(self) -> bool:
        """Whether it is no stray file: what is held against a ceiling when it cannot be read."""
        return self.damaged not in HELD_AGAINST_NOTHING


@dataclass(frozen=True)
class Inventory:
    """What came, counted without the readers."""

    files: tuple[FileEntry, ...]
    units: dict[str, int]
    patients: int
    bytes_total: int
    unit_bytes: int
    structural_bytes: int
    ignored_bytes: dict[str, int]
    repaired: dict[str, int]
    excluded: dict[str, int]  # disposition -> units
    reasons: Reasons = field(default_factory=dict)  # of those excluded, and of files that cannot be read
    years: tuple[int, ...] = ()  # the first and the last year in which a record of the export lies
    software: dict[str, int] = field(
        default_factory=dict
    )  # what its headers name (`flows.steps.software`) -> headers
    walked: dict[str, int] = field(default_factory=dict)  # folders that the slow counter counted, by why


@dataclass(frozen=True)
class Staged:
    """What extraction sealed: rows a table, and rejects by reason."""

    inventory: Inventory
    rows: dict[str, int]
    rejects: dict[str, int]


@dataclass(frozen=True)
class Checked:
    """The contracts' verdict: violations an expectation; how many units went to quarantine."""

    staged: Staged
    violations: dict[str, int]
    quarantined: int


@dataclass(frozen=True)
class Matched:
    """Charts, pairs of charts that may be of one patient, and folders that contradict themselves."""

    checked: Checked
    charts: int
    joined: int
    review: int
    notices: int = 0


@dataclass(frozen=True)
class Drafts:
    """The profile of codes: how many of each scheme, how many that no table knows."""

    matched: Matched
    codes: dict[str, int]


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
    """A sealed part: its digest is of the bytes as they were sealed."""

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
    walked: dict[str, int] = field(default_factory=dict)  # charts that were counted one by one, by why


@dataclass(frozen=True)
class Reconciliation:
    """The books balance: dispositions by kind, lost and surplus both zero."""

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
    """A rehearsal's end: everything balanced, nothing was published."""

    reconciliation: Reconciliation


@dataclass(frozen=True)
class Abandonment:
    """A run that ends without publication, and why (an enumeration value)."""

    cause: str
