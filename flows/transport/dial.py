"""Connects to servers over SFTP or S3. Sockets are opened to the declared host and port only."""

from __future__ import annotations

from connectors.destinations.line import Connector
from vault.records.destinations import Server, SftpServer


def dial(server: Server) -> Connector:
    """Return the connector of a registered server."""
    if isinstance(server, SftpServer):
        from flows.transport._sftp import SftpDial

        return SftpDial(server)
    from flows.transport._s3 import S3Dial

    return S3Dial(server)
