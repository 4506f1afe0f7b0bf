"""Registers the export and the package as copies in the operator's custody, and destroys them in time.

Each destruction is a ledger entry. A sweep also issues a new proof for the run, so that its certificate states the destruction.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import UNSET, UnsetType

from flows.lifecycle.proof import issue_proof
from flows.lifecycle.retract import delete_on_server
from flows.session.control import Control
from flows.session.results import SweepReport
from schemas.errors import BusyError, RepriseError, TargetRefusedError, UnreadableSourceError
from schemas.record import Record
from vault.authorisation.check import Authorisation, is_withdrawn
from vault.destruction.due import live_runs
from vault.destruction.held_copies import CopyEnd, CopyKind, CustodyRegister, HeldCopy, evidence_of_kind
from vault.destruction.trusted_time import TrustedTime
from vault.instruction.document import Custody as CustodyTerm
from vault.instruction.document import Instruction
from vault.ledger.entries import EntryType
from vault.records.destinations import parse_remote
from vault.runs.lease import Lease, leased_runs
from vault.runs.run_lock import lock_run
from vault.system.clock import format_utc
from vault.system.locks import lock_copies

_WAIT_SECONDS = 600
"""The time for which an operator's act waits for a sweep that is overwriting a copy."""


def hold_source(control: Control, authorisation: Authorisation, source: Path) -> None:
    """Register the export if the instruction states that the operator holds the export."""
    until = _held_until(authorisation.instruction.source_custody)
    if until is not None and source.exists():
        CustodyRegister(control.home).register(
            CopyKind.SOURCE, source, authorisation_id=authorisation.id, run_id=None, until=until
        )


EXPORT_ENDS = "export_destroyed_at_delivery"
"""The count that is reported before a run begins: the operator's copy of the export will be destroyed after the publication."""


def announce(instruction: Instruction, use: str) -> dict[str, int]:
    """Return the counts for observers before a run of this use begins: {EXPORT_ENDS: 1} if the export will be destroyed."""
    custody = instruction.source_custody
    destroyed = use == "migration" and custody is not None and custody.holder == "operator"
    return {EXPORT_ENDS: 1} if destroyed else {}


def hold_package(
    control: Control, lease: Lease, authorisation: Authorisation, place: str, sizes: dict[str, int]
) -> None:
    """Register a published package, in a folder or on a server, if the instruction states that the operator holds the package.

    `sizes` are the bytes of the files on a server, by name.
    """
    until = _held_until(authorisation.instruction.package_custody)
    if until is None:
        return
    whose = {"authorisation_id": authorisation.id, "run_id": lease.run_id, "until": until}
    if parse_remote(place) is not None:
        CustodyRegister(control.home).register_at_server(place, sizes, **whose)
    elif Path(place).is_dir():
        CustodyRegister(control.home).register(CopyKind.PACKAGE, Path(place), **whose)


def _held_until(term: CustodyTerm | None) -> str | None:
    return term.until if term is not None and term.holder == "operator" else None


def destroy_sources(control: Control, lease: Lease) -> None:
    """Destroy the operator's copies of a run's export, and record that in the ledger. The caller issues the proof afterwards."""
    for copy in _copies(control, CopyKind.SOURCE, authorisation_id=lease.authorisation_id):
        _destroy(control, copy, lease.run_id)


def destroy_package(control: Control, run_id: str) -> CopyEnd | None:
    """Destroy the operator's copy of a run's package, and record that in the ledger. The caller issues the proof afterwards.

    Return None if the operator holds no copy.
    """
    copies = _copies(control, CopyKind.PACKAGE, run_id=run_id)
    return _destroy(control, copies[0], run_id) if copies else None


def make_package_due(control: Control, run_id: str) -> None:
    """Bring the date of the operator's copy of a run's package forward to the present, because the practice has the package.

    Nothing is destroyed here.
    """
    with lock_copies(control.home.locks, _WAIT_SECONDS):
        for copy in _copies(control, CopyKind.PACKAGE, run_id=run_id):
            CustodyRegister(control.home).end_at(copy, format_utc(control.clock.now()))


def destroy_withdrawn(control: Control, authorisation_id: str) -> None:
    """Destroy the operator's copies of the export, because the instruction that allowed them was withdrawn."""
    for copy in _copies(control, CopyKind.SOURCE, authorisation_id=authorisation_id):
        _destroy(control, copy, None)


def sweep_copies(control: Control, report: SweepReport) -> None:
    """Destroy the copies whose date has passed, if the wall clock is trusted; exports of withdrawn instructions in any case."""
    now = TrustedTime(control.home, control.clock).now()
    report.clock_distrusted = int(now is None)
    register = CustodyRegister(control.home)
    report.copies_incomplete += register.unreadable()
    for copy in register.held():
        try:
            if not (_is_due(copy, now) or _is_withdrawn(control, copy)):
                continue
            complete = _destroy(control, copy, copy.run_id, certify=True).complete
        except BusyError as busy:
            if busy.code == "custody_busy":
                continue  # another sweep or an operator is destroying it
            complete = False
        except (RepriseError, OSError, ValueError):
            complete = False  # its records or its location are damaged: go on with the next copy
        report.copies_destroyed += complete
        report.copies_incomplete += not complete


def _is_due(copy: HeldCopy, now: datetime | None) -> bool:
    begun = copy.ending or copy.alarmed or copy.recorded
    return now is not None and (begun or copy.until <= format_utc(now))


