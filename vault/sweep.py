"""What a sweep has to look at: leases that are overdue, half-destroyed or without a key, and unknown folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vault.authorisation import is_withdrawn
from vault.clock import Clock
from vault.lease import Lease, list_runs, observable_here, owner_alive

RESTORED = "restored.json"  # beside a lease: the run came out of a backup, and only its end is left


@dataclass(frozen=True)
class Due:
    """A lease and why the sweep looks at it: deadline | withdrawn | half_destroyed | key_lost | resumable."""

    lease: Lease
    reason: str


def find_due(home: Path, clock: Clock) -> list[Due]:
    """Every lease that has not ended and whose owner does not live, or whose time is over."""
    found = []
    for lease in list_runs(home):
        if is_ended(home, lease.run_id):
            continue
        reason = _reason(home, lease, clock)
        if reason is not None:
            found.append(Due(lease, reason))
    return found


def _reason(home: Path, lease: Lease, clock: Clock) -> str | None:
    if is_restored(home, lease.run_id):
        return "key_lost"
    if lease.seconds_left(clock) <= 0:
        return "deadline"
    if is_withdrawn(home, lease.authorisation_id) and not owner_alive(lease):
        return "withdrawn"
    if not observable_here(lease) or owner_alive(lease):
        return None
    if (home / "runs" / lease.run_id / "intent.json").is_file():
        return "half_destroyed"
    return "key_lost" if lease.provider == "memory" else "resumable"


def is_ended(home: Path, run_id: str) -> bool:
    """Whether the run has its certificate."""
    return (home / "runs" / run_id / "proof" / "manifest.json").is_file()


def is_restored(home: Path, run_id: str) -> bool:
    """Whether the run was alive in a backup that was put back: never resumed, ended by the sweep."""
    return (home / "runs" / run_id / RESTORED).is_file()


def find_unknown(home: Path) -> list[str]:
    """Staging folders that no lease explains."""
    folder = home / "staging"
    known = {lease.run_id for lease in list_runs(home)}
    return sorted(p.name for p in folder.iterdir() if p.name not in known) if folder.is_dir() else []
