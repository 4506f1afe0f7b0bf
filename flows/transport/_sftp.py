"""A server over SFTP: the only module that knows paramiko and fsspec's file system above it.

A host key is pinned, never learnt (fsspec believes any server unless told otherwise); no agent, no key file of the user, no
configuration file is consulted.
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
_PIECE = 32 << 10  # the largest request of SFTP
_AHEAD = 64  # requests under way when reading; OpenSSH answers no more at once
_HOST_KEYS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
    "ssh-rsa",
)
# paramiko calls these a failed authentication too
_CUT_AT_LOGIN = {"Authentication failed: transport shut down or saw EOF", "Authentication timeout."}


class WrongHostKey(Exception):
    """The server shows another key than the one pinned."""


class SftpDial:
    """Dials one server over SFTP."""

    def __init__(self, server: SftpServer) -> None:
        self._server = server

    def open(self) -> Any:
        """Connect, hold the host key against the pin, log in."""
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
        """Hang up."""
        filesystem.client.close()

    def break_off(self, filesystem: Any) -> None:
        """Hang up: whoever waits for an answer there is told."""
        filesystem.client.close()

    def judge(self, error: Exception) -> Fault:
        """SFTP says `Failure` for a full disk and for all else it has no word for."""
        import paramiko

        if isinstance(error, WrongHostKey | paramiko.BadHostKeyException):
            return Fault.HOST_KEY
        if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
            return Fault.HOST_KEY if "host key" in str(error) else Fault.REFUSES
        if isinstance(error, paramiko.AuthenticationException) and str(error) in _CUT_AT_LOGIN:
            return Fault.LOST
        if isinstance(error, paramiko.AuthenticationException | PermissionError | FileNotFoundError):
            return Fault.REFUSES
        nobody = paramiko.ssh_exception.NoValidConnectionsError
        lost = (ConnectionError, TimeoutError, EOFError, paramiko.SSHException, nobody)
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
        """fsspec's, with a bounded login, and with ways to write into a file and to read one as SFTP can."""

        def _connect(self) -> None:
            """Log in; a server that accepts us and then falls silent is hung up on, which paramiko waits for for ever."""
            with Watchdog(Bound(_LOGIN_SECONDS), lambda: self.client.close()):  # noqa: PLW0108 - made in there
                super()._connect()

        def read_ahead(self, path: str, start: int, size: int) -> Iterator[bytes]:
            """The bytes from `start` to the file's end; as far as the `size` it should have, asked for ahead of time.

            paramiko's own reading ahead asks from a thread that is left running, and loud, when the line is cut.
            """
            with self.ftp.open(path, "rb") as stream:
                requests = _ReadRequests(self.ftp, stream.handle)
                for piece in requests.ahead(start, size):
                    start += len(piece)
                    yield piece
                while piece := requests.answer(requests.ask(start, _PIECE)):
                    start += len(piece)
                    yield piece

        def open_to_write(self, path: str) -> Any:
            """A file that is made or gone on with; what is written goes to the position that was sought.

            paramiko has no mode for that: `w` empties the file, `a` hears no position, and `r+` asks to read as well,
            which not every server allows.
            """
            flags, ftp = SFTP_FLAG_WRITE | SFTP_FLAG_CREATE, self.ftp
            _, answer = ftp._request(CMD_OPEN, path.encode(), flags, paramiko.SFTPAttributes())  # noqa: SLF001
            return paramiko.SFTPFile(ftp, answer.get_binary(), "wb")

    return SftpFiles


class _ReadRequests:
    """Requests to read one open file, several under way at once; answers may come in any order, and be short."""

    def __init__(self, ftp: Any, handle: bytes) -> None:
        self._ftp, self._handle = ftp, handle
        self._came: dict[int, tuple[int, Any]] = {}

    def ahead(self, start: int, size: int) -> Iterator[bytes]:
        """The bytes from `start` to `size`, in order; fewer where the file ends before."""
        offsets = iter(range(start, size, _PIECE))
        asked: deque[tuple[int, int, int]] = deque()
        while True:
            for offset in islice(offsets, _AHEAD - len(asked)):
                end = min(offset + _PIECE, size)
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
        """Send a request; gives its number."""
        from paramiko.sftp import CMD_READ, int64

        return int(self._ftp._async_request(self, CMD_READ, self._handle, int64(offset), length))  # noqa: SLF001

    def answer(self, number: int) -> bytes:
        """Wait for the answer to a request; empty at the file's end."""
        from paramiko.sftp import CMD_DATA

        while number not in self._came:
            self._ftp._read_response()  # noqa: SLF001
        kind, message = self._came.pop(number)
        if kind == CMD_DATA:
            return bytes(message.get_string())
        try:
            self._ftp._convert_status(message)  # noqa: SLF001
        except EOFError:
            return b""
        raise ConnectionError  # it says that all is well, and gives nothing

    def _async_response(self, kind: int, message: Any, number: int) -> None:
        """Where paramiko hands an answer to whoever asked."""
        self._came[number] = (kind, message)


def _pin(host_key: str) -> Any:
    import paramiko

    pinned = b64decode(host_key.split()[1])

    class Pinned(paramiko.MissingHostKeyPolicy):
        """Every key is missing, for none is ever learnt: only the pinned one passes."""

        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:  # noqa: ARG002 - paramiko's
            if key.asbytes() != pinned:
                client.close()
                raise WrongHostKey

    return Pinned()


def _other_kinds(kind: str) -> list[str]:
    """Host key algorithms that the server must not choose: with several keys it could show another than the one pinned."""
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
