"""Networks that cut, delay and throttle; servers that are full, lie, refuse, or show another key."""

from __future__ import annotations

import errno
import itertools
import logging
import os
import random
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from liars import LIES, lying_sftp, odd_s3
from proxy import Weather, proxy
from servers import KEY_ID, SECRET, free_port, make_key, moto, sshd, through

from connectors.destinations.base import MANIFEST, Destination, bring
from connectors.destinations.line import Line, Patience
from connectors.destinations.s3 import S3Destination
from connectors.destinations.sftp import SftpDestination
from connectors.destinations.sftp import _remove_folder as remove_folder
from flows.servers import dial
from schemas.digests import stream_digest
from schemas.errors import RepriseError, TargetError, TargetRefusedError
from schemas.sensitive import Sensitive

RUN = "11111111-2222-3333-4444-555555555555"
NAMES = ("part-0001.zip.age", "part-0002.zip.age", "report.zip.age")
PART = 32 << 10
SEEDS = range(40) if os.environ.get("REPRISE_ALL_FAULTS") else range(3)


class Naps:
    """A clock's sleep that only notes how long it was asked for."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def destination(server, naps: Naps | None = None, part_bytes: int = PART, attempts: int = 7) -> Destination:
    line = Line(dial(server), Patience(attempts=attempts, sleep=naps or Naps(), chance=lambda: 1.0))
    if server.channel == "sftp":
        return SftpDestination(line, server.folder, RUN)
    return S3Destination(line, server.bucket, server.prefix, RUN, part_bytes=part_bytes)


@pytest.fixture(scope="module")
def ssh(tmp_path_factory):
    with sshd(tmp_path_factory.mktemp("sshd"), ("ed25519", "rsa")) as made:
        yield made


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    with moto(tmp_path_factory.mktemp("moto")) as made:
        yield made


@pytest.fixture(params=["sftp", "s3"])
def server(request):
    made = (
        request.getfixturevalue("ssh").server
        if request.param == "sftp"
        else request.getfixturevalue("bucket")
    )
    yield made
    destination(made).discard()


@pytest.fixture(scope="module")
def sealed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sealed")
    for name, size in zip((*NAMES, MANIFEST), (700_001, 2 * PART, 0, 300), strict=True):
        (folder / name).write_bytes(random.Random(name).randbytes(size))
    return folder


def digest(path: Path):
    with open(path, "rb") as stream:
        return stream_digest(stream)


def carry(place: Destination, sealed: Path) -> None:
    for name in NAMES:
        bring(place, sealed / name, name, digest(sealed / name))
    place.publish(sealed / MANIFEST, frozenset(NAMES))


def is_whole(server, sealed: Path) -> bool:
    place = destination(server)
    return place.published() and all(place.digest(n) == digest(sealed / n) for n in (*NAMES, MANIFEST))


def port_of(server) -> int:
    return server.port if server.channel == "sftp" else int(server.endpoint.rpartition(":")[2])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_that_is_cut_again_and_again_ends_the_same(server, sealed, seed):
    # a line carries all of SFTP, but a single request of moto's S3
    between = (20_000, 150_000) if server.channel == "sftp" else (15_000, 75_000)
    with proxy(port_of(server), Weather(cut_between=between, seed=seed)) as odd:
        carry(destination(through(server, odd.port), attempts=15), sealed)
    assert odd.cuts > 3
    assert is_whole(server, sealed)


class Tapped:
    """A dial whose streams tell each write before it is done, by its number; the opening is number 0."""

    def __init__(self, server, tell) -> None:
        self._dial, self._tell, self.streams = dial(server), tell, []
        self.close, self.judge = self._dial.close, self._dial.judge

    def open(self):
        filesystem = self._dial.open()
        opened = filesystem.open_to_write

        def tapped(path):
            stream = opened(path)
            self.streams.append(stream)
            written, numbers = stream.write, itertools.count(1)
            self._tell(self, 0)

            def write(data: bytes) -> None:
                self._tell(self, next(numbers))
                written(data)

            stream.write = write
            return stream

        filesystem.open_to_write = tapped
        return filesystem


def test_what_a_cut_line_still_brings_does_no_harm(ssh, sealed):
    """The server works off a lost line's last writes while the next line, cut as well, is at work already."""
    content = (sealed / NAMES[0]).read_bytes()
    patience = Patience(sleep=Naps())

    def lost(tapped: Tapped, number: int) -> None:
        if number == 6:
            SftpDestination(Line(Tapped(ssh.server, late), patience), ssh.server.folder, RUN).put(
                sealed / NAMES[0], NAMES[0]
            )
            raise GeneratorExit  # nobody is left who would dial again

    def late(tapped: Tapped, number: int) -> None:
        if len(tapped.streams) == 1 and number == 0:
            for nth in range(5, 8):
                type(first.streams[0]).write(first.streams[0], content[nth * PART : (nth + 1) * PART])
            first.streams[0].stat()  # the server did them
        if len(tapped.streams) == 1 and number == 3:
            raise ConnectionError

    first = Tapped(ssh.server, lost)
    with pytest.raises(GeneratorExit):
        SftpDestination(Line(first, patience), ssh.server.folder, RUN).put(sealed / NAMES[0], NAMES[0])
    assert destination(ssh.server).digest(NAMES[0]) == digest(sealed / NAMES[0])
    destination(ssh.server).discard()


