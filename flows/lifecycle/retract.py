"""Remove what an unpublished run brought to its destination, if the destination can be reached."""

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
"""A certificate's exception: sealed files of the run may still be at the server."""
_SHORT_RETRY = Backoff(attempts=2, ceiling_seconds=2)  # an unreachable server must not delay destruction


def used_channels(control: Control, lease: Lease) -> list[str]:
    """Return the channel through which data of the run may have left the host."""
    destination = destination_of(control, lease)
    went = destination is not None and Journal(control.home, lease.run_id).ever("reconcile")
    return [channel_of(destination)] if went and destination is not None else []


def retract(control: Control, lease: Lease) -> None:
    """Remove the run's files at its destination; record for the certificate whether that succeeded.

    For a run in a restored home a published package stays: the run published it in the time whose record was lost.
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
    """Return where the run was to deliver; None for a rehearsal.

    If the order is damaged or missing from a backup, the destination in the instruction is used, which is the same; None if that
    is unreadable too.
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


def delete_at_server(control: Control, copy: HeldCopy) -> CopyEnd:
    """Delete the operator's package at a server, and ask whether it is gone. The evidence is the server's word, and says so."""
    files = len(copy.files)
    try:
        place = open_destination(control.home, copy.root.rpartition("/")[0], str(copy.run_id), _SHORT_RETRY)
        found = place.published()
        place.discard()
        left = place.published()
    except (RepriseError, OSError):
        return CopyEnd(0, 0, CopyEvidence.AT_SERVER, {"not_reachable": files})
    if left:
        return CopyEnd(0, 0, CopyEvidence.AT_SERVER, {"not_removed": files})
    counts = {AT_SERVER: files} if found else {AT_SERVER: files, "not_found": files}
    return CopyEnd(files * found, copy.size * found, CopyEvidence.AT_SERVER, counts)


def was_published(control: Control, lease: Lease) -> bool:
    """Return whether a run whose publication record was lost was found to be published."""
    found = read_fact(control.home, lease.run_id, Takeback)
    return found is not None and found.published > 0


def _note_unknown(control: Control, lease: Lease) -> None:
    """Record that a run in a restored home may have left parts at an unknown destination."""
    if lease.use == "migration" and Journal(control.home, lease.run_id).ever("reconcile"):
        write_fact(control.home, lease.run_id, Takeback(left=1))


def residue(control: Control, lease: Lease) -> tuple[str, ...]:
    """Return the exception that the certificate declares if something may be left."""
    found = read_fact(control.home, lease.run_id, Takeback)
    return (LEFTOVER,) if found is not None and found.left else ()
