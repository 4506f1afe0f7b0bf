"""What a run that publishes nothing brought to its destination is taken back, when the destination can be reached."""

from __future__ import annotations

from pathlib import Path

from connectors.destinations.line import Backoff
from flows.session.control import Control
from flows.transport.destination import channel_of, open_destination
from schemas.errors import IntegrityError, RepriseError, UnreadableSourceError
from vault.authorisation.check import reopen
from vault.destruction.due import is_restored
from vault.destruction.held_copies import AT_SERVER, CopyEnd, Evidence, HeldCopy
from vault.runs.facts import RunFile, read_run_file, write_run_file
from vault.runs.journal import Journal
from vault.runs.lease import Lease, end_data_process

LEFTOVER = "remote_leftover_not_reachable"
"""Stands among a certificate's exceptions: sealed files of the run may still lie at the server."""
_ONCE_MORE = Backoff(attempts=2, ceiling_seconds=2)  # a dead server must not keep staging alive


def used_channels(control: Control, lease: Lease) -> list[str]:
    """The channel through which anything of the run may have gone out."""
    destination = destination_of(control, lease)
    went = destination is not None and Journal(control.home, lease.run_id).ever("reconcile")
    return [channel_of(destination)] if went and destination is not None else []


def retract(control: Control, lease: Lease) -> None:
    """Remove the run's files at its destination; whether they could be reached is kept for the certificate.

    Of a run out of an older home what was published stays: it published it in the time that was lost.
    """
    if (read_run_file(control.home, lease.run_id, RunFile.TAKEBACK) or {"left": 1})["left"] == 0:
        return
    destination = destination_of(control, lease)
    if destination is not None and _is_out_of_sight(control, lease, destination):
        write_run_file(control.home, lease.run_id, RunFile.TAKEBACK, {"left": 1})
    elif destination is None:
        _note_unknown(control, lease)
    elif used_channels(control, lease):
        end_data_process(lease)  # nobody brings more meanwhile
        write_run_file(control.home, lease.run_id, RunFile.TAKEBACK, _discard(control, lease, destination))


def destination_of(control: Control, lease: Lease) -> str | None:
    """Where the run was to deliver; None for a rehearsal.

    Without its order, damaged or left out of a backup: as the instruction names it, which is the same; None when that cannot be
    read either.
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


def _discard(control: Control, lease: Lease, destination: str) -> dict[str, int]:
    try:
        place = open_destination(control.home, destination, lease.run_id, _ONCE_MORE)
        if is_restored(control.home, lease.run_id) and place.published():
            return {"left": 0, "published": 1}
        place.discard()
    except (RepriseError, OSError):
        return {"left": 1}
    return {"left": 0}


def _is_out_of_sight(control: Control, lease: Lease, destination: str) -> bool:
    """Whether files may lie in a folder that is not there now: a disk that is not mounted hides them, and removes nothing."""
    began = Journal(control.home, lease.run_id).ever("plan" if lease.grew_outside else "reconcile")
    return began and channel_of(destination) == "folder" and not Path(destination).is_dir()


def delete_at_server(control: Control, copy: HeldCopy) -> CopyEnd:
    """Delete the operator's package at a server, and ask whether it is gone: the server's word, and the end says so."""
    files = len(copy.files)
    try:
        place = open_destination(control.home, copy.root.rpartition("/")[0], str(copy.run_id), _ONCE_MORE)
        found = place.published()
        place.discard()
        left = place.published()
    except (RepriseError, OSError):
        return CopyEnd(0, 0, Evidence.AT_SERVER, {"not_reachable": files})
    if left:
        return CopyEnd(0, 0, Evidence.AT_SERVER, {"not_removed": files})
    told = {AT_SERVER: files} if found else {AT_SERVER: files, "not_found": files}
    return CopyEnd(files * found, copy.size * found, Evidence.AT_SERVER, told)


def was_published(control: Control, lease: Lease) -> bool:
    """Whether the package was found published by a run whose record of that was lost."""
    return bool((read_run_file(control.home, lease.run_id, RunFile.TAKEBACK) or {}).get("published"))


def _note_unknown(control: Control, lease: Lease) -> None:
    """A run out of a backup: its parts may lie where nobody here knows any more."""
    if lease.use == "migration" and Journal(control.home, lease.run_id).ever("reconcile"):
        write_run_file(control.home, lease.run_id, RunFile.TAKEBACK, {"left": 1})


def residue(control: Control, lease: Lease) -> tuple[str, ...]:
    """The exception that the certificate declares when something may be left."""
    found = read_run_file(control.home, lease.run_id, RunFile.TAKEBACK)
    return (LEFTOVER,) if found is not None and found["left"] else ()
