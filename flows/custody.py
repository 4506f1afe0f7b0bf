"""The source and the package as copies that the operator may hold: registered, ended in time, told of in ledger and proof."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flows.control import Control
from flows.issuing import issue_proof
from flows.results import SweepReport
from vault.authorisation import Authorisation
from vault.clock import format_utc
from vault.custody import CopyEnd, CopyKind, Custody, HeldCopy
from vault.instruction import Custody as Term
from vault.lease import Lease
from vault.ledger import EntryType
from vault.sweep import live_runs
from vault.trusted_time import TrustedTime


def hold_source(control: Control, authorisation: Authorisation, source: Path) -> None:
    """Register the export, when the instruction says that the operator holds it."""
    until = _held_until(authorisation.instruction.source_custody)
    if until is not None and source.exists():
        Custody(control.home).register(
            CopyKind.SOURCE, source, authorisation_id=authorisation.id, run_id=None, until=until
        )


def hold_package(control: Control, lease: Lease, authorisation: Authorisation, folder: Path) -> None:
    """Register a published package, when the instruction says that the operator holds it."""
    until = _held_until(authorisation.instruction.package_custody)
    if until is not None and folder.is_dir():
        Custody(control.home).register(
            CopyKind.PACKAGE, folder, authorisation_id=authorisation.id, run_id=lease.run_id, until=until
        )


def _held_until(term: Term | None) -> str | None:
    return term.until if term is not None and term.holder == "operator" else None


def end_sources(control: Control, lease: Lease) -> None:
    """After publication: destroy the operator's copies of the export. The ledger tells of it, and so the proof."""
    for copy in _copies(control, CopyKind.SOURCE, authorisation_id=lease.authorisation_id):
        _end(control, copy, lease.run_id)


def end_package(control: Control, run_id: str) -> CopyEnd | None:
    """Destroy the operator's copy of a run's package, when he holds one."""
    copies = _copies(control, CopyKind.PACKAGE, run_id=run_id)
    return _end(control, copies[0], run_id) if copies else None


def end_withdrawn(control: Control, authorisation_id: str) -> None:
    """The instruction no longer holds: neither does the operator's right to the export."""
    for copy in _copies(control, CopyKind.SOURCE, authorisation_id=authorisation_id):
        _end(control, copy, None)


def sweep_copies(control: Control, report: SweepReport) -> None:
    """Destroy the copies whose date has passed, if the wall clock may be believed."""
    now = TrustedTime(control.home, control.clock).now()
    if now is None:
        report.clock_distrusted = 1
        return
    for copy in Custody(control.home).held():
        if copy.until > format_utc(now) and not copy.ending:
            continue
        if _end(control, copy, copy.run_id).complete:
            report.copies_destroyed += 1
            _tell_anew(control, copy.run_id)
        else:
            report.copies_incomplete += 1


def _tell_anew(control: Control, run_id: str | None) -> None:
    """The certificate of the run that made a package says that the operator's copy is gone."""
    if run_id is not None:
        issue_proof(control, Lease.load(control.home, run_id))


def confirm_clock(control: Control) -> None:
    """Believe the wall clock as it is, on the operator's word."""
    TrustedTime(control.home, control.clock).confirm()
    control.record(EntryType.CLOCK_CONFIRMED, None, "confirmed_by_operator")


def list_held(control: Control, *, paths: bool) -> list[dict[str, Any]]:
    """Every copy that the operator holds right now, and until when: staging, sources, packages."""
    staging = [_staging_row(control, lease, paths=paths) for lease in live_runs(control.home)]
    return staging + [_copy_row(copy, paths=paths) for copy in Custody(control.home).held()]


def _staging_row(control: Control, lease: Lease, *, paths: bool) -> dict[str, Any]:
    return {
        "kind": "staging",
        "run": lease.run_id,
        "authorisation": lease.authorisation_id,
        "until": lease.deadline,
        "state": control.state(lease),
        **({"path": lease.staging} if paths else {}),
    }


def _copy_row(copy: HeldCopy, *, paths: bool) -> dict[str, Any]:
    return {
        "kind": copy.kind.value,
        "run": copy.run_id,
        "authorisation": copy.authorisation_id,
        "until": copy.until,
        "state": "ending" if copy.ending else "held",
        "files": len(copy.files),
        "bytes": copy.size,
        **({"path": copy.root} if paths else {}),
    }


def _copies(
    control: Control, kind: CopyKind, *, authorisation_id: str | None = None, run_id: str | None = None
) -> list[HeldCopy]:
    return [
        copy
        for copy in Custody(control.home).held()
        if copy.kind is kind
        and authorisation_id in (None, copy.authorisation_id)
        and run_id in (None, copy.run_id)
    ]


def _end(control: Control, copy: HeldCopy, run_id: str | None) -> CopyEnd:
    """Destroy one copy and record it; it leaves the register last, so that a crash between loses no record."""
    custody = Custody(control.home)
    end = custody.destroy(copy)
    counts = {"files": end.files, "bytes": end.bytes, **end.exceptions}
    if end.complete:
        control.record(EntryType.CUSTODY_DESTROYED, run_id, copy.kind.value, counts)
        custody.drop(copy)
    elif not copy.alarmed:
        control.record(EntryType.CUSTODY_INCOMPLETE, run_id, copy.kind.value, counts)
        custody.note_alarm(copy)
    return end
