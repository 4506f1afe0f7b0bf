"""Removes the files that an unpublished run brought to its destination, if the destination can be reached."""

from __future__ import annotations

from pathlib import Path

from connectors.destinations.line import Backoff
from flows.session.control import Control
from flows.transport.destination import channel_of, open_destination
from schemas.errors import IntegrityError, RepriseError, UnreadableSourceError
from vault.authorisation.check import reopen
from vault.destruction.due import is_restored
from vault.destruction.held_copies import AT_SERVER, CopyEnd, CopyEvidence, HeldCopy
from vault.runs.facts import Takeback, read_fact, write_fact
from vault.runs.journal import Journal
from vault.runs.lease import Lease, end_data_process

LEFTOVER = "remote_leftover_not_reachable"
"""The exception code of a certificate: sealed files of the run may still be at the destination, on a server or in a folder."""
_SHORT_RETRY = Backoff(attempts=2, ceiling_seconds=2)  # an unreachable server must not delay destruction


def used_channels(control: Control, lease: Lease) -> list[str]:
    """Return the channels through which data of the run may have left its staging: one, or none before step `publish`."""
    destination = destination_of(control, lease)
    may_have_left = destination is not None and Journal(control.home, lease.run_id).ever("reconcile")
    return [channel_of(destination)] if may_have_left and destination is not None else []


def retract(control: Control, lease: Lease) -> None:
    """Remove the run's files at its destination, and record for the certificate whether that succeeded.

    A published package of a run in a restored home is not removed: the run published it in the time whose record was lost.
    """
    known = read_fact(control.home, lease.run_id, Takeback)
    if known is not None and not known.left:
        return
    destination = destination_of(control, lease)
    if destination is not None and _is_hidden(control, lease, destination):
        write_fact(control.home, lease.run_id, Takeback(left=1))
    elif destination is None:
        _note_unknown(control, lease)
    elif used_channels(control, lease):
        end_data_process(lease)  # no process may upload more
        write_fact(control.home, lease.run_id, _discard(control, lease, destination))


def destination_of(control: Control, lease: Lease) -> str | None:
    """Return the run's destination; None for a run that delivers nothing, or if no record of the destination is readable.

    If the order is damaged, or missing because backups have none, the result comes from elsewhere: for a run of the first release
    with parts beside its destination, from its lease; for any other run, from the instruction, which names the same destination.
    """
    try:
        return control.order_of(lease).destination
    except (UnreadableSourceError, IntegrityError):
        pass
    if lease.use != "migration":
        return None
    if lease.grew_outside:
        return str(Path(lease.partial).parent)
    try:
        return reopen(control.home, lease.authorisation_id, lease.use).instruction.destination
    except (RepriseError, OSError):
        return None


def _discard(control: Control, lease: Lease, destination: str) -> Takeback:
    try:
        place = open_destination(control.home, destination, lease.run_id, _SHORT_RETRY)
        if is_restored(control.home, lease.run_id) and place.published():
            return Takeback(left=0, published=1)
        place.discard()
    except (RepriseError, OSError):
        return Takeback(left=1)
    return Takeback(left=0)


def _is_hidden(control: Control, lease: Lease, destination: str) -> bool:
    """Return whether files may be in a folder that is missing now: an unmounted disk hides files without removing them."""
    began = Journal(control.home, lease.run_id).ever("plan" if lease.grew_outside else "reconcile")
    return began and channel_of(destination) == "folder" and not Path(destination).is_dir()


def delete_on_server(control: Control, copy: HeldCopy) -> CopyEnd:
    """Delete the operator's package on a server, and ask the server whether it is gone. Only its answer is evidence."""
    files = len(copy.files)
    try:
        place = open_destination(control.home, copy.root.rpartition("/")[0], str(copy.run_id), _SHORT_RETRY)
        existed = place.published()
        place.discard()
        exists = place.published()
    except (RepriseError, OSError):
        return CopyEnd(0, 0, CopyEvidence.AT_SERVER, {"not_reachable": files})
    if exists:
        return CopyEnd(0, 0, CopyEvidence.AT_SERVER, {"not_removed": files})
    counts = {AT_SERVER: files} if existed else {AT_SERVER: files, "not_found": files}
    return CopyEnd(files * existed, copy.size * existed, CopyEvidence.AT_SERVER, counts)


def was_published(control: Control, lease: Lease) -> bool:
    """Return whether `retract` found a published package of a run whose publication record was lost."""
    takeback = read_fact(control.home, lease.run_id, Takeback)
    return takeback is not None and takeback.published > 0


def _note_unknown(control: Control, lease: Lease) -> None:
    """Record that a run in a restored home may have left parts at an unknown destination."""
    if lease.use == "migration" and Journal(control.home, lease.run_id).ever("reconcile"):
        write_fact(control.home, lease.run_id, Takeback(left=1))


def residue(control: Control, lease: Lease) -> tuple[str, ...]:
    """Return the exception codes for the certificate: LEFTOVER if files of the run may still be at the destination."""
    takeback = read_fact(control.home, lease.run_id, Takeback)
    return (LEFTOVER,) if takeback is not None and takeback.left else ()
