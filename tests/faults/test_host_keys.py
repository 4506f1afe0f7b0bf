"""Servers that show another key, and those that do not know ours."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.liars import lying_sftp
from support.parcel import NAMES, RUN, Naps, destination, digest
from support.servers import make_key

from connectors.destinations.base import bring
from connectors.destinations.line import Backoff, Line
from connectors.destinations.sftp import SftpDestination
from flows.transport.dial import dial
from schemas.errors import TargetRefusedError


def test_a_host_key_that_changes_is_refused_before_we_log_in(ssh, sealed, tmp_path):
    other = make_key(tmp_path / "other")
    with pytest.raises(TargetRefusedError, match="host_key_changed"):
        destination(replace(ssh.server, host_key=other)).put(sealed / NAMES[0], NAMES[0])
    assert list(ssh.folder.iterdir()) == []
    log = (ssh.root / "log").read_text()
    with lying_sftp(tmp_path, tmp_path / "other", lambda data: data) as port:  # lets anybody in
        place = destination(replace(ssh.server, port=port, folder=str(tmp_path)))
        with pytest.raises(TargetRefusedError, match="host_key_changed"):
            place.digest("x", 1)
    assert "Accepted" not in (ssh.root / "log").read_text()[len(log) :]


def test_a_host_key_that_changes_between_two_connections(ssh, sealed, tmp_path):
    """The line is cut, and somebody else answers the next call."""
    make_key(tmp_path / "other")
    line = Line(dial(ssh.server), Backoff(sleep=Naps()))
    place = SftpDestination(line, ssh.server.folder, RUN)
    place.put(sealed / NAMES[0], NAMES[0])
    line.disconnect()
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
        destination(replace(ssh.server, host_key=pinned)).digest("x", 1)


def test_a_key_that_the_server_does_not_know(ssh, sealed, tmp_path):
    from vault.records.destinations import open_identity

    make_key(tmp_path / "stranger")
    identity = open_identity((tmp_path / "stranger").read_bytes(), None)
    with pytest.raises(TargetRefusedError, match="destination_refuses"):
        destination(replace(ssh.server, identity=identity)).digest("x", 1)
