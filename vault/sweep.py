"""What a sweep has to look at: leases that are overdue, withdrawn, half-destroyed or without a key, and unknown folders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vault.authorisation import is_withdrawn
from vault.clock import Clock
from vault.keyring_linux import KernelKeyring
from vault.lease import Lease, Sight, list_runs, owner_alive, sight
from vault.mark import is_ours

RESTORED = "restored.json"  # beside a lease: the run came out of a backup, and only its end is left


@dataclass(frozen=True)
class Due:
    """A lease and why the sweep looks at it.

    deadline | withdrawn | half_destroyed | key_lost | resumable | elsewhere (overdue, but of a host that cannot be seen)
    """

    lease: Lease
    reason: str


def find_due(home: Path, clock: Clock) -> list[Due]:
    """Every lease that has not ended and whose owner does not live, or whose time is over."""
    found = []
    for lease in live_runs(home):
        reason = _reason(home, lease, clock)
        if reason is not None:
            found.append(Due(lease, reason))
    return found


def live_runs(home: Path) -> Iterator[Lease]:
    """Every lease without a certificate."""
    return (lease for lease in list_runs(home) if not is_ended(home, lease.run_id))


def _reason(home: Path, lease: Lease, clock: Clock) -> str | None:
    overdue = lease.seconds_left(clock) <= 0
    if sight(lease) is Sight.ELSEWHERE:
        left = any(folder.exists() or folder.is_symlink() for folder in lease.folders)
        return "elsewhere" if overdue and left else None
    if is_restored(home, lease.run_id):
        return "key_lost"
    if overdue:
        return "deadline"
    return None if owner_alive(lease) else _reason_of_orphan(home, lease)


def _reason_of_orphan(home: Path, lease: Lease) -> str:
    """Why a run is looked at whose owner died here, or before this boot."""
    if is_withdrawn(home, lease.authorisation_id):
        return "withdrawn"
    if (home / "runs" / lease.run_id / "intent.json").is_file():
        return "half_destroyed"
    return "key_lost" if lease.provider == "memory" else "resumable"


def is_ended(home: Path, run_id: str) -> bool:
    """Whether the run has its certificate."""
    return (home / "runs" / run_id / "proof" / "manifest.json").is_file()


def is_restored(home: Path, run_id: str) -> bool:
    """Whether the run was alive in a backup that was put back: never resumed, ended by the sweep."""
    return (home / "runs" / run_id / RESTORED).is_file()


def find_unknown(home: Path) -> tuple[list[Path], list[Path]]:
    """Entries of `staging/` that no lease explains: those that carry our mark, and those that a person must look at."""
    folder = home / "staging"
    known = {lease.run_id for lease in list_runs(home)}
    strays = [p for p in sorted(folder.iterdir()) if p.name not in known] if folder.is_dir() else []
    ours = [path for path in strays if is_ours(home, path)]
    return ours, [path for path in strays if path not in ours]


def rearm_keys(home: Path, clock: Clock) -> None:
    """Set every kernel timeout anew by the boot clock: the kernel's own follows the wall clock, which can be set."""
    for lease in live_runs(home):
        rearm_key(lease, clock)


def rearm_key(lease: Lease, clock: Clock) -> None:
    """The same for one run; nothing where its key is not in this kernel."""
    if lease.key_ref is not None and lease.provider == KernelKeyring.name and sight(lease) is Sight.HERE:
        KernelKeyring().rearm(lease.key_ref, lease.seconds_left(clock))
