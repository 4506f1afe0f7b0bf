"""The ceilings of an instruction: how much may be degraded or quarantined before a run fails.

An instruction states them in parts of a thousand of each kind of unit, and they are rounded up to a whole unit: above 0,
one unit of a kind is always agreed to, however few there are. Files that cannot be read are held against all files that
hold records, by number and by bytes; what lies beside the records is held against nothing (docs/authorisation.md).
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
    """What became of the units of a run, added up over its patients."""

    by_kind: dict[str, Tally[str]] = field(default_factory=dict)
    reasons: Reasons = field(default_factory=dict)
    files: dict[tuple[str, str], set[int]] = field(default_factory=dict)

    def add(self, kind: str, disposition: str, reason: str, count: int, files: Iterable[int]) -> None:
        """Count units of a kind that so ended, and in which files of the export: the first few."""
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
    """Refuse when more is degraded or quarantined than the controllers agreed to, by the kind that exceeds it most.

    Loose text has no kind of its own to be a part of: it is held against all units together. Remarks (comments,
    instructions, declarations for programs) are held against nothing. Raises CeilingError.
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
    """How many of so many a ceiling in parts of a thousand agrees to, rounded up."""
    return -(-ceiling * total // 1000)


def _of_units(balance: Balance, ceilings: dict[str, int]) -> Iterator[_Excess]:
    all_units = sum(tally.total() for tally in balance.by_kind.values())
    for kind, tally in balance.by_kind.items():
        if kind in (UnitKind.REMARK, UnitKind.FILE):
            continue
        total = all_units if kind == UnitKind.LOOSE_TEXT else tally.total()
        for disposition, ceiling in ceilings.items():
            found = tally.get(disposition, 0)
            if found > allowed(ceiling, total):
                files = balance.files.get((kind, disposition), set())
                yield _Excess(kind, disposition, found, total, ceiling, files)


def _of_files(files: tuple[FileEntry, ...], ceiling: int) -> Iterator[_Excess]:
    """Files that cannot be read: too many of them, or too large a part of all bytes.

    By bytes they may weigh more than the ceiling, as far as twice the average file and two fifths of all.
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
