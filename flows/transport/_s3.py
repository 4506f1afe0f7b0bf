"""Connects to a bucket over S3. Only this module imports s3fs, botocore and aiohttp.

botocore's sources of settings are disabled (environment, files in the user's folder, metadata services): endpoint, proxy,
certificate bundle, service model. aiohttp would follow redirects and botocore would use proxies; neither happens here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from connectors.destinations.line import Fault
from flows.transport._library_logging import silence
from vault.records.destinations import S3Bucket

_SECONDS = 30
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_ANSWER_BYTES = 16 << 20
"""More than any response except an object's content: the largest lists a thousand names of a thousand bytes, escaped."""
_S3_FULL = frozenset({"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "EntityTooLarge"})
_RETRYABLE_CODES = frozenset(
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


@cache
def _plain_session() -> Any:
    """Return a session that ignores the user's settings: every setting has the library's default value.

    The session is cached, because botocore takes a second to read its own files.
    """
    from aiobotocore.session import AioSession
    from botocore.configprovider import (
        BOTOCORE_DEFAUT_SESSION_VARIABLES,
        ConfigValueStore,
        ConstantProvider,
    )
    from botocore.handlers import add_expect_header
    from botocore.loaders import Loader

    session = AioSession()
    settings = {name: ConstantProvider(row[2]) for name, row in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()}
    session.register_component("config_store", ConfigValueStore(settings))
    models = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    session.register_component("data_loader", models)
    session.unregister("before-call.s3", add_expect_header)  # a server could leave it unanswered
    return session


async def _read_whole(answer: Any) -> bytes:
    """Return a response's body. Raises TooLong above a limit: an endless body would fill the memory before the timeout."""
    body = bytearray()
    while piece := await answer.content.read(1 << 16):
        body += piece
        if len(body) > _MAX_ANSWER_BYTES:
            answer.close()
            raise TooLong
    return bytes(body)


class TooLong(Exception):
    """A response other than an object's content exceeds the size limit."""


class Redirected(Exception):
    """The server redirects, or answers with another status from 300 to 399."""


@cache
def _http_session(host: str, port: int) -> type[Any]:
    """Return an HTTP session class that follows no redirect, uses no proxy and connects to one host and port only."""
    import aiohttp
    from aiobotocore.httpsession import AIOHTTPSession

    class Declared(aiohttp.TCPConnector):
        """Connects to the declared server only."""

        async def connect(self, req: Any, *arguments: Any, **named: Any) -> Any:
            if (req.url.host, req.url.port) != (host, port) or req.proxy is not None:
                raise aiohttp.ClientConnectionError
            return await super().connect(req, *arguments, **named)

    class Unredirected:
        """The used part of an aiohttp session. It refuses redirects."""

        def __init__(self, session: Any) -> None:
            self._session = session

        @property
        def closed(self) -> bool:
            return bool(self._session.closed)

        async def request(self, *arguments: Any, **named: Any) -> Any:
            answer = await self._session.request(*arguments, **named, allow_redirects=False)
            if 300 <= answer.status < 400:
                answer.close()
                raise Redirected
            answer.read = lambda: _read_whole(answer)
            return answer

    class DeclaredSession(AIOHTTPSession):
        async def _create_connector(self, proxy_url: str | None) -> Any:
            if proxy_url is not None:
                raise aiohttp.ClientConnectionError
            context = await asyncio.to_thread(self._build_verify_context)
            context.keylog_filename = None
            return Declared(limit=self._max_pool_connections, ssl=context, **self._connector_args)

        async def _get_session(self, proxy_url: str | None) -> Any:
            return Unredirected(await super()._get_session(proxy_url))

    return DeclaredSession


@cache
def _s3_files() -> Any:
    from fsspec.asyn import sync
    from s3fs import S3FileSystem

    class S3Files(S3FileSystem):
        """s3fs with calls that can be cancelled."""

        under_way: set[asyncio.Task[Any]]

        async def _breakable(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine has one
            self.under_way.add(task)
            try:
                return await call(*arguments, **named)
            except asyncio.CancelledError:
                raise TimeoutError from None
            finally:
                self.under_way.discard(task)

        def call_s3(self, method: str, **named: Any) -> Any:
            """Send one request."""
            return sync(self.loop, self._breakable, self._call_s3, method, **named)

        def read_range(self, where: dict[str, str], start: int, end: int) -> bytes:
            """Return the bytes of an object from `start` to `end` (exclusive). If the server sends more, return one byte more."""
            return bytes(sync(self.loop, self._breakable, self._read_range, where, start, end))

        async def _read_range(self, where: dict[str, str], start: int, end: int) -> bytes:
            answer = await self._call_s3("get_object", **where, Range=f"bytes={start}-{end - 1}")
            content = bytearray()
            try:
                while len(content) <= end - start and (piece := await answer["Body"].read(1 << 20)):
                    content += piece
            finally:
                answer["Body"].close()
            return bytes(content[: end - start + 1])

        def break_off(self) -> None:
            """Cancel pending calls, from another thread."""

            def cancel() -> None:
                for task in list(self.under_way):
                    task.cancel()

            self.loop.call_soon_threadsafe(cancel)

    return S3Files


class S3Dial:
    """Connects to one bucket over S3."""

    def __init__(self, bucket: S3Bucket) -> None:
        self._bucket = bucket

    def open(self) -> Any:
        """Return a client for the endpoint, with these credentials only. s3fs does not retry, because Reprise does."""
        silence()
        bucket, place = self._bucket, urlsplit(self._bucket.endpoint)
        declared = _http_session(str(place.hostname), place.port or _DEFAULT_PORTS[place.scheme])
        filesystem = _s3_files()(
            key=bucket.key_id.reveal(),
            secret=bucket.secret.reveal(),
            endpoint_url=bucket.endpoint,
            session=_plain_session(),
            client_kwargs={"region_name": bucket.region} if bucket.region else {},
            config_kwargs={
                "connect_timeout": _SECONDS,
                "read_timeout": 2 * _SECONDS,
                "retries": {"max_attempts": 0},
                "proxies": {},
                "http_session_cls": declared,
                "s3": {"addressing_style": "path"},
                "request_checksum_calculation": "when_required",
                "response_checksum_validation": "when_required",
            },
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        filesystem.retries = 1
        filesystem.under_way = set()
        return filesystem

    def close(self, filesystem: Any) -> None:
        """Close the client's connections."""
        filesystem.close_session(filesystem.loop, filesystem._s3creator)  # noqa: SLF001 - s3fs has no other way

    def break_off(self, filesystem: Any) -> None:
        """Cancel pending calls."""
        filesystem.break_off()

    def judge(self, error: Exception) -> Fault:
        """Classify by the response's status and code; an error without a response is a lost connection."""
        if _is_redirected(error):
            return Fault.REFUSES
        response = getattr(error.__cause__, "response", None) or getattr(error, "response", None)
        if not isinstance(response, dict):
            return Fault.REFUSES if isinstance(error, PermissionError) else Fault.LOST
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        code = str(response.get("Error", {}).get("Code"))
        if status == 507 or code in _S3_FULL:
            return Fault.FULL
        if status >= 500 or status in (408, 409, 429) or code in _RETRYABLE_CODES:
            return Fault.LOST
        return Fault.REFUSES


def _is_redirected(error: BaseException | None) -> bool:
    """Return whether the libraries' error wraps `Redirected`."""
    while error is not None and not isinstance(error, Redirected):
        error = error.__cause__ or error.__context__
    return error is not None
