"""Opening file systems on servers: the only module that knows fsspec and the libraries under it.

A host key is pinned, never learnt (fsspec believes any server unless told otherwise); no agent, no key file of the user, no
configuration file is consulted. The libraries' loggers are shut: they tell host names, requests and user names.
"""

from __future__ import annotations

import io
import logging
import os
import threading
from base64 import b64decode
from collections import deque
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

from connectors.destinations.line import Dial, Fault
from vault.destinations import S3Bucket, Server, SftpServer

_LOGGERS = ("paramiko", "fsspec", "s3fs", "botocore", "aiobotocore", "boto3", "aiohttp", "asyncio", "urllib3")
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
_S3_FULL = frozenset({"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "EntityTooLarge"})
_S3_AGAIN = frozenset(
    {
        "SlowDown",
        "RequestTimeout",
        "InternalError",
        "OperationAborted",
        "ServiceUnavailable",
        "IncompleteBody",
        "BadDigest",
        "XAmzContentSHA256Mismatch",
        "NoSuchUpload",
        "InvalidPart",
    }
)


def dial(server: Server) -> Dial:
    """The dial of a registered server."""
    return SftpDial(server) if isinstance(server, SftpServer) else S3Dial(server)


def silence() -> None:
    """Shut the libraries' loggers, whatever level the root has."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(tuple(f"{shut}." for shut in _LOGGERS)):
            child = logging.getLogger(name)
            child.handlers, child.propagate, child.disabled = [], False, True


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

            def hang_up() -> None:
                self.client.close()

            watchdog = threading.Timer(_LOGIN_SECONDS, hang_up)
            watchdog.daemon = True
            watchdog.start()
            try:
                super()._connect()
            finally:
                watchdog.cancel()

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


def _plain_session() -> Any:
    """A session that reads no configuration of the user's."""
    from aiobotocore.session import AioSession

    session = AioSession()
    for name in ("config_file", "credentials_file"):
        session.set_config_variable(name, os.devnull)
    return session


class S3Dial:
    """Dials one bucket over S3."""

    def __init__(self, bucket: S3Bucket) -> None:
        self._bucket = bucket
        self._session: Any = None  # holds what botocore reads from its own files, a second's work

    def open(self) -> Any:
        """A client for the endpoint, with these credentials and no others. Its own retries are off: ours tell progress."""
        from s3fs import S3FileSystem

        silence()
        bucket = self._bucket
        self._session = self._session or _plain_session()
        filesystem = S3FileSystem(
            key=bucket.key_id.reveal(),
            secret=bucket.secret.reveal(),
            endpoint_url=bucket.endpoint,
            session=self._session,
            client_kwargs={"region_name": bucket.region} if bucket.region else {},
            config_kwargs={
                "connect_timeout": _SECONDS,
                "read_timeout": 2 * _SECONDS,
                "retries": {"max_attempts": 0},
                "s3": {"addressing_style": "path"},
                "request_checksum_calculation": "when_required",
                "response_checksum_validation": "when_required",
            },
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        filesystem.retries = 1
        return filesystem

    def close(self, filesystem: Any) -> None:
        """Close the client's connections."""
        filesystem.close_session(filesystem.loop, filesystem._s3creator)  # noqa: SLF001 - s3fs has no other way

    def judge(self, error: Exception) -> Fault:
        """By the answer's status and code; whatever gave no answer is a broken line."""
        response = getattr(error.__cause__, "response", None) or getattr(error, "response", None)
        if not isinstance(response, dict):
            return Fault.REFUSES if isinstance(error, PermissionError) else Fault.LOST
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        code = str(response.get("Error", {}).get("Code"))
        if status == 507 or code in _S3_FULL:
            return Fault.FULL
        if status >= 500 or status in (408, 409, 429) or code in _S3_AGAIN:
            return Fault.LOST
        return Fault.REFUSES
