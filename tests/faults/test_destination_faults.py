"""Networks that cut, delay and throttle, and bring late what was asked twice."""

from __future__ import annotations

import itertools
import os
import random
from functools import partial
from typing import Any

import pytest
from support.parcel import MOST, NAMES, PART, RUN, Naps, carry, destination, digest, is_whole, port_of
from support.proxy import Weather, proxy
from support.servers import free_port, through

from connectors.destinations.base import MANIFEST, Destination, bring
from connectors.destinations.line import Backoff, Line
from connectors.destinations.sftp import SftpDestination
from connectors.destinations.sftp import _remove_folder as remove_folder
from flows.transport.dial import dial
from schemas.errors import TargetError

SEEDS = range(40) if os.environ.get("REPRISE_ALL_FAULTS") else range(3)


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
        self.close, self.judge, self.break_off = self._dial.close, self._dial.judge, self._dial.break_off

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
    patience = Backoff(sleep=Naps())

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
    assert destination(ssh.server).digest(NAMES[0], MOST) == digest(sealed / NAMES[0])
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
    assert place.digest(NAMES[1], MOST) == digest(sealed / NAMES[1])


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
        Backoff(sleep=naps, chance=random.Random(failures).random).wait(failures)
    assert all(0 <= nap <= 0.5 * 2**nth for nth, nap in enumerate(naps.taken))
    assert len({nap / 0.5 / 2**nth for nth, nap in enumerate(naps.taken)}) == 3