def _is_withdrawn(control: Control, copy: HeldCopy) -> bool:
    """Return whether the copy is an export whose instruction was withdrawn. Its destruction needs no trusted clock."""
    return copy.kind is CopyKind.SOURCE and is_withdrawn(control.home, copy.authorisation_id)


def confirm_clock(control: Control) -> None:
    """Accept the time of the wall clock, which the operator confirms, and record that."""
    TrustedTime(control.home, control.clock).confirm()
    control.record(EntryType.CLOCK_CONFIRMED, None, "confirmed_by_operator")


def declare_gone(control: Control, copy_id: str) -> None:
    """Record an operator's statement that a copy was lost with its disk, and issue a new certificate for the copy's run.

    The copy is recorded as not found, never as destroyed by Reprise. Raises UnreadableSourceError (no_such_copy),
    TargetRefusedError (copy_is_there).
    """
    matching = [copy for copy in CustodyRegister(control.home).held() if copy.id == copy_id]
    if not matching:
        raise UnreadableSourceError("no_such_copy")
    copy = matching[0]
    if not copy.at_server and any(os.path.lexists(file.path) for file in copy.files):
        raise TargetRefusedError("copy_is_there")
    counts = {"files": 0, "bytes": 0, "not_found": len(copy.files)}
    _record_destruction(control, copy, copy.run_id, counts)
    _issue_new_certificate(control, copy.run_id)
    CustodyRegister(control.home).drop(copy)


class CopyView(Record, frozen=True, kw_only=True):
    """A copy that the operator holds now: staging, a source or a package."""

    copy_id: str | UnsetType = msgspec.field(name="copy", default=UNSET)  # absent for staging
    kind: str
    run_id: str | None = msgspec.field(name="run")
    authorisation_id: str = msgspec.field(name="authorisation")
    until: str
    state: str
    files: int | UnsetType = UNSET  # absent for staging, which is sealed
    bytes: int | UnsetType = UNSET
    path: str | UnsetType = UNSET  # only if requested, because it may name a doctor


def list_held(control: Control, *, paths: bool) -> list[CopyView]:
    """List every copy that the operator holds now, with its date: staging, sources, packages."""
    staging = [_staging_view(control, lease, paths=paths) for lease in live_runs(control.home)]
    return staging + [_copy_view(copy, paths=paths) for copy in CustodyRegister(control.home).held()]


def _staging_view(control: Control, lease: Lease, *, paths: bool) -> CopyView:
    return CopyView(
        kind="staging",
        run_id=lease.run_id,
        authorisation_id=lease.authorisation_id,
        until=lease.deadline,
        state=control.run(lease).state,
        path=lease.staging if paths else UNSET,
    )


def _copy_view(copy: HeldCopy, *, paths: bool) -> CopyView:
    return CopyView(
        copy_id=copy.id,
        kind=copy.kind.value,
        run_id=copy.run_id,
        authorisation_id=copy.authorisation_id,
        until=copy.until,
        state="ending" if copy.ending or copy.alarmed else "held",
        files=len(copy.files),
        bytes=copy.size,
        path=copy.root if paths else UNSET,
    )


def _copies(
    control: Control, kind: CopyKind, *, authorisation_id: str | None = None, run_id: str | None = None
) -> list[HeldCopy]:
    return [
        copy
        for copy in CustodyRegister(control.home).held()
        if copy.kind is kind
        and authorisation_id in (None, copy.authorisation_id)
        and run_id in (None, copy.run_id)
    ]


def _destroy(control: Control, copy: HeldCopy, run_id: str | None, *, certify: bool = False) -> CopyEnd:
    """Destroy one copy and record that. With `certify`, issue a new certificate for its run.

    The copy is removed from the register last, so that a crash loses neither the record nor the certificate. A lock admits one
    process at a time; if another process has destroyed the copy, nothing remains to be done.
    """
    with lock_copies(control.home.locks, 0 if certify else _WAIT_SECONDS):
        custody = CustodyRegister(control.home)
        registered = [held for held in custody.held() if held.id == copy.id]
        return (
            _destroy_registered(control, registered[0], run_id, certify=certify)
            if registered
            else CopyEnd(0, 0, evidence_of_kind(copy.kind))
        )


def _destroy_registered(control: Control, copy: HeldCopy, run_id: str | None, *, certify: bool) -> CopyEnd:
    custody = CustodyRegister(control.home)
    end = delete_on_server(control, copy) if copy.at_server else custody.destroy(copy)
    counts = {"files": end.files, "bytes": end.bytes, **end.exceptions}
    if end.complete:
        _record_destruction(control, copy, run_id, counts)
        if certify:
            _issue_new_certificate(control, run_id)
        custody.drop(copy)
    elif not copy.alarmed:
        control.record(EntryType.CUSTODY_INCOMPLETE, run_id, copy.kind.value, counts)
        custody.note_alarm(copy)
    return end


def _record_destruction(control: Control, copy: HeldCopy, run_id: str | None, counts: dict[str, int]) -> None:
    """Record a destruction once, even if the new certificate has to wait for a run in progress."""
    if not copy.recorded:
        control.record(EntryType.CUSTODY_DESTROYED, run_id, copy.kind.value, counts)
        CustodyRegister(control.home).note_recorded(copy)


def _issue_new_certificate(control: Control, run_id: str | None) -> None:
    """Issue a new certificate for a run after a copy was destroyed, unless the run's damaged lease was set aside."""
    if run_id is not None and run_id in leased_runs(control.home):
        lease = Lease.load(control.home, run_id)
        with lock_run(control.home, lease.locks):  # `confirm` issues the proof too
            issue_proof(control, lease)
