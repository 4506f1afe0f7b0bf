"""Dialling servers: over SFTP, over S3. Sockets are opened to the declared host and port, and to nothing else."""

from __future__ import annotations

from connectors.destinations.line import Connector
from flows.transport._s3 import S3Dial
from flows.transport._sftp import SftpDial
from vault.records.destinations import Server, SftpServer


def dial(server: Server) -> Connector:
    """The dial of a registered server."""
    return SftpDial(server) if isinstance(server, SftpServer) else S3Dial(server)
