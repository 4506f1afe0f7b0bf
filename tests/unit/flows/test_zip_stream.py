"""What our zip writer makes is read by Python's zipfile and by Info-ZIP's unzip."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps._zip_stream import Member, ZipStream

needs_unzip = pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is missing")
MEMBERS = {"1.xml": [b"<a/>"], "empty": [], "é/2.xml": [b"x" * 100_000, b"", os.urandom(70_000)]}


def written(path: Path, members: dict[str, Sequence[bytes]]) -> Path:
    with path.open("wb") as sink:
        archive = ZipStream(sink.write)
        for name, pieces in members.items():
            with archive.member(name) as emit:
                for piece in pieces:
                    emit(piece)
        archive.close()
    return path


@pytest.mark.parametrize("members", [{}, MEMBERS], ids=["none", "three"])
def test_python_reads_what_was_written(members, tmp_path):
    with zipfile.ZipFile(written(tmp_path / "x.zip", members)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            name: b"".join(pieces) for name, pieces in members.items()
        }
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.external_attr >> 16 == 0o100600


@needs_unzip
def test_unzip_reads_what_was_written(tmp_path):
    subprocess.run(["unzip", "-tq", written(tmp_path / "x.zip", MEMBERS)], check=True, capture_output=True)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=3000), max_size=5), st.integers(1, 40))
def test_the_pieces_in_which_it_is_written_change_nothing(pieces, times):
    into = io.BytesIO()
    archive = ZipStream(into.write)
    with archive.member("x") as emit:
        for piece in pieces * times:
            emit(piece)
    archive.close()
    assert zipfile.ZipFile(into).read("x") == b"".join(pieces * times)


def told(*members: Member) -> list[zipfile.ZipInfo]:
    """What a reader of the directory finds, when these members were written."""
    into = io.BytesIO()
    archive = ZipStream(into.write)
    archive._members.extend(members)
    archive.close()
    return zipfile.ZipFile(into).infolist()


@pytest.mark.parametrize("count", [65_534, 65_535, 65_536])
def test_as_many_members_as_there_are_are_counted(count):
    found = told(*[Member(b"%d" % number, 0, 1, 1, 0) for number in range(count)])
    assert len(found) == count


@pytest.mark.parametrize("packed", [7, 0xFFFFFFFE, 0xFFFFFFFF, 5 << 30])
@pytest.mark.parametrize("size", [7, 0xFFFFFFFF, 6 << 30])
@pytest.mark.parametrize("offset", [7, 0xFFFFFFFF, 7 << 30])
def test_numbers_beyond_4_gib_are_told(packed, size, offset):
    (found,) = told(Member(b"x", 1, packed, size, offset))
    assert (found.compress_size, found.file_size, found.header_offset) == (packed, size, offset)


def test_a_member_and_a_directory_beyond_4_gib(tmp_path):
    """The file has a hole of 5 GiB between the first member and the second: nothing of it lies on the disk."""
    path, hole = tmp_path / "x.zip", 5 << 30
    with path.open("wb") as sink:
        archive = ZipStream(sink.write)
        with archive.member("near") as emit:
            emit(b"one")
        archive._offset += hole
        sink.seek(hole, os.SEEK_CUR)
        with archive.member("far") as emit:
            emit(b"two")
        archive.close()
    with zipfile.ZipFile(path) as read:
        assert (read.read("near"), read.read("far")) == (b"one", b"two")
        assert read.getinfo("far").header_offset > hole
