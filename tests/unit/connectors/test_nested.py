"""Archives inside an export: their members are files of it, and an archive that cannot be opened stays one file."""

from __future__ import annotations

import gzip
import io
import os
import resource
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Limits, Listed, SourceFile
from connectors.nested import HELD_BYTES, MOST_NESTED, open_nested
from connectors.opening import open_source
from schemas.errors import SourceError
from schemas.sensitive import Sensitive

Members = dict[str, bytes]


def zip_of(members: Members, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def tar_of(members: Members, form: int = tarfile.PAX_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


def tgz_of(members: Members) -> bytes:
    return gzip.compress(tar_of(members))


PACKERS: list[Callable[[Members], bytes]] = [zip_of, tar_of, tgz_of]


def contents(path: Path, limits: Limits | None = None) -> list[tuple[str, bytes]]:
    found = []
    for at, file in enumerate(open_source(path, limits or Limits()), 1):
        assert file.ordinal == at
        with file.open() as stream:
            data = stream.read()
        assert len(data) == file.size
        found.append((file.name.reveal(), data))
    return found


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize("outer", [None, *PACKERS])
def test_members_stand_in_the_place_of_their_archive(pack, outer, tmp_path):
    export = {
        "a.xml": b"one",
        "b": pack({"x/1.xml": b"two", "2.lab": os.urandom(200_000)}),
        "c.txt": b"three",
    }
    if outer is None:
        for name, data in export.items():
            (tmp_path / name).write_bytes(data)
        found = contents(tmp_path)
    else:
        (tmp_path / "export").write_bytes(outer(export))
        found = contents(tmp_path / "export")
    assert [name for name, _ in found] == ["a.xml", "b/x/1.xml", "b/2.lab", "c.txt"]
    assert [data for _, data in found if len(data) < 9] == [b"one", b"two", b"three"]


def test_a_compressed_file_is_what_it_holds(tmp_path):
    (tmp_path / "lab.gz").write_bytes(gzip.compress(b"A1\\R\\Lab\\") + gzip.compress(b"more"))
    assert contents(tmp_path) == [("lab.gz", b"A1\\R\\Lab\\more")]


def test_archives_in_archives_are_opened_to_a_depth(tmp_path):
    data = b"deep"
    for _ in range(MOST_NESTED):
        data = zip_of({"in": data})
    (tmp_path / "x").write_bytes(data)
    assert contents(tmp_path) == [("x" + "/in" * MOST_NESTED, b"deep")]
    (tmp_path / "x").write_bytes(zip_of({"in": data}))
    assert contents(tmp_path) == [("x" + "/in" * MOST_NESTED, zip_of({"in": b"deep"}))]


def encrypted() -> bytes:
    data = bytearray(zip_of({"a": b"secret"}))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


CLOSED = {
    "damaged zip": b"PK\x03\x04 and nothing more",
    "damaged gzip": gzip.compress(os.urandom(5000))[:-900],
    "damaged tar": tar_of({"a": os.urandom(5000)})[:3000],
    "encrypted": encrypted(),
    "a path that leaves": zip_of({"../a": b"x"}),
    "a path that leaves a tar": tar_of({"../a": b"x"}),
    "a bomb": zip_of({"a": bytes(30 << 20)}),
    "a gzip bomb": gzip.compress(bytes(30 << 20)),
    "empty": tar_of({}),
    "a document": zip_of({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}),
    "a book": zip_of({"mimetype": b"application/epub+zip", "a": b"x"}, zipfile.ZIP_STORED),
}


@pytest.mark.parametrize("why", CLOSED)
def test_what_cannot_be_opened_stays_one_file(why, tmp_path):
    (tmp_path / "a.xml").write_bytes(b"one")
    (tmp_path / "b").write_bytes(CLOSED[why])
    assert contents(tmp_path) == [("a.xml", b"one"), ("b", CLOSED[why])]
    (tmp_path / "b").write_bytes(zip_of({"in": CLOSED[why]}))
    assert contents(tmp_path) == [("a.xml", b"one"), ("b/in", CLOSED[why])]


def test_the_members_of_all_archives_keep_within_the_limits_of_one(tmp_path):
    for name in "abc":
        (tmp_path / name).write_bytes(zip_of({"1": os.urandom(4000), "2": os.urandom(4000)}))
    sizes = [len(data) for _, data in contents(tmp_path, Limits(max_zip_bytes=17_000))]
    assert sizes[:4] == [4000] * 4
    assert len(sizes) == 5
    assert len(contents(tmp_path, Limits(max_files=5))) == 5


def test_a_long_archive_in_an_archive_stays_one_file(tmp_path):
    inner = tar_of({"a": bytes(HELD_BYTES)})
    assert len(inner) > HELD_BYTES
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("in.tar", inner)
    (file,) = open_source(tmp_path / "x.zip", Limits())
    assert file.size == len(inner)
    (tmp_path / "x.zip").unlink()
    (tmp_path / "in.tar").write_bytes(inner)
    (file,) = open_source(tmp_path, Limits())
    assert file.size == HELD_BYTES  # its own bytes can be sought


def test_thousands_of_archives_need_few_open_files(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for n in range(300):
        (tmp_path / f"{n:03}").write_bytes(PACKERS[n % 3]({"a": b"%d" % n, "b": b"x"}))
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    try:
        assert len(contents(tmp_path)) == 600
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


HEADS = st.sampled_from(
    [b"PK\x03\x04", b"\x1f\x8b\x08", bytes(257) + b"ustar", zip_of({"a": b"b"}), tgz_of({"a": b"b"})]
)


@given(HEADS, st.binary(max_size=400), st.integers(0, 600), st.binary(max_size=4))
def test_foreign_bytes_never_raise(head, tail, at, harm):
    data = head[:at] + harm + head[at + len(harm) :] + tail
    listed = Listed(lambda _: lambda: io.BytesIO(data), len(data), Sensitive("x"))
    for ordinal, each in enumerate(open_nested([listed], Limits(), can_seek=True), 1):
        file = SourceFile(ordinal, each.size, each.opener(ordinal))
        try:
            with file.open() as stream:
                stream.read()
        except SourceError as error:
            assert error.facts["file"] == ordinal
