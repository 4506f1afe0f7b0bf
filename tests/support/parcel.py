"""A package of a few small parts on its way to a server, for tests of what servers do to it."""

from __future__ import annotations

from pathlib import Path

from connectors.destinations.base import MANIFEST, Destination, bring
from connectors.destinations.line import Backoff, Line
from connectors.destinations.s3 import S3Destination
from connectors.destinations.sftp import SftpDestination
from flows.transport.dial import dial
from schemas.digests import stream_digest

RUN = "11111111-2222-3333-4444-555555555555"
NAMES = ("part-0001.zip.age", "part-0002.zip.age", "report.zip.age")
PART = 32 << 10
MOST = 1 << 20


class Naps:
    """A clock's sleep that only notes how long it was asked for."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def destination(
    server,
    naps: Naps | None = None,
    part_bytes: int = PART,
    attempts: int = 7,
) -> Destination:
    line = Line(dial(server), Backoff(attempts=attempts, sleep=naps or Naps(), chance=lambda: 1.0))
    if server.channel == "sftp":
        return SftpDestination(line, server.folder, RUN)
    return S3Destination(line, server.bucket, server.prefix, RUN, part_bytes=part_bytes)


def digest(path: Path):
    with open(path, "rb") as stream:
        return stream_digest(stream)


def carry(place: Destination, sealed: Path) -> None:
    for name in NAMES:
        bring(place, sealed / name, name, digest(sealed / name))
    place.publish(sealed / MANIFEST, frozenset(NAMES))


def is_whole(server, sealed: Path) -> bool:
    place = destination(server)
    return place.published() and all(place.digest(n, MOST) == digest(sealed / n) for n in (*NAMES, MANIFEST))


def port_of(server) -> int:
    return server.port if server.channel == "sftp" else int(server.endpoint.rpartition(":")[2])