class Late:
    """A destination one of whose acts is done once more by the server, later: its answer was lost, and so it was asked again."""

    def __init__(self, place: Destination, act: str, after: str) -> None:
        self._place, self._act, self._after = place, act, after
        self._late: list[Any] = []

    def __getattr__(self, name):
        value = getattr(self._place, name)
        if not callable(value):
            return value

        def call(*arguments):
            done = value(*arguments)
            if name == self._act:
                self._late.append(partial(value, *arguments))
            elif name == self._after and len(self._late) == 1:
                self._late[0]()
                self._late.append(None)  # once is enough
            return done

        return call


def test_a_removal_that_is_done_late_makes_no_liar_of_a_server(server, sealed, tmp_path):
    (tmp_path / "other").write_bytes(b"x" * (2 * PART))
    place = destination(server)
    place.put(tmp_path / "other", NAMES[1])  # of a former attempt
    bring(Late(place, "remove", "put"), sealed / NAMES[1], NAMES[1], digest(sealed / NAMES[1]))
    assert place.digest(NAMES[1]) == digest(sealed / NAMES[1])


def test_nothing_is_published_that_lost_a_part_since_it_was_read_back(server, sealed):
    place = destination(server)
    for name in NAMES:
        bring(place, sealed / name, name, digest(sealed / name))
    place.remove(NAMES[0])
    with pytest.raises(TargetError, match="destination_lies"):
        place.publish(sealed / MANIFEST, frozenset(NAMES))
    assert not place.published()


def test_a_rename_that_is_done_late_publishes_nothing_that_was_taken_back(ssh, sealed):
    place = destination(ssh.server)
    for name in NAMES:
        bring(place, sealed / name, name, digest(sealed / name))
    removed, names = [], {f".reprise-{RUN}.partial": f"reprise-{RUN}"}

    def rename_between(filesystem, folder: str) -> None:
        remove_folder(filesystem, folder)
        removed.append(folder)
        for hidden, final in names.items():
            if len(removed) == 1 and (ssh.folder / hidden).exists():
                (ssh.folder / hidden).rename(ssh.folder / final)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connectors.destinations.sftp._remove_folder", rename_between)
        place.discard()
    assert len(removed) == 2
    assert list(ssh.folder.iterdir()) == []


def test_a_slow_line_ends_the_same(server, sealed):
    with proxy(port_of(server), Weather(seconds_a_piece=0.002, piece=1 << 10)) as odd:
        carry(destination(through(server, odd.port)), sealed)
    assert is_whole(server, sealed)


