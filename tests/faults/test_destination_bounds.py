"""Servers that point elsewhere, that fall silent, that trickle, that never end: in each act, of each kind of server."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from support.liars import lying_sftp
from support.parcel import NAMES, PART, RUN, carry, destination
from support.proxy import Listener
from support.servers import through

from connectors.destinations.line import Backoff, Line
from connectors.destinations.watchdog import Bound, Watchdog
from flows.transport._s3 import _http_session
from schemas.errors import TargetError

PARTS = 256 << 10
S3_ACTS = {
    "head": r"HEAD /packages/",
    "put": r"PUT [^?]*$",
    "list uploads": r"GET [^?]*\?(?=.*uploads)",
    "begin": r"POST [^?]*\?uploads",
    "list parts": r"GET [^?]*\?(?=.*uploadId)",
    "part": r"PUT [^?]*\?(?=.*partNumber)",
    "complete": r"POST [^?]*\?(?=.*uploadId)",
    "get": r"GET [^?]*$",
    "list": r"GET [^?]*\?(?=.*list-type)",
    "abort": r"DELETE [^?]*\?(?=.*uploadId)",
    "delete": r"DELETE [^?]*$",
}
SFTP_ACTS = ("stat", "mkdir", "open", "write", "close", "read", "list", "rename", "remove", "rmdir")


class Elsewhere(Listener):
    """A server that nobody declared: it must not be spoken to."""

    visits = 0

    def serve(self, near: socket.socket) -> None:
        self.visits += 1
        near.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        near.close()


class OddS3(Listener):
    """Before an S3 server: passes requests on, but for those of one act, which `answer` serves on the bare socket."""

    def __init__(self, endpoint: str, act: str, answer: Callable[[socket.socket], None]) -> None:
        self._far = int(endpoint.rpartition(":")[2])
        self._act, self._answer = re.compile(act), answer
        self.met = 0
        self.heads: list[bytes] = []
        super().__init__()

    def serve(self, near: socket.socket) -> None:
        threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        try:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = near.recv(1 << 16)
                if not piece:
                    return
                head += piece
            head, _, body = head.partition(b"\r\n\r\n")
            self.heads.append(head)
            found = re.search(rb"(?i)content-length: (\d+)", head)
            while found and len(body) < int(found[1]):
                body += near.recv(1 << 16)
            if self._act.match(head.split(b"\r\n")[0].rpartition(b" ")[0].decode()):
                self.met += 1
                self._answer(near)
            else:
                with socket.create_connection(("127.0.0.1", self._far)) as far:
                    far.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
                    while piece := far.recv(1 << 16):
                        near.sendall(piece)
        except OSError:
            pass
        near.close()


@contextmanager
def odd_s3(endpoint: str, act: str, answer: Callable[[socket.socket], None]) -> Iterator[OddS3]:
    made = OddS3(endpoint, act, answer)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    made = Elsewhere()
    yield made
    made.close()


def walk(place, sealed: Path) -> None:
    """Every act there is: a package brought, published, and taken back with what was begun."""
    carry(place, sealed)
    place.discard()


def begin_upload(bucket) -> None:
    """An upload that nobody finished, so that there is one to abort."""
    import boto3

    client = boto3.client(
        "s3", endpoint_url=bucket.endpoint, aws_access_key_id="a", aws_secret_access_key="b"
    )
    client.create_multipart_upload(Bucket=bucket.bucket, Key=f"reprise-{RUN}/part-0009.zip.age")


def told(place, sealed: Path) -> str:
    with pytest.raises(TargetError) as refused:
        walk(place, sealed)
    return refused.value.code


@pytest.mark.parametrize("act", S3_ACTS)
def test_an_s3_server_that_points_elsewhere_is_not_followed(bucket, sealed, elsewhere, act):
    def answer(near: socket.socket) -> None:
        place = f"http://127.0.0.1:{elsewhere.port}/packages/x"
        near.sendall(f"HTTP/1.1 307 Go\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode())

    begin_upload(bucket)
    with odd_s3(bucket.endpoint, S3_ACTS[act], answer) as odd:
        place = destination(through(bucket, odd.port), attempts=1, part_bytes=PARTS)
        assert told(place, sealed) == "destination_refuses"
        assert odd.met
    assert elsewhere.visits == 0
    destination(bucket).discard()


@pytest.mark.parametrize("act", ["head", "put"])
def test_no_kind_of_redirect_is_followed(bucket, sealed, elsewhere, act):
    statuses = [300, 301, 302, 303, 305, 308]
    text = "<Error><Code>PermanentRedirect</Code><Endpoint>127.0.0.1</Endpoint></Error>" * (act != "head")

    def answer(near: socket.socket) -> None:
        to = f"Location: http://127.0.0.1:{elsewhere.port}/x\r\nx-amz-bucket-region: eu-west-1\r\n"
        head = f"HTTP/1.1 {statuses[(odd.met - 1) % len(statuses)]} Go\r\n{to}Content-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        near.sendall((head + text).encode())

    with odd_s3(bucket.endpoint, S3_ACTS[act], answer) as odd:
        place = destination(through(bucket, odd.port), attempts=1)
        for _ in statuses:
            with pytest.raises(TargetError, match="destination_refuses"):
                place.put(sealed / NAMES[1], NAMES[1])
        assert odd.met == len(statuses), "a refusal is not asked again"
    assert elsewhere.visits == 0


class Time:
    """The watchdogs' clock, which a test sets forward when the server begins to waste time."""

    def __init__(self, monkeypatch) -> None:
        self._ahead = 0.0
        monkeypatch.setattr(
            "connectors.destinations.watchdog.monotonic", lambda: time.monotonic() + self._ahead
        )

    def passes(self) -> None:
        self._ahead += 2 * Bound().of(PARTS)


