"""Servers whose lists and answers have no end, within the time that an act may take: no memory is filled with them."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.liars import lying_sftp
from support.parcel import NAMES, destination
from support.servers import through
from test_destination_bounds import S3_ACTS, odd_s3, told

from connectors.destinations.base import STRANGERS
from connectors.destinations.watchdog import Bound, Watchdog
from schemas.errors import TargetError

LISTED = r"GET [^?]*\?(?=.*list-type)"


def page(names: Iterator[int]) -> bytes:
    keys = "".join(f"<Contents><Key>k{next(names)}</Key></Contents>" for _ in range(500))
    text = (
        f"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
        f"{keys}</ListBucketResult>"
    )
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}".encode()


def test_a_bucket_whose_listing_has_no_end_is_not_listed_to_it(bucket, sealed):
    names = itertools.count()
    with odd_s3(bucket.endpoint, LISTED, lambda near: near.sendall(page(names))) as odd:
        assert told(destination(through(bucket, odd.port), attempts=1), sealed) == "destination_lies"
        assert odd.met <= (STRANGERS + len(NAMES)) // 500 + 2
    destination(bucket).discard()


@pytest.mark.parametrize("act", [LISTED, S3_ACTS["put"]], ids=["list", "put"])
def test_an_answer_that_is_no_content_and_has_no_end_is_not_read_to_it(bucket, sealed, act):
    sent = []

    def answer(near: socket.socket) -> None:
        near.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n<ListBucketResult>")
        for _ in range(15_000):
            near.sendall(b" " * (1 << 16))
            sent.append(1 << 16)

    with odd_s3(bucket.endpoint, act, answer) as odd:
        assert told(destination(through(bucket, odd.port), attempts=1), sealed) == "destination_unreachable"
        assert sum(sent) < 64 << 20, "what fits into the buffers on the way"
    destination(bucket).discard()


def test_a_folder_of_a_server_whose_listing_has_no_end_is_not_listed_to_it(ssh, sealed, tmp_path):
    """It lists more files with each answer."""
    place = destination(replace(ssh.server, folder=str(tmp_path)))
    place.put(sealed / NAMES[0], NAMES[0])
    folder = next(tmp_path.glob(".reprise-*"))
    for number in range(STRANGERS + 1):
        (folder / f"k{number}").touch()
    with lying_sftp(tmp_path, ssh.root / "host_ed25519", lambda data: data) as port:
        lying = destination(replace(ssh.server, port=port, folder=str(tmp_path)))
        with pytest.raises(TargetError, match="destination_lies"):
            lying.publish(sealed / "manifest.json", frozenset(NAMES[:1]))
    place.discard()
    assert list(tmp_path.glob(".reprise-*")) == []


def test_what_cannot_be_broken_off_yet_is_broken_off_later(monkeypatch):
    """Between two requests, and before a login has a line, there is nothing to break off."""
    monkeypatch.setattr("connectors.destinations.watchdog._LOOK_SECONDS", 0.01)
    broken, tries = threading.Event(), []

    def break_off() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise AttributeError
        if len(tries) == 3:
            broken.set()

    with Watchdog(Bound(0.01), break_off) as watchdog:
        assert broken.wait(5)
    assert watchdog.overdue
    count = len(tries)
    time.sleep(0.1)
    assert len(tries) <= count + 1, "and no more when the act has ended"
