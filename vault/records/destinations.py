"""The sealed register of destinations: servers that a site declared, with their pinned key or credentials.

The program contacts no server that is not in this register.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
    load_ssh_public_key,
)

from schemas.errors import RefusedError, ScopeError, TargetRefusedError
from schemas.record import Record
from schemas.sensitive import Sensitive
from vault.home_folder import Home
from vault.records.sealed_records import SealedRecords

_NAME = re.compile(r"[a-z0-9][a-z0-9\-]{0,31}")
_HOST = re.compile(r"[A-Za-z0-9.\-:]{1,253}")
_SEGMENTS = re.compile(r"/?[A-Za-z0-9._\-]+(/[A-Za-z0-9._\-]+)*")
_REMOTE = re.compile(r"(sftp|s3)://([^/]*)(?:/(.*))?", re.DOTALL)
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, repr=False)
class SftpServer:
    """An SFTP server, its only host key, and the key for the login."""

    host: str
    port: int
    user: str
    host_key: str  # "ssh-ed25519 AAAA..."
    identity: Sensitive[str]  # private key, OpenSSH format
    folder: str = ""  # below the login folder, or absolute

    channel = "sftp"

    def __repr__(self) -> str:
        return "SftpServer()"

    @property
    def shown(self) -> str:
        """The server in one line, for an operator."""
        return f"{self.user}@{self.host}:{self.port} {fingerprint(self.host_key)}"


@dataclass(frozen=True, repr=False)
class S3Bucket:
    """A bucket at an endpoint, and the credentials for it."""

    bucket: str
    endpoint: str
    key_id: Sensitive[str]
    secret: Sensitive[str]
    prefix: str = ""
    region: str | None = None

    channel = "s3"

    def __repr__(self) -> str:
        return "S3Bucket()"

    @property
    def shown(self) -> str:
        """The bucket in one line, for an operator."""
        return f"{self.bucket} at {self.endpoint}"


Server = SftpServer | S3Bucket


@dataclass(frozen=True)
class RemotePath:
    """`sftp://NAME/path` or `s3://NAME/path`: a name in the register and a path below that server's folder."""

    channel: str
    name: str
    path: str


def parse_remote(destination: str) -> RemotePath | None:
    """Parse a remote destination; return None for a folder of this host. Raises ScopeError (destination_malformed)."""
    if "://" not in destination:
        return None
    match = _REMOTE.fullmatch(destination)
    if match is None or not _NAME.fullmatch(match[2]) or not _is_path(match[3] or ""):
        raise ScopeError("destination_malformed")
    return RemotePath(match[1], match[2], match[3] or "")


def _is_path(text: str) -> bool:
    if not text:
        return True
    return bool(_SEGMENTS.fullmatch(text)) and not {".", ".."} & set(text.split("/"))


def fingerprint(host_key: str) -> str:
    """Return a host key's fingerprint as `ssh-keygen -l` prints it."""
    blob = b64decode(host_key.split()[1])
    return "SHA256:" + b64encode(sha256(blob).digest()).decode().rstrip("=")


def check_server(server: Server) -> None:
    """Refuse a server whose description is unsafe to use.

    Raises TargetRefusedError: host_malformed, host_key_malformed, path_malformed, bucket_malformed, endpoint_not_https,
    credentials_missing.
    """
    if isinstance(server, SftpServer):
        _check_sftp(server)
        return
    if not re.fullmatch(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]", server.bucket):
        raise TargetRefusedError("bucket_malformed")
    if not _is_path(server.prefix) or server.prefix.startswith("/"):
        raise TargetRefusedError("path_malformed")
    if not server.key_id.reveal() or not server.secret.reveal():
        raise TargetRefusedError("credentials_missing")
    try:
        parts = urlsplit(server.endpoint)
        port = parts.port
    except ValueError:
        raise TargetRefusedError("endpoint_malformed") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise TargetRefusedError("endpoint_not_https")
    if not parts.hostname or port == 0 or parts.username or parts.password or parts.query or parts.fragment:
        raise TargetRefusedError("endpoint_malformed")


