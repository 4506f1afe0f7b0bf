"""Commands about the register of destinations: add, list, remove, check."""

from __future__ import annotations

import getpass
import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.admin.destinations import add_destination, check_destination, list_destinations, remove_destination
from flows.commands.shared import (
    HomeOption,
    JsonOption,
    OperatorOption,
    errors_console,
    guarded,
    home_path,
    operator_name,
    show,
)
from schemas.errors import TargetRefusedError
from schemas.regular_file import read_regular
from schemas.sensitive import Sensitive
from vault.records.destinations import S3Bucket, SftpServer, open_identity

NameArgument = Annotated[str, typer.Argument(help="The destination's name in this home.", show_default=False)]


@guarded
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
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Declare a server; only declared ones are spoken to.

    Secrets come from the environment or are asked for: REPRISE_IDENTITY_PASSPHRASE, REPRISE_S3_KEY_ID,
    REPRISE_S3_SECRET.
    """
    if (sftp is None) == (s3 is None):
        errors_console.print("Give either --sftp HOST:PORT or --s3 BUCKET.")
        raise typer.Exit(2)
    server: SftpServer | S3Bucket
    if sftp is not None:
        server = _sftp(sftp, user, host_key, identity, folder)
    else:
        key_id, secret = _secret("REPRISE_S3_KEY_ID"), _secret("REPRISE_S3_SECRET")
        server = S3Bucket(str(s3), endpoint, Sensitive(key_id), Sensitive(secret), prefix, region)
    add_destination(home_path(home), operator_name(operator), name, server)
    show({"destination": name, "channel": server.channel}, as_json=as_json, text=server.shown)


_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(:(?P<port>[0-9]{1,5}))?")
"""HOST, HOST:PORT, or [IPv6]:PORT."""


def _sftp(address: str, user: str, host_key: str, identity: Path | None, folder: str) -> SftpServer:
    if identity is None:
        raise TargetRefusedError("credentials_missing")
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise TargetRefusedError("host_malformed")
    host, port = found["host"], found["port"] or "22"
    key = read_regular(identity)
    try:
        opened = open_identity(key, None)
    except TargetRefusedError as refusal:
        if refusal.code != "identity_needs_passphrase":
            raise
        opened = open_identity(key, _secret("REPRISE_IDENTITY_PASSPHRASE"))
    pinned = " ".join(host_key.split()[:2])  # a comment would name people or machines
    return SftpServer(host.strip("[]"), int(port), user, pinned, opened, folder)


def _secret(name: str) -> str:
    """From the environment, or asked for without echo where a person sits."""
    found = os.environ.get(name, "")
    return found or (getpass.getpass(f"{name}: ") if sys.stdin.isatty() else "")


@guarded
def list_all(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the declared servers, with what identifies each; no credentials."""
    found = list_destinations(home_path(home))
    text = "\n".join(f"{d['name']:<16} {d['channel']:<5} {d['server']}" for d in found)
    show(found, as_json=as_json, text=text or "None: packages go to folders of this host only.")


@guarded
def remove(
    name: NameArgument,
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget a server and the credentials for it."""
    remove_destination(home_path(home), operator_name(operator), name)
    show({"destination": name}, as_json=as_json, text="removed")


@guarded
def check(
    name: NameArgument,
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Connect, compare the host key with the pin, write, read back and remove an object of random bytes."""
    found = check_destination(home_path(home), operator_name(operator), name)
    key = f"host key {found['host_key']} as pinned\n" if found["host_key"] else ""
    text = f"{key}{found['bytes']} random bytes written, read back the same, removed"
    show(found, as_json=as_json, text=text)