def test_nobody_there_is_bounded_and_backs_off(server, sealed):
    naps = Naps()
    place = destination(through(server, free_port()), naps)
    with pytest.raises(TargetError, match="destination_unreachable") as refused:
        place.put(sealed / NAMES[0], NAMES[0])
    assert refused.value.exit_code == 60
    assert naps.taken == [0.5, 1, 2, 4, 8, 16]


def test_waiting_is_never_in_step():
    naps = Naps()
    for failures in (1, 2, 3):
        Patience(sleep=naps, chance=random.Random(failures).random).wait(failures)
    assert all(0 <= nap <= 0.5 * 2**nth for nth, nap in enumerate(naps.taken))
    assert len({nap / 0.5 / 2**nth for nth, nap in enumerate(naps.taken)}) == 3


@pytest.mark.parametrize("lie", LIES)
def test_a_server_that_lies_is_caught_and_nothing_is_published(server, sealed, lie, tmp_path, ssh):
    if server.channel == "sftp":
        (tmp_path / "lying").mkdir()
        odd = lying_sftp(tmp_path / "lying", ssh.root / "host_ed25519", LIES[lie])
        server = replace(server, folder=str(tmp_path / "lying"))
    else:
        odd = odd_s3(server.endpoint, lie=LIES[lie])
    with odd as port:
        # in one piece: an empty part of several is refused by the S3 server itself
        place = destination(through(server, port), part_bytes=1 << 20 if lie == "keeps-nothing" else PART)
        with pytest.raises(TargetError, match="destination_lies"):
            carry(place, sealed)
        assert not place.published()
        place.discard()


def test_a_full_disk_is_told_from_a_broken_line(ssh, sealed):
    """/dev/full takes no byte: the server's own ENOSPC."""
    hidden = ssh.folder / f".reprise-{RUN}.partial"
    hidden.mkdir()
    (hidden / NAMES[0]).symlink_to("/dev/full")
    with pytest.raises(TargetError, match="destination_full"):
        destination(ssh.server).put(sealed / NAMES[0], NAMES[0])
    destination(ssh.server).discard()
    assert list(ssh.folder.iterdir()) == []


def test_a_disk_that_has_room_for_the_last_bytes_only_is_full_and_no_liar(ssh, sealed, tmp_path):
    """The file has the right size and a hole: the writes before the last one failed while under way together."""

    def room_for_little(data: bytes) -> bytes:
        if len(data) == PART:
            raise OSError(errno.ENOSPC, "")
        return data

    with lying_sftp(tmp_path, ssh.root / "host_ed25519", room_for_little) as port:
        place = destination(replace(ssh.server, port=port, folder=str(tmp_path)))
        with pytest.raises(TargetError, match="destination_full"):
            carry(place, sealed)
        place.discard()


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (507, "InsufficientStorage", "destination_full"),
        (403, "QuotaExceeded", "destination_full"),
        (403, "AccessDenied", "destination_refuses"),
        (404, "NoSuchBucket", "destination_refuses"),
        (503, "SlowDown", "destination_unreachable"),
        (500, "InternalError", "destination_unreachable"),
    ],
)
def test_what_an_s3_server_answers_is_told_by_our_code(bucket, sealed, status, code, told):
    with (
        odd_s3(bucket.endpoint, answers=[(status, code)] * 99) as port,
        pytest.raises(TargetError) as refused,
    ):
        destination(through(bucket, port)).put(sealed / NAMES[1], NAMES[1])
    assert refused.value.code == told
    assert "kanarie" not in f"{refused.value!r}{refused.value.__context__!r}{refused.value.__cause__!r}"


def test_a_server_that_asks_to_slow_down_is_waited_for(bucket, sealed):
    naps = Naps()
    with odd_s3(bucket.endpoint, answers=[(503, "SlowDown"), (500, "InternalError")] * 2) as port:
        carry(destination(through(bucket, port), naps), sealed)
    assert naps.taken == [0.5, 1, 2, 4]
    assert is_whole(bucket, sealed)
    destination(bucket).discard()


