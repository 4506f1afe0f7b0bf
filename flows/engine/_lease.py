"""lease: a run's right to hold staging, recorded on disk and in the ledger before the first byte is staged."""

from __future__ import annotations

import contextlib
import uuid
from pathlib import Path

from connectors.destinations.folder import FolderDestination
from flows.engine._authorise import Authorised
from flows.lifecycle.copies import hold_source
from flows.session.acts import recording_refusal
from flows.session.control import Control
from flows.session.orders import Order
from flows.transport.destination import channel_of
from schemas.errors import HostError, RefusedError, TargetRefusedError
from vault.authorisation.check import reopen
from vault.runs.lease import Lease, new_lease, parts_folder
from vault.staging.ownership import make_staging
from vault.system.hardening import host_findings


def take_lease(control: Control, authorised: Authorised, order: Order, order_id: str | None) -> Lease:
    """Write the lease, spend the use, record the start.

    A crash in between leaves a lease whose run never began: `resume` begins the run, `abandon` and the sweep drop the lease.
    Raises HostError (swap on and not declared), TargetRefusedError, UseError.
    """
    authorisation = authorised.authorisation
    undeclared = set(host_findings()) - set(control.site.declared_exceptions) - {"core_pattern_pipes"}
    if undeclared:
        raise HostError(min(undeclared))
    run_id = str(uuid.uuid4())
    if order.destination is not None:
        _prepare_destination(order.destination, run_id)
    lease = new_lease(
        control.home,
        control.clock,
        run_id=run_id,
        subject_id=authorisation.subject_id,
        persons=authorisation.persons,
        authorisation_id=authorisation.id,
        use=order.use,
        hours=authorisation.deadline_hours,
        provider=order.keys,
        partial=parts_folder(control.home.staging / run_id),
        operator_id=control.person.id,
        ledger_start=control.ledger.store.head().size,
        order_id=order_id or control.keep_order(order),
    )
    begin(control, lease, authorised)
    return lease


def begin(control: Control, lease: Lease, authorised: Authorised) -> None:
    """Spend the use and record the start of a leased run; a second call changes nothing."""
    try:
        with recording_refusal(control):
            authorised.consume_use(control.home, lease.run_id)
    except RefusedError:
        control.forget(lease)
        raise
    control.record_start(lease, authorised.authorisation)
    make_ready(control, lease)


def make_ready(control: Control, lease: Lease) -> None:
    """Create marked staging, and register the export as it is now among the held copies; a second call changes nothing.

    This also runs at a resume: a crash may have happened before it, and a damaged export may have been replaced since.
    """
    make_staging(control.home, Path(lease.staging))
    authorisation = reopen(control.home, lease.authorisation_id, lease.use)
    hold_source(control, authorisation, Path(control.order_of(lease).source))


def _prepare_destination(destination: str, run_id: str) -> None:
    """Create the folder and check that files can be written there, before hours of work. A server is not contacted yet."""
    if channel_of(destination) != "folder":
        return
    folder, made = Path(destination), False
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = True
    if not made:
        raise TargetRefusedError("destination_unusable")
    FolderDestination(folder, run_id).try_out()
