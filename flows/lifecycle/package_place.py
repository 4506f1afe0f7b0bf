"""Where a run's package came to lie: a path may name a doctor, so it is sealed under the keys of all whom the run concerns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vault.authorisation.register import InstructionRegister
from vault.runs.lease import Lease

_NAME = "place"


def keep_place(home: Path, lease: Lease, counts: dict[str, Any]) -> dict[str, Any]:
    """Seal the place that publication reports; gives the counts without it, as the journal keeps them."""
    rest = dict(counts)
    place = str(rest.pop("folder"))
    register = InstructionRegister(home, None, lease.authorisation_id)
    register.put(_NAME, {_NAME: place.encode("utf-8", "surrogateescape")}, lease.run_id)
    return rest


def place_of(home: Path, lease: Lease, published: dict[str, Any]) -> str | None:
    """The folder of a published package, or its address at a server; None once somebody whom it concerns was erased.

    `published` is what the journal says of publication; the first release wrote the place into it.
    """
    if "folder" in published:
        return str(published["folder"])
    kept = InstructionRegister(home, None, lease.authorisation_id).get(_NAME, lease.run_id)
    return None if kept is None else kept[_NAME].decode("utf-8", "surrogateescape")