def test_a_host_key_that_changes_is_refused_before_we_log_in(ssh, sealed, tmp_path):
    other = make_key(tmp_path / "other")
    with pytest.raises(TargetRefusedError, match="host_key_changed"):
        destination(replace(ssh.server, host_key=other)).put(sealed / NAMES[0], NAMES[0])
    assert list(ssh.folder.iterdir()) == []
    log = (ssh.root / "log").read_text()
    with lying_sftp(tmp_path, tmp_path / "other", lambda data: data) as port:  # lets anybody in
        place = destination(replace(ssh.server, port=port, folder=str(tmp_path)))
        with pytest.raises(TargetRefusedError, match="host_key_changed"):
            place.digest("x")
    assert "Accepted" not in (ssh.root / "log").read_text()[len(log) :]


def test_a_host_key_that_changes_between_two_connections(ssh, sealed, tmp_path):
    """The line is cut, and somebody else answers the next call."""
    make_key(tmp_path / "other")
    line = Line(dial(ssh.server), Patience(sleep=Naps()))
    place = SftpDestination(line, ssh.server.folder, RUN)
    place.put(sealed / NAMES[0], NAMES[0])
    line.hang_up()
    with lying_sftp(tmp_path, tmp_path / "other", lambda data: data) as port:
        line._dial = dial(replace(ssh.server, port=port))
        with pytest.raises(TargetRefusedError, match="host_key_changed"):
            place.put(sealed / NAMES[1], NAMES[1])
    destination(ssh.server).discard()


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_server_with_two_keys_passes_with_either_pinned(ssh, sealed, kind):
    pinned = " ".join((ssh.root / f"host_{kind}.pub").read_text().split()[:2])
    place = destination(replace(ssh.server, host_key=pinned))
    bring(place, sealed / NAMES[1], NAMES[1], digest(sealed / NAMES[1]))
    place.discard()


def test_a_server_that_no_longer_has_the_pinned_kind_of_key(ssh, sealed, tmp_path):
    pinned = make_key(tmp_path / "ecdsa", "ecdsa")
    with pytest.raises(TargetRefusedError, match="host_key_changed"):
        destination(replace(ssh.server, host_key=pinned)).digest("x")


def test_a_key_that_the_server_does_not_know(ssh, sealed, tmp_path):
    from vault.destinations import open_identity

    make_key(tmp_path / "stranger")
    identity = open_identity((tmp_path / "stranger").read_bytes(), None)
    with pytest.raises(TargetRefusedError, match="destination_refuses"):
        destination(replace(ssh.server, identity=identity)).digest("x")


def test_no_library_tells_anything(ssh, bucket, sealed, tmp_path, capfd):
    """Host names, users, requests, credentials: at level DEBUG of the root, through errors too."""
    root, stream = logging.getLogger(), tmp_path / "debug.log"
    handler, level = logging.FileHandler(stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in (
        "paramiko.transport.sftp",
        "botocore.endpoint",
        "aiobotocore.regions",
        "s3fs",
        "fsspec.sftp",
    ):
        logging.getLogger(name).setLevel(logging.DEBUG)
    told = []
    try:
        for server in (ssh.server, bucket):
            carry(destination(server), sealed)
            destination(server).discard()
        wrong = (
            replace(ssh.server, user="kanarie-niemand"),
            replace(bucket, bucket="kanarie-emmer", secret=Sensitive(SECRET)),
        )
        for server in wrong:
            with pytest.raises(RepriseError) as refused:
                carry(destination(server), sealed)
            told.append(f"{refused.value!r} {refused.value.to_json()} {refused.value.__context__!r}")
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    out = capfd.readouterr()
    everything = stream.read_text() + out.out + out.err + "".join(told)
    for canary in ("kanarie", KEY_ID, SECRET, "127.0.0.1", "AWS4-HMAC", "BEGIN OPENSSH", RUN):
        assert canary not in everything, canary
