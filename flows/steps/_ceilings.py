"""The ceilings of an instruction: how much may be degraded or quarantined before a run fails.

An instruction states them in parts of a thousand per kind of unit. They are rounded up to a whole unit: with a ceiling above 0,
one unit of a kind is always allowed, however few there are. Unreadable files are compared with all files that hold records, by
number and by bytes; files that hold no records do not count (docs/authorisation.md).
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from flows.steps.values import FileEntry, Reasons, add_reason
from schemas.disposition import Disposition, UnitKind
from schemas.errors import CeilingError
from vault.authorisation.check import Authorisation

FILES_NAMED = 10
_MOST = 400


@dataclass
class Balance:
    """The dispositions of a run's units, summed over its patients."""

    by_kind: dict[str, Tally[str]] = field(default_factory=dict)
    reasons: Reasons = field(default_factory=dict)
    files: dict[tuple[str, str], set[int]] = field(default_factory=dict)

    def add(self, kind: str, disposition: str, reason: str, count: int, files: Iterable[int]) -> None:
        """Count units of a kind with this disposition, and note the first few files of the export that they are in."""
        self.by_kind.setdefault(kind, Tally())[disposition] += count
        if disposition != Disposition.DELIVERED:
            add_reason(self.reasons, disposition, reason, kind, count)
        known = self.files.setdefault((kind, disposition), set())
        known.update(files)
        self.files[kind, disposition] = set(sorted(known)[: FILES_NAMED + 1])


@dataclass(frozen=True)
class _Excess:
    kind: str
    disposition: str
    found: int
    total: int
    limit: int
    files: set[int]


def check_ceilings(authorisation: Authorisation, balance: Balance, files: tuple[FileEntry, ...]) -> None:
    """Refuse if more is degraded or quarantined than the controllers allowed; the error names the kind with the largest share.

    Loose text has no total of its own kind, so it is compared with all units together. Remarks (comments, instructions,
    declarations for programs) count against no ceiling. Raises CeilingError.
    """
    ceilings = {
        Disposition.DEGRADED.value: authorisation.ceilings.degraded_permille,
        Disposition.QUARANTINED.value: authorisation.ceilings.quarantined_permille,
    }
    excesses = [*_of_units(balance, ceilings), *_of_files(files, ceilings[Disposition.QUARANTINED.value])]
    if not excesses:
        return
    most_specific = max(excesses, key=lambda each: each.found / each.total)
    disposition = Disposition(most_specific.disposition)
    raise CeilingError(
        f"too_many_{disposition.value}",
        kind=most_specific.kind,
        count=most_specific.found,
        of=most_specific.total,
        limit=most_specific.limit,
        files=_named(most_specific.files),
    )


def allowed(ceiling: int, total: int) -> int:
    """Return how many of `total` units a ceiling in parts of a thousand allows, rounded up."""
    return -(-ceiling * total // 1000)


def _of_units(balance: Balance, ceilings: dict[str, int]) -> Iterator[_Excess]:
    all_units = sum(tally.total() for tally in balance.by_kind.values())
    for kind, tally in balance.by_kind.items():
        if kind in (UnitKind.REMARK, UnitKind.FILE):
            continue
        # Such units are never delivered, so a share of their own kind would always be all of it.
        total = all_units if kind in (UnitKind.LOOSE_TEXT, UnitKind.ROW) else tally.total()
        for disposition, ceiling in ceilings.items():
            found = tally.get(disposition, 0)
            if found > allowed(ceiling, total):
                files = balance.files.get((kind, disposition), set())
                yield _Excess(kind, disposition, found, total, ceiling, files)


def _of_files(files: tuple[FileEntry, ...], ceiling: int) -> Iterator[_Excess]:
    """Yield an excess if too many files are unreadable, or too large a share of all bytes.

    The limit by bytes may exceed the ceiling: up to the share of two average files, and at most two fifths of all bytes.
    """
    held = [file for file in files if file.holds_records]
    lost = [file for file in held if file.damaged]
    size = sum(file.size for file in held)
    lost_size = sum(file.size for file in lost)
    permille = max(ceiling, min(_MOST, 2000 // len(held))) if lost and ceiling else ceiling
    if len(lost) > allowed(ceiling, len(held)) or lost_size * 1000 > permille * size:
        ordinals = {file.ordinal for file in lost}
        yield _Excess(
            UnitKind.FILE.value, Disposition.QUARANTINED.value, len(lost), len(held), ceiling, ordinals
        )


def _named(ordinals: set[int]) -> str:
    first = sorted(ordinals)
    shown = ",".join(map(str, first[:FILES_NAMED]))
    return f"{shown},..." if len(first) > FILES_NAMED else shown