def _check_sftp(server: SftpServer) -> None:
    if not _HOST.fullmatch(server.host) or not 0 < server.port < 1 << 16 or not server.user:
        raise TargetRefusedError("host_malformed")
    if not _is_path(server.folder):
        raise TargetRefusedError("path_malformed")
    if not _is_host_key(server.host_key):
        raise TargetRefusedError("host_key_malformed")


def _is_host_key(text: str) -> bool:
    """Return whether the text is exactly one plain host key; a certificate is refused."""
    try:
        key = load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        return False
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() == text


def open_identity(text: bytes, passphrase: str | None) -> Sensitive[str]:
    """Decrypt a private key in OpenSSH format. Raises TargetRefusedError: identity_not_usable, identity_needs_passphrase."""
    code = "identity_not_usable"
    try:
        key = load_ssh_private_key(text, passphrase.encode() if passphrase else None)
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        return Sensitive(plain.decode())
    except (ValueError, UnsupportedAlgorithm):
        pass
    except TypeError:
        code = "identity_needs_passphrase"
    raise TargetRefusedError(code)


class _Sftp(Record, frozen=True):
    """The fields of an `SftpServer` in the register."""

    host: str
    port: int
    user: str
    host_key: str
    identity: str
    folder: str = ""


class _S3(Record, frozen=True):
    """The fields of an `S3Bucket` in the register."""

    bucket: str
    endpoint: str
    key_id: str
    secret: str
    prefix: str = ""
    region: str | None = None


class _DeclaredSftp(Record, frozen=True, tag_field="channel", tag="sftp"):
    name: str
    server: _Sftp


class _DeclaredS3(Record, frozen=True, tag_field="channel", tag="s3"):
    name: str
    server: _S3


_Declared = _DeclaredSftp | _DeclaredS3


def _declare(name: str, server: Server) -> _Declared:
    fields = {k: v.reveal() if isinstance(v, Sensitive) else v for k, v in vars(server).items()}
    if isinstance(server, SftpServer):
        return _DeclaredSftp(name, _Sftp(**fields))
    return _DeclaredS3(name, _S3(**fields))


def _opened(declared: _Declared) -> Server:
    fields = declared.server.to_json()
    for name in {"identity", "key_id", "secret"} & fields.keys():
        fields[name] = Sensitive(fields[name])
    return SftpServer(**fields) if isinstance(declared, _DeclaredSftp) else S3Bucket(**fields)


class Destinations:
    """The register of a home: one sealed file for each server. The file's name is derived with the site key."""

    def __init__(self, home: Home) -> None:
        self._site = home.site_key
        self._records = SealedRecords[_Declared](home, home.destinations, "destination", _Declared)

    def add(self, name: str, server: Server) -> None:
        """Declare a server. Raises RefusedError (destination_name_malformed, destination_known), TargetRefusedError."""
        if not _NAME.fullmatch(name):
            raise RefusedError("destination_name_malformed")
        check_server(server)
        if self._opaque(name) in self._records:
            raise RefusedError("destination_known")
        self._records.add(self._opaque(name), _declare(name, server))

    def remove(self, name: str) -> str:
        """Remove a server and its credentials. Return its channel, or `unreadable` for a damaged record.

        Raises ScopeError (destination_not_registered).
        """
        if self._opaque(name) not in self._records:
            raise ScopeError("destination_not_registered")
        record = self._records.read_or_none(self._opaque(name))
        self._records.drop(self._opaque(name))
        return _opened(record).channel if record else "unreadable"

    def find(self, name: str, channel: str | None = None) -> Server:
        """Return the server of this name and channel. Raises ScopeError (destination_not_registered)."""
        known = _NAME.fullmatch(name) and self._opaque(name) in self._records
        server = _opened(self._records.read(self._opaque(name))) if known else None
        if server is None or (channel is not None and server.channel != channel):
            raise ScopeError("destination_not_registered")
        return server

    def list(self) -> list[tuple[str, Server]]:
        """Return all servers by name. Damaged records are left out; `unreadable` counts them."""
        return sorted(
            ((record.name, _opened(record)) for record in self._records.readable()), key=lambda pair: pair[0]
        )

    def unreadable(self) -> int:
        """Return the number of records that cannot be opened. Their servers cannot be named either."""
        return self._records.unreadable()

    def _opaque(self, name: str) -> str:
        return self._site.pseudonym("destination", name)
