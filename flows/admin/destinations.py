"""Adds, removes, lists and tests servers in the register of destinations, as acts of an operator."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

from connectors.destinations.base import bring
from connectors.destinations.line import Backoff
from flows.lifecycle.retract import destination_of
from flows.session.acts import act
from flows.session.control import Control
from flows.transport.destination import place_at
from schemas.errors import BusyError
from vault.age.sealing import ciphertext_digest
from vault.destruction.held_copies import CustodyRegister
from vault.ledger.entries import EntryType
from vault.records.destinations import (
    Destinations,
    S3Bucket,
    Server,
    SftpServer,
    fingerprint,
    open_identity,
    parse_remote,
)
from vault.runs.lease import list_runs

__all__ = [
    "S3Bucket",
    "Server",
    "SftpServer",
    "add_destination",
    "check_destination",
    "list_destinations",
    "open_identity",
    "remove_destination",
]
_PROBE_BYTES = 4096
_SHORT_RETRY = Backoff(attempts=3, ceiling_seconds=3)


def add_destination(control: Control, name: str, server: Server) -> None:
    """Declare a server. The ledger records its channel, never its name. Raises RefusedError, TargetRefusedError."""
    with act(control, EntryType.DESTINATION_ADDED, server.channel):
        Destinations(control.home).add(name, server)


def remove_destination(control: Control, name: str) -> None:
    """Remove a server. Raises ScopeError, and BusyError while a run may still have to remove files there."""
    with act(control, EntryType.DESTINATION_REMOVED) as doing:
        if name in _names_in_use(control):
            raise BusyError("destination_in_use")
        doing.code = Destinations(control.home).remove(name)


def _names_in_use(control: Control) -> set[str]:
    """Return the names of servers to which unfinished runs deliver, or on which the operator holds packages."""
    leases = [lease for lease in list_runs(control.home) if not control.run(lease).ended]
    destinations = [destination_of(control, lease) for lease in leases]
    destinations += [copy.root for copy in CustodyRegister(control.home).held() if copy.at_server]
    remotes = [parse_remote(destination) for destination in destinations if destination is not None]
    return {remote.name for remote in remotes if remote is not None}


def list_destinations(control: Control) -> list[dict[str, str]]:
    """List every declared server: name, channel, and address, without credentials. A damaged record has no name."""
    register = Destinations(control.home)
    readable = [
        {"name": name, "channel": server.channel, "server": server.shown} for name, server in register.list()
    ]
    damaged = {
        "name": "",
        "channel": "",
        "server": "a damaged record: remove the server that is missing here by its name, and add it again",
    }
    return readable + [damaged] * register.unreadable()


def check_destination(control: Control, name: str) -> dict[str, Any]:
    """Connect, compare the server with its pin, write an object of random bytes, read it back and remove it.

    Raises ScopeError, TargetError, TargetRefusedError.
    """
    server = Destinations(control.home).find(name)
    place = place_at(server, "", f"probe-{secrets.token_hex(8)}", _SHORT_RETRY)
    with tempfile.NamedTemporaryFile() as probe:
        probe.write(os.urandom(_PROBE_BYTES))
        probe.flush()
        bring(place, Path(probe.name), "probe", ciphertext_digest(Path(probe.name)))
    place.discard()
    pinned = fingerprint(server.host_key) if isinstance(server, SftpServer) else None
    return {"name": name, "channel": server.channel, "host_key": pinned, "bytes": _PROBE_BYTES}
