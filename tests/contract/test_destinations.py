"""What every destination promises: a folder, OpenSSH's sshd, moto's S3, also one that lists begun uploads as MinIO does.
Crashes at any point, then again.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.liars import odd_s3
from support.servers import BUCKET, moto, sshd, through

from connectors.destinations.base import MANIFEST, Destination, bring
from connectors.destinations.folder import FolderDestination
from connectors.destinations.line import Backoff, Line
from connectors.destinations.s3 import S3Destination
from connectors.destinations.sftp import SftpDestination
from connectors.targets.manifest import build_manifest
from flows.transport.dial import dial
from schemas.digests import stream_digest
from schemas.errors import TargetRefusedError

RUN = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-2222-3333-4444-555555555555"
PART = 64 << 10
MOST = 1 << 20
NAMES = ("part-0001.zip.age", "part-0002.zip.age", "report.zip.age")
PATIENCE = Backoff(sleep=lambda seconds: None)


class Died(BaseException):
    """Our process died here."""


class Place:
    """One kind of destination, and how to look into it past our own code."""

    def __init__(self, kind: str, server, folder: Path) -> None:
        self.kind, self.server, self.folder = kind, server, folder
        self.looked_at = server  # by the test

    def open(self, run: str = RUN, calls: list[int] | None = None) -> Destination:
        if self.kind == "folder":
            return FolderDestination(self.folder, run)
        dialled = dial(self.server) if calls is None else Counting(dial(self.server), calls)
        line = Line(dialled, PATIENCE)
        if self.kind == "sftp":
            return SftpDestination(line, self.server.folder, run)
        return S3Destination(line, self.server.bucket, "deep/inside", run, part_bytes=PART)

    def content(self) -> dict[str, bytes]:
        """Every file below the destination, hidden ones too, by another way than ours."""
        if self.kind != "s3":
            files = sorted(p for p in self.folder.rglob("*") if p.is_file())
            return {str(p.relative_to(self.folder)): p.read_bytes() for p in files}
        client = self.client()
        found = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        keys = [item["Key"] for item in found]
        return {
            key.removeprefix("deep/inside/"): client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
            for key in keys
        }

    def begun(self) -> int:
        """Uploads that wait for their end."""
        return (
            0
            if self.kind != "s3"
            else len(self.client().list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))
        )

    def client(self):
        import boto3

        return boto3.client(
            "s3", endpoint_url=self.looked_at.endpoint, aws_access_key_id="a", aws_secret_access_key="b"
        )


class Counting:
    """A dial whose file system dies before its nth call; counts down."""

    def __init__(self, real, calls: list[int]) -> None:
        self._real, self._calls = real, calls

    def open(self):
        return Dying(self._real.open(), self._calls)

    def close(self, filesystem) -> None:
        self._real.close(filesystem._real)

    def break_off(self, filesystem) -> None:
        self._real.break_off(filesystem._real)

    def judge(self, error):
        return self._real.judge(error)


class Dying:
    def __init__(self, real, calls: list[int]) -> None:
        self._real, self._calls = real, calls

    def __getattr__(self, name):
        value = getattr(self._real, name)
        if name == "ftp":
            return Dying(value, self._calls)
        if not callable(value):
            return value

        def call(*args, **kwargs):
            self._calls[0] -= 1
            if self._calls[0] == 0:
                raise Died
            return value(*args, **kwargs)

        return call


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    root = tmp_path_factory.mktemp("servers")
    with sshd(root / "sshd") as ssh, moto(root / "moto") as bucket:
        yield {"sftp": (ssh.server, ssh.folder), "s3": (bucket, root)}


@pytest.fixture(scope="module")
def by_name(servers):
    with odd_s3(servers["s3"][0].endpoint, lists_by_name=True) as port:
        yield port


@pytest.fixture(params=["folder", "sftp", "s3", "s3-by-name"])
def place(request, tmp_path) -> Iterator[Place]:
    if request.param == "folder":
        made = Place("folder", None, tmp_path / "to")
        made.folder.mkdir()
    elif request.param == "s3-by-name":
        bucket, root = request.getfixturevalue("servers")["s3"]
        port = request.getfixturevalue("by_name")
        made = Place("s3", through(bucket, port), root)
        made.looked_at = bucket
    else:
        made = Place(request.param, *request.getfixturevalue("servers")[request.param])
    yield made
    made.open().discard()
    assert made.content() == {}
    assert made.begun() == 0


@pytest.fixture(scope="module")
def sealed(tmp_path_factory) -> Path:
    """Files of every size that matters: empty, one part, exactly two parts, some parts and a bit."""
    folder = tmp_path_factory.mktemp("sealed")
    chance = random.Random(1)
    for name, size in zip(NAMES, (5 * PART + 17, 2 * PART, 0), strict=True):
        (folder / name).write_bytes(chance.randbytes(size))
    return folder


def manifest_of(sealed: Path, run: str) -> bytes:
    """A package is taken back only when its manifest names the run."""
    parts = [(name, digest(sealed / name).size, digest(sealed / name).sha256) for name in NAMES]
    return build_manifest("profile", {}, parts, run)


def digest(path: Path):
    with open(path, "rb") as stream:
        return stream_digest(stream)


def carry(destination: Destination, sealed: Path, run: str = RUN) -> None:
    """What publish does, again and again if need be."""
    (sealed / MANIFEST).write_bytes(manifest_of(sealed, run))
    if not destination.published():
        for name in NAMES:
            bring(destination, sealed / name, name, digest(sealed / name))
        destination.publish(sealed / MANIFEST, frozenset(NAMES))


def package(sealed: Path, run: str = RUN) -> dict[str, bytes]:
    files = {f"reprise-{run}/{name}": (sealed / name).read_bytes() for name in NAMES}
    return {**files, f"reprise-{run}/{MANIFEST}": manifest_of(sealed, run)}


def test_what_was_put_is_what_lies_there(place, sealed):
    destination = place.open()
    assert not destination.published()
    assert destination.digest(NAMES[0], MOST) is None
    carry(destination, sealed)
    assert destination.published()
    assert place.content() == package(sealed)
    assert destination.digest(NAMES[0], MOST) == digest(sealed / NAMES[0])
    assert place.begun() == 0


def test_nothing_is_a_package_before_publication(place, sealed):
    destination = place.open()
    for name in NAMES:
        bring(destination, sealed / name, name, digest(sealed / name))
    assert not place.open().published()
    assert not [name for name in place.content() if name.endswith(MANIFEST)]


def test_what_another_attempt_left_is_replaced_or_removed(place, sealed, tmp_path):
    (tmp_path / "other").write_bytes(b"x" * 1000)
    destination = place.open()
    for name in (NAMES[0], "part-0009.zip.age"):
        destination.put(tmp_path / "other", name)
    carry(place.open(), sealed)
    assert place.content() == package(sealed)


def test_never_over_another_package(place, sealed, tmp_path):
    carry(place.open(), sealed)
    (tmp_path / "other").write_bytes(b"another manifest")
    with pytest.raises(TargetRefusedError, match="package_exists"):
        place.open().publish(tmp_path / "other", frozenset(NAMES))
    assert place.content() == package(sealed)


def test_another_run_is_left_alone(place, sealed):
    other = place.open(OTHER)
    carry(other, sealed, OTHER)
    carry(place.open(), sealed)
    place.open().discard()
    assert place.content() == package(sealed, OTHER)
    other.discard()


def test_taking_back_takes_back_all_and_twice(place, sealed):
    destination = place.open()
    destination.put(sealed / NAMES[0], NAMES[0])
    destination.discard()
    carry(destination, sealed)
    for _ in range(2):
        destination.discard()
        assert place.content() == {}
    assert place.begun() == 0


@pytest.mark.parametrize("place", ["sftp", "s3", "s3-by-name"], indirect=True)
def test_a_crash_before_any_call_and_then_again(place, sealed):
    """Every call that reaches a server is once the one before which the process dies (`make targets`; else some)."""
    step = 1 if os.environ.get("REPRISE_ALL_FAULTS") else 17
    nth, died = 1, True
    while died:
        died = False
        try:
            carry(place.open(calls=[nth]), sealed)
        except Died:
            died = True
        if nth % 2:
            place.open().discard()
            assert place.content() == {}, nth
            assert place.begun() == 0
        carry(place.open(), sealed)
        assert place.content() == package(sealed), nth
        assert place.begun() == 0
        place.open().discard()
        nth += step
    assert nth > 20
