"""Connects to a server over SFTP. Only this module imports paramiko, and fsspec's file system for SFTP.

The server must have the pinned host key; no other key is accepted (by default fsspec trusts any server). No agent, key file or
configuration file of the user is read.
"""

from __future__ import annotations

import io
from base64 import b64decode
from collections import deque
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

from connectors.destinations.line import Fault
from connectors.destinations.watchdog import Bound, Watchdog
from flows.transport._library_logging import silence
from vault.records.destinations import SftpServer

_SECONDS = 30
_LOGIN_SECONDS = 60
_REQUEST_BYTES = 32 << 10  # the largest request of SFTP
_MAX_PENDING_READS = 64  # OpenSSH does not answer more at once
_HOST_KEYS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
    "ssh-rsa",
)
# paramiko reports these as failed authentication too
_CUT_AT_LOGIN = {"Authentication failed: transport shut down or saw EOF", "Authentication timeout."}


class WrongHostKey(Exception):
    """The server presented another key than the pinned one."""


class SftpDial:
    """Connects to one server over SFTP."""

    def __init__(self, server: SftpServer) -> None:
        self._server = server

    def open(self) -> Any:
        """Connect, compare the host key with the pinned key, and log in. Return the file system."""
        silence()
        server = self._server
        filesystem = _sftp_files()(
            server.host,
            port=server.port,
            username=server.user,
            pkey=_private_key(server.identity.reveal()),
            host_key_policy=_pin(server.host_key),
            disabled_algorithms={"keys": _other_kinds(server.host_key.split()[0])},
            look_for_keys=False,
            allow_agent=False,
            timeout=_SECONDS,
            banner_timeout=_SECONDS,
            auth_timeout=_SECONDS,
            channel_timeout=_SECONDS,
            skip_instance_cache=True,
        )
        filesystem.ftp.get_channel().settimeout(_SECONDS)
        return filesystem

    def close(self, filesystem: Any) -> None:
        """Close the connection."""
        filesystem.client.close()

    def break_off(self, filesystem: Any) -> None:
        """Close the connection, so that a thread that waits for a response gets an error."""
        filesystem.client.close()

    def judge(self, error: Exception) -> Fault:
        """Classify an error. SFTP reports `Failure` for a full disk and for every error without a code."""
        import paramiko

        if isinstance(error, WrongHostKey | paramiko.BadHostKeyException):
            return Fault.HOST_KEY
        if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
            return Fault.HOST_KEY if "host key" in str(error) else Fault.REFUSES
        if isinstance(error, paramiko.AuthenticationException) and str(error) in _CUT_AT_LOGIN:
            return Fault.LOST
        if isinstance(error, paramiko.AuthenticationException | PermissionError | FileNotFoundError):
            return Fault.REFUSES
        unreachable = paramiko.ssh_exception.NoValidConnectionsError
        lost = (ConnectionError, TimeoutError, EOFError, paramiko.SSHException, unreachable)
        if isinstance(error, lost) or not isinstance(error, OSError) or error.errno is not None:
            return Fault.LOST
        ended = {"Socket is closed", "File is closed", "Connection lost", "No connection"}
        return Fault.LOST if str(error) in ended or not error.args else Fault.FAILED


