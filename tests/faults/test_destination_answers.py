"""Servers that are full, lie or refuse: told by our code, and in no other words."""

from __future__ import annotations

import errno
import logging
from dataclasses import replace

import pytest
from support.liars import LIES, lying_sftp, odd_s3
from support.parcel import NAMES, PART, RUN, Naps, carry, destination, is_whole
from support.servers import KEY_ID, SECRET, sshd, through

from flows.transport import _sftp as sftp_server
from schemas.errors import RepriseError, TargetError
from schemas.sensitive import Sensitive


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
    "mute",
    [("Subsystem sftp /bin/sleep 60",), ("AuthorizedKeysFile none", "AuthorizedKeysCommand /bin/sleep 60")],
)
def test_a_server_that_falls_silent_while_we_log_in_is_hung_up_on(tmp_path, monkeypatch, mute):
    """It has accepted us and does not speak, or it never says whether it does."""
    monkeypatch.setattr(sftp_server, "_LOGIN_SECONDS", 2)
    user = ("AuthorizedKeysCommandUser root",) if len(mute) > 1 else ()
    with sshd(tmp_path, first=(*mute, *user)) as made:
        naps = Naps()
        with pytest.raises(TargetError, match="destination_unreachable"):
            destination(made.server, naps, attempts=2).digest("x", 1)
    assert naps.taken == [0.5]


def test_a_server_that_hangs_up_while_we_log_in_is_dialled_again(tmp_path):
    slow = ("LoginGraceTime 1", "AuthorizedKeysFile none", "AuthorizedKeysCommand /bin/sleep 60")
    with sshd(tmp_path, first=(*slow, "AuthorizedKeysCommandUser root")) as made:
        naps = Naps()
        with pytest.raises(TargetError, match="destination_unreachable"):
            destination(made.server, naps, attempts=2).digest("x", 1)
    assert naps.taken == [0.5]


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
