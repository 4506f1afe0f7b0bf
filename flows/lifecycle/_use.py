"""Settles the use that a run claimed at its start: when the run ends, the use is consumed or given back."""

from __future__ import annotations

from flows.lifecycle.retract import residue, was_published
from flows.session.control import Control
from schemas.outcome import Cause
from vault.authorisation.check import release_use
from vault.authorisation.register import GIVEN_BACK, SPENT
from vault.destruction.due import is_restored
from vault.ledger.entries import EntryType
from vault.runs.facts import UseSettled, read_fact, write_fact
from vault.runs.lease import Lease

UNKNOWN = "delivery_unknown"
_CONSUMING_CAUSES = frozenset({Cause.PUBLISHED, Cause.REHEARSAL, Cause.INVENTORY})


def settle_use(control: Control, lease: Lease, cause: Cause) -> None:
    """Decide once whether the use is consumed, record the decision in the ledger, then give the use back if so decided.

    After a crash, the next call completes the act. Call it after the destruction, when nothing more can be delivered, and before
    the certificate, so that a run without a certificate is settled again.
    """
    settled = read_fact(control.home, lease.run_id, UseSettled)
    if settled is None:
        settled = _settlement(control, lease, cause)
        write_fact(control.home, lease.run_id, settled)
    given_back = settled.state == GIVEN_BACK
    entry = EntryType.USE_GIVEN_BACK if given_back else EntryType.USE_SPENT
    if not control.run(lease).has_recorded(entry):
        control.record(entry, lease.run_id, settled.code)
    if given_back:
        release_use(control.home, lease.authorisation_id, lease.run_id)


def _settlement(control: Control, lease: Lease, cause: Cause) -> UseSettled:
    """Return the state of the use, and the reason. If the run may have delivered, the use is consumed."""
    if cause in _CONSUMING_CAUSES:
        return UseSettled(SPENT, cause.outcome)
    if was_published(control, lease):
        return UseSettled(SPENT, Cause.PUBLISHED.outcome)
    in_doubt = cause is Cause.RECORD_LOST or is_restored(control.home, lease.run_id)
    if in_doubt or residue(control, lease):
        return UseSettled(SPENT, UNKNOWN)
    return UseSettled(GIVEN_BACK, cause.outcome)
