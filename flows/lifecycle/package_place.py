"""The location of a run's package. A path may name a doctor, so it is sealed under the keys of all persons in the run."""

from __future__ import annotations

from schemas.steps import Counts
from vault.authorisation.register import InstructionRegister
from vault.home_folder import Home
from vault.runs.lease import Lease

_NAME = "place"


def keep_place(home: Home, lease: Lease, counts: Counts) -> Counts:
    """Seal the location that publication reports; return the counts without it, as the journal stores them."""
    rest = dict(counts)
    place = str(rest.pop("folder"))
    register = InstructionRegister(home, None, lease.authorisation_id)
    register.put(_NAME, {_NAME: place.encode("utf-8", "surrogateescape")}, lease.run_id)
    return rest


def place_of(home: Home, lease: Lease, published: Counts) -> str | None:
    """Return a published package's folder, or its address at a server; None once a person concerned was erased.

    `published` is the journal's entry of the publication; the first release wrote the location into it.
    """
    if "folder" in published:
        return str(published["folder"])
    kept = InstructionRegister(home, None, lease.authorisation_id).get(_NAME, lease.run_id)
    return None if kept is None else kept[_NAME].decode("utf-8", "surrogateescape")
