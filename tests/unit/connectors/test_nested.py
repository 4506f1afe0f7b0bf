"""Archives inside an export: their members are files of it, and an archive that cannot be opened stays one file."""

from __future__ import annotations

import gzip
import io
import os
import resource
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import nested
from connectors.base import Limits, Listed, Opener, SourceFile
from connectors.nested import HELD_BYTES, MOST_NESTED, open_nested
from connectors.opening import open_source
from connectors.tar import tar_members
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


def raw_tar(kind: bytes, size: bytes, content: bytes = b"") -> bytes:
    """A tar of one member with a header as given, its check sum right."""
    header = bytearray(tar_of({"a": b""})[:512])
    header[156:157], header[124:136] = kind, size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + content.ljust(-(-len(content) // 512) * 512, b"\0") + bytes(1024)


def with_byte(data: bytes, at: int, byte: int) -> bytes:
    return data[:at] + bytes([byte]) + data[at + 1 :]


TWO = tar_of({"a": b"one", "b": b"two"})
CLOSED |= {
    "a tar whose second header is damaged": with_byte(TWO, 1024 + 3, 7),
    "two tars in a row": TWO + TWO,
    "a tar without its end": TWO[:2048],
    "a tar cut in a header": TWO[:1100],
    "a member of an unknown kind": raw_tar(b"Z", b"%011o\0" % 5, b"hello"),
    "a member that goes backwards": raw_tar(b"Z", b"\xff" * 10 + b"\xfe\x00"),
    "a file of negative length": raw_tar(b"0", b"\xff" * 10 + b"\xfe\x00"),
    "a file of 2**80 bytes": raw_tar(b"0", b"\x80\0" + (1 << 79).to_bytes(10, "big")),
    "a pax header of digits": raw_tar(b"x", b"%011o\0" % 40_000, b"1" * 40_000),
    "a sparse file": raw_tar(b"x", b"%011o\0" % 24, b"24 GNU.sparse.major=1\nx\n"),
    "a name for all members": raw_tar(b"g", b"%011o\0" % 10, b"10 path=a\n"),
}
BROKEN = {
    "lzma": zip_of({"a": b"x" * 100}, zipfile.ZIP_LZMA),
    "bzip2": zip_of({"a": b"x" * 100}, zipfile.ZIP_BZIP2),
    "a name that is no UTF-8": zip_of({"é": b"x"}).replace("é".encode(), b"\xff\xff", 1),
}


@pytest.mark.parametrize("why", BROKEN)
def test_a_member_that_cannot_be_read_is_a_refusal_of_the_file(why, tmp_path):
    (tmp_path / "a.zip").write_bytes(BROKEN[why])
    (file,) = open_source(tmp_path, Limits())
    with pytest.raises(SourceError):
        file.open().read()


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0/."), min_size=1, max_size=150),
        st.binary(max_size=1500), min_size=1, max_size=5,
    ),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
)  # fmt: skip
def test_a_tar_is_listed_as_tarfile_lists_it(members, form):
    data = tar_of(members, form)
    found = list(tar_members(io.BytesIO(data), len(data)))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert [tuple(each) for each in found] == [(i.name, i.offset_data, i.size) for i in archive]


@pytest.mark.parametrize("form", ["ustar", "gnu", "posix", "v7"])
def test_a_tar_of_gnu_tar_is_listed(form, tmp_path):
    names = ["a.xml", "deep/" * 12 + "b.xml", "c" * 90]
    for name in names:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(name.encode())
    (tmp_path / "in" / "link").symlink_to("a.xml")
    (tmp_path / "out").mkdir()
    command = ["tar", "-C", "in", f"--format={form}", "-cf", "out/x.tar", *names, "link"]
    subprocess.run(command, cwd=tmp_path, check=True)
    found = contents(tmp_path / "out")
    if form == "v7":  # without a mark of its own it is no tar to us, but a file in no known format
        assert [name for name, _ in found] == ["x.tar"]
        return
    assert found == [(f"x.tar/{name}", name.encode()) for name in names]


def test_an_archive_that_does_not_fit_closes_no_other(tmp_path):
    for name, size in (("a", 600), ("b", 600), ("c", 10)):
        (tmp_path / name).write_bytes(zip_of({"1": os.urandom(size)}, zipfile.ZIP_STORED))
    found = contents(tmp_path, Limits(max_zip_bytes=1000))
    assert [name for name, _ in found] == ["a/1", "b", "c/1"]


def test_siblings_do_not_open_what_holds_them_again(tmp_path):
    (tmp_path / "x.zip").write_bytes(
        zip_of({"in.zip": zip_of({f"{n}.zip": zip_of({"a": b"%d" % n}) for n in range(50)})})
    )
    reads = 0
    read = nested._content

    def counted(opener: Opener) -> bytes:
        nonlocal reads
        reads += 1
        return read(opener)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nested, "_content", counted)
        assert len(contents(tmp_path)) == 50
    assert reads <= 2 * 51  # once to list, once to read


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
