"""Stores the location of a run's package. A path may name a doctor, so it is sealed under the keys of all persons of the run."""

from __future__ import annotations

from schemas.steps import Counts
from vault.authorisation.register import InstructionRegister
from vault.home_folder import Home
from vault.runs.lease import Lease

_NAME = "place"


def keep_place(home: Home, lease: Lease, counts: Counts) -> Counts:
    """Seal the location that the publication reports. Return the counts without the location, for the journal."""
    rest = dict(counts)
    place = str(rest.pop("folder"))
    register = InstructionRegister(home, None, lease.authorisation_id)
    register.put(_NAME, {_NAME: place.encode("utf-8", "surrogateescape")}, lease.run_id)
    return rest


def place_of(home: Home, lease: Lease, published: Counts) -> str | None:
    """Return a published package's folder, or its address on a server; None if a person of the run was erased.

    `published` are the counts of the publication in the journal. The first release wrote the location into the journal.
    """
    if "folder" in published:
        return str(published["folder"])
    kept = InstructionRegister(home, None, lease.authorisation_id).get(_NAME, lease.run_id)
    return None if kept is None else kept[_NAME].decode("utf-8", "surrogateescape")