@cache
def _sftp_files() -> Any:
    import paramiko
    from fsspec.implementations.sftp import SFTPFileSystem
    from paramiko.sftp import CMD_OPEN, SFTP_FLAG_CREATE, SFTP_FLAG_WRITE

    class SftpFiles(SFTPFileSystem):
        """fsspec's SFTP file system with a bounded login, and with SFTP's own ways to write into and read a file."""

        def _connect(self) -> None:
            """Log in with a time limit; paramiko would wait for ever for a server that accepts and then sends nothing."""
            with Watchdog(Bound(_LOGIN_SECONDS), lambda: self.client.close()):  # noqa: PLW0108 - made in there
                super()._connect()

        def read_ahead(self, path: str, start: int, size: int) -> Iterator[bytes]:
            """Yield the bytes from `start` to the file's end, requesting ahead up to the expected `size`.

            paramiko's own read-ahead uses a thread that continues, and logs errors, after the connection is cut.
            """
            with self.ftp.open(path, "rb") as stream:
                requests = _ReadRequests(self.ftp, stream.handle)
                for piece in requests.ahead(start, size):
                    start += len(piece)
                    yield piece
                while piece := requests.answer(requests.ask(start, _REQUEST_BYTES)):
                    start += len(piece)
                    yield piece

        def open_to_write(self, path: str) -> Any:
            """Open a file that is created or continued; writes go to the position that was sought.

            paramiko has no such mode: `w` empties the file, `a` ignores the position, and `r+` also requests read access, which
            not every server grants.
            """
            flags, ftp = SFTP_FLAG_WRITE | SFTP_FLAG_CREATE, self.ftp
            _, answer = ftp._request(CMD_OPEN, path.encode(), flags, paramiko.SFTPAttributes())  # noqa: SLF001
            return paramiko.SFTPFile(ftp, answer.get_binary(), "wb")

    return SftpFiles


class _ReadRequests:
    """Read requests for one open file, several at once; responses may come in any order and be short."""

    def __init__(self, ftp: Any, handle: bytes) -> None:
        self._ftp, self._handle = ftp, handle
        self._responses: dict[int, tuple[int, Any]] = {}

    def ahead(self, start: int, size: int) -> Iterator[bytes]:
        """Yield the bytes from the offset `start` to the offset `size`, in order; fewer if the file ends earlier."""
        offsets = iter(range(start, size, _REQUEST_BYTES))
        asked: deque[tuple[int, int, int]] = deque()
        while True:
            for offset in islice(offsets, _MAX_PENDING_READS - len(asked)):
                end = min(offset + _REQUEST_BYTES, size)
                asked.append((offset, end, self.ask(offset, end - offset)))
            if not asked:
                return
            offset, end, number = asked.popleft()
            while piece := self.answer(number):
                yield piece
                offset += len(piece)
                if offset >= end:
                    break
                number = self.ask(offset, end - offset)
            if offset < end:
                return

    def ask(self, offset: int, length: int) -> int:
        """Send a request. Return its number."""
        from paramiko.sftp import CMD_READ, int64

        return int(self._ftp._async_request(self, CMD_READ, self._handle, int64(offset), length))  # noqa: SLF001

    def answer(self, number: int) -> bytes:
        """Return the bytes in the response to a request; b"" at the file's end. Wait for the response if necessary."""
        from paramiko.sftp import CMD_DATA

        while number not in self._responses:
            self._ftp._read_response()  # noqa: SLF001
        kind, message = self._responses.pop(number)
        if kind == CMD_DATA:
            return bytes(message.get_string())
        try:
            self._ftp._convert_status(message)  # noqa: SLF001
        except EOFError:
            return b""
        raise ConnectionError  # it reports success without data

    def _async_response(self, kind: int, message: Any, number: int) -> None:
        """Store a response. paramiko calls this method."""
        self._responses[number] = (kind, message)


def _pin(host_key: str) -> Any:
    import paramiko

    pinned = b64decode(host_key.split()[1])

    class Pinned(paramiko.MissingHostKeyPolicy):
        """Accepts only the pinned key. paramiko calls it for every key, because it knows none."""

        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:  # noqa: ARG002 - paramiko's
            if key.asbytes() != pinned:
                client.close()
                raise WrongHostKey

    return Pinned()


def _other_kinds(kind: str) -> list[str]:
    """Return host key algorithms that the server must not choose: with several keys it might not present the pinned one."""
    mine = {"rsa-sha2-512", "rsa-sha2-256"} if kind == "ssh-rsa" else {kind}
    return [name for name in _HOST_KEYS if name not in mine]


def _private_key(text: str) -> Any:
    import paramiko

    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text))
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    raise paramiko.AuthenticationException