@pytest.fixture
def clock(monkeypatch) -> Time:
    return Time(monkeypatch)


def silent(near: socket.socket) -> None:
    time.sleep(20)


def trickling(near: socket.socket) -> None:
    near.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(400):
        near.sendall(b"X-%d: x\r\n" % number)
        time.sleep(0.05)


def saying_go_on(near: socket.socket) -> None:
    for _ in range(400):
        near.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("act", "answer"),
    [*((act, silent) for act in S3_ACTS), ("get", trickling), ("part", trickling), ("put", saying_go_on)],
)
def test_an_s3_server_that_falls_silent_is_hung_up_on(bucket, sealed, act, answer, clock):
    begin_upload(bucket)
    met: list[float] = []

    def meet(near: socket.socket) -> None:
        met.append(time.monotonic())
        clock.passes()
        answer(near)

    with odd_s3(bucket.endpoint, S3_ACTS[act], meet) as odd:
        assert (
            told(destination(through(bucket, odd.port), attempts=1, part_bytes=PARTS), sealed)
            == "destination_unreachable"
        )
        assert len(met) == 1
        assert time.monotonic() - met[0] < 10
        assert not [head for head in odd.heads if b"100-continue" in head.lower()]
    destination(bucket).discard()


def test_an_answer_without_an_end_is_not_read_to_it(bucket, sealed):
    """More than was asked for is more than was sealed: read no further."""
    sent = []

    def answer(near: socket.socket) -> None:
        near.sendall(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(10_000):
            near.sendall(bytes(1 << 16))
            sent.append(1 << 16)

    with odd_s3(bucket.endpoint, S3_ACTS["get"], answer) as odd:
        assert told(destination(through(bucket, odd.port)), sealed) == "destination_lies"
        assert sum(sent) < 64 << 20, "what fits into the buffers on the way"
    destination(bucket).discard()


@pytest.mark.parametrize("act", SFTP_ACTS)
def test_an_sftp_server_that_falls_silent_is_hung_up_on(ssh, sealed, tmp_path, act, clock):
    free, met = threading.Event(), []

    def hook(request: str) -> None:
        if request == act:
            met.append(time.monotonic())
            clock.passes()
            free.wait(20)

    with lying_sftp(tmp_path, ssh.root / "host_ed25519", lambda data: data, hook) as port:
        server = replace(ssh.server, port=port, folder=str(tmp_path))
        assert told(destination(server, attempts=1), sealed) == "destination_unreachable"
        assert time.monotonic() - met[0] < 10
        free.set()


def test_an_sftp_server_whose_file_has_no_end_is_not_read_to_it(ssh, sealed, tmp_path):
    """It gives more than it was given, as often as it is asked."""
    from support.parcel import digest

    reads = []

    def hook(request: str) -> None:
        if request == "read":
            reads.append(1)
            path = next(tmp_path.rglob(NAMES[1]))
            with open(path, "ab") as stream:
                stream.write(bytes(PART))

    with lying_sftp(tmp_path, ssh.root / "host_ed25519", lambda data: data, hook) as port:
        place = destination(replace(ssh.server, port=port, folder=str(tmp_path)))
        place.put(sealed / NAMES[1], NAMES[1])
        whole = digest(sealed / NAMES[1])
        assert place.digest(NAMES[1], whole.size) != whole
        assert len(reads) < 100


class Clock:
    """A wall clock that a test moves."""

    def __init__(self, monkeypatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("connectors.destinations.line.time.monotonic", lambda: self.now)


def test_progress_that_trickles_is_no_progress(monkeypatch):
    """A server that gives a byte and hangs up, again and again, would keep a run for years."""
    clock, attempts = Clock(monkeypatch), []

    class Dialled:
        def open(self):
            return object()

        def close(self, filesystem) -> None:
            pass

        def break_off(self, filesystem) -> None:
            pass

        def judge(self, error):
            from connectors.destinations.line import Fault

            return Fault.LOST

    line = Line(Dialled(), Backoff(sleep=lambda _: None))

    def act(_filesystem):
        attempts.append(1)
        clock.now += 20
        line.gained(1)
        line.progressed()
        raise ConnectionError

    with pytest.raises(TargetError, match="destination_unreachable"):
        line.do(act)
    assert 20 < len(attempts) < 60, "some twenty minutes"


@pytest.mark.parametrize(("bytes_a_moment", "cut"), [(20_000, False), (2_000, True)])
def test_what_moves_fast_enough_has_all_the_time_it_needs(bytes_a_moment, cut):
    broken = threading.Event()
    with Watchdog(Bound(seconds=0.5, bytes_a_second=100_000), broken.set) as watchdog:
        for _ in range(20):
            if broken.wait(0.08):
                break
            watchdog.gained(bytes_a_moment)
    assert (broken.is_set(), watchdog.overdue) == (cut, cut)


HOSTILE = """
import json, os, sys
from pathlib import Path
home, elsewhere = Path(sys.argv[1]), sys.argv[2]
seen = []
sys.addaudithook(lambda event, a: seen.append(a[1]) if event == "socket.connect" else None)
sys.path[:0] = json.loads(sys.argv[3])
from support.parcel import carry, destination
from schemas.sensitive import Sensitive
from vault.records.destinations import S3Bucket, SftpServer
for raw in json.loads(sys.stdin.read()):
    kind = SftpServer if "host_key" in raw else S3Bucket
    secret = ("identity", "key_id", "secret")
    server = kind(**{k: Sensitive(v) if k in secret else v for k, v in raw.items()})
    carry(destination(server, attempts=2), Path(sys.argv[4]))
    destination(server, attempts=2).discard()
print(json.dumps(sorted({str(address) for address in seen})))
"""


def test_no_configuration_of_the_user_s_leads_elsewhere(ssh, bucket, sealed, tmp_path, elsewhere):
    """Proxies, endpoints, profiles, models, metadata services: environment and files name another server, and it is not met."""
    url = f"http://127.0.0.1:{elsewhere.port}"
    (tmp_path / ".aws" / "models").mkdir(parents=True)
    (tmp_path / ".config" / "fsspec").mkdir(parents=True)
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        f"[default]\nendpoint_url = {url}\nproxies = {url}\nregion = nowhere-1\n"
    )
    (tmp_path / ".aws" / "models" / "endpoints.json").write_text("{}")
    files = {"s3": {"endpoint_url": url, "anon": True}, "sftp": {"port": elsewhere.port, "password": "x"}}
    (tmp_path / ".config" / "fsspec" / "conf.json").write_text(json.dumps(files))
    (tmp_path / ".ssh" / "config").write_text(
        f"Host *\n  Port {elsewhere.port}\n  ProxyJump 127.0.0.1:{elsewhere.port}\n"
    )
    proxies = {
        name: url for base in ("http_proxy", "https_proxy", "all_proxy") for name in (base, base.upper())
    }
    settings = {
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": url,
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": url,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": url,
        "AWS_PROFILE": "default",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_DATA_PATH": str(tmp_path / ".aws" / "models"),
        "FSSPEC_S3_ENDPOINT_URL": url,
        "FSSPEC_SFTP_PORT": str(elsewhere.port),
        **proxies,
    }
    servers = [
        {k: v if isinstance(v, str | int | None) else v.reveal() for k, v in vars(s).items()}
        for s in (ssh.server, bucket)
    ]
    root = Path(__file__).parents[2]
    paths = json.dumps([str(root), str(root / "tests")])
    words = [sys.executable, "-c", HOSTILE, str(tmp_path), url, paths, str(sealed)]
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("proxy")}
    done = subprocess.run(
        words,
        input=json.dumps(servers),
        capture_output=True,
        text=True,
        check=False,
        env={**kept, **settings},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    declared = {("127.0.0.1", ssh.server.port), ("127.0.0.1", int(bucket.endpoint.rpartition(":")[2]))}
    assert json.loads(done.stdout) == sorted(str(address) for address in declared)
    assert elsewhere.visits == 0


def test_the_http_client_opens_no_socket_to_another_server(elsewhere):
    """Also if a library asked for it."""
    import asyncio

    async def ask() -> None:
        async with _http_session("127.0.0.1", 1)() as session:
            got = await session._get_session(None)
            with pytest.raises(aiohttp.ClientConnectionError):
                await got.request("GET", url=f"http://127.0.0.1:{elsewhere.port}/")

    asyncio.run(ask())
    assert elsewhere.visits == 0
