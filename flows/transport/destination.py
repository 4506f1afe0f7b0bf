"""Opens the destination that an instruction names, for the package of one run."""

from __future__ import annotations

from pathlib import Path

from connectors.destinations.base import Destination
from connectors.destinations.folder import FolderDestination
from connectors.destinations.line import Backoff, Line
from connectors.destinations.s3 import S3Destination
from connectors.destinations.sftp import SftpDestination
from flows.transport.dial import dial
from vault.authorisation.terms import destination_refusals, refuse_first
from vault.home_folder import Home
from vault.records.destinations import Destinations, Server, SftpServer, parse_remote


def channel_of(destination: str) -> str:
    """Return the channel of a destination: folder, sftp or s3. Raises ScopeError (destination_malformed)."""
    remote = parse_remote(destination)
    return "folder" if remote is None else remote.channel


def require_registered(home: Home, destination: str | None) -> None:
    """Refuse a server that the site did not declare. Raises ScopeError (destination_not_registered, destination_malformed)."""
    refuse_first(destination_refusals(home, destination))


def package_place(destination: str, run_id: str) -> str:
    """Return the location of a run's package, for people: a folder, or a path on a server under its registered name."""
    return f"{destination.rstrip('/')}/reprise-{run_id}"


def open_destination(
    home: Home, destination: str, run_id: str, patience: Backoff | None = None
) -> Destination:
    """Return the run's place at its destination. A server is contacted at the first access.

    Raises ScopeError: destination_not_registered, destination_malformed.
    """
    remote = parse_remote(destination)
    if remote is None:
        return FolderDestination(Path(destination), run_id)
    return place_at(Destinations(home).find(remote.name, remote.channel), remote.path, run_id, patience)


def place_at(server: Server, path: str, run_id: str, patience: Backoff | None = None) -> Destination:
    """Return a run's place below a path of a server."""
    line = Line(dial(server), patience or Backoff())
    if isinstance(server, SftpServer):
        return SftpDestination(line, _join(server.folder, path), run_id)
    return S3Destination(line, server.bucket, _join(server.prefix, path), run_id)


def _join(base: str, path: str) -> str:
    return "/".join(part for part in (base.rstrip("/"), path) if part)
