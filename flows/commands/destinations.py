"""`reprise destination`: declare a server, list, check, remove."""

from __future__ import annotations

import getpass
import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.admin import destinations as register
from flows.commands.apps import destination
from flows.commands.shared import Acting, Looking, Shown, command, errors_console
from schemas.errors import TargetRefusedError
from schemas.regular_file import read_regular
from schemas.sensitive import Sensitive

NameArgument = Annotated[str, typer.Argument(help="The destination's name in this home.", show_default=False)]


@command(destination)
def add(
    name: NameArgument,
    sftp: Annotated[str | None, typer.Option("--sftp", help="HOST:PORT of a server over SFTP.")] = None,
    user: Annotated[str, typer.Option("--user", help="Who logs in there.")] = "",
    host_key: Annotated[
        str, typer.Option("--host-key", help='Its key, as obtained elsewhere: "ssh-ed25519 AAAA...".')
    ] = "",
    identity: Annotated[
        Path | None, typer.Option("--identity", help="The private key to log in with; kept sealed.")
    ] = None,
    folder: Annotated[str, typer.Option("--folder", help="Folder on the server; none: after login.")] = "",
    s3: Annotated[str | None, typer.Option("--s3", help="A bucket over S3.")] = None,
    endpoint: Annotated[str, typer.Option("--endpoint", help="URL of the S3 service (https).")] = "",
    prefix: Annotated[str, typer.Option("--prefix", help="Prefix in the bucket.")] = "",
    region: Annotated[str | None, typer.Option("--region", help="Region to sign for.")] = None,
    *,
    control: Acting,
) -> Shown:
    """Declare a server; only declared ones are spoken to.

    Secrets come from the environment or are asked for: REPRISE_IDENTITY_PASSPHRASE, REPRISE_S3_KEY_ID,
    REPRISE_S3_SECRET.
    """
    if (sftp is None) == (s3 is None):
        errors_console.print("Give either --sftp HOST:PORT or --s3 BUCKET.")
        raise typer.Exit(2)
    server: register.Server
    if sftp is not None:
        server = _sftp(sftp, user, host_key, identity, folder)
    else:
        key_id, secret = _secret("REPRISE_S3_KEY_ID"), _secret("REPRISE_S3_SECRET")
        server = register.S3Bucket(str(s3), endpoint, Sensitive(key_id), Sensitive(secret), prefix, region)
    register.add_destination(control, name, server)
    return Shown({"destination": name, "channel": server.channel}, server.shown)


_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(:(?P<port>[0-9]{1,5}))?")
"""HOST, HOST:PORT, or [IPv6]:PORT."""


def _sftp(address: str, user: str, host_key: str, identity: Path | None, folder: str) -> register.SftpServer:
    if identity is None:
        raise TargetRefusedError("credentials_missing")
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise TargetRefusedError("host_malformed")
    host, port = found["host"], found["port"] or "22"
    key = read_regular(identity)
    try:
        opened = register.open_identity(key, None)
    except TargetRefusedError as refusal:
        if refusal.code != "identity_needs_passphrase":
            raise
        opened = register.open_identity(key, _secret("REPRISE_IDENTITY_PASSPHRASE"))
    pinned = " ".join(host_key.split()[:2])  # a comment could name people or machines
    return register.SftpServer(host.strip("[]"), int(port), user, pinned, opened, folder)


def _secret(name: str) -> str:
    """Read a secret from the environment, or ask for it without echo at a terminal."""
    found = os.environ.get(name, "")
    return found or (getpass.getpass(f"{name}: ") if sys.stdin.isatty() else "")


@command(destination, "list")
def list_all(control: Looking) -> Shown:
    """List the declared servers, with what identifies each; no credentials."""
    found = register.list_destinations(control)
    text = "\n".join(f"{d['name']:<16} {d['channel']:<5} {d['server']}" for d in found)
    return Shown(found, text or "None: packages go to folders of this host only.")


@command(destination)
def check(name: NameArgument, control: Acting) -> Shown:
    """Connect, compare the host key with the pin, write, read back and remove an object of random bytes."""
    found = register.check_destination(control, name)
    key = f"host key {found['host_key']} as pinned\n" if found["host_key"] else ""
    return Shown(found, f"{key}{found['bytes']} random bytes written, read back the same, removed")


@command(destination)
def remove(name: NameArgument, control: Acting) -> Shown:
    """Forget a server and the credentials for it."""
    register.remove_destination(control, name)
    return Shown({"destination": name}, "removed")
