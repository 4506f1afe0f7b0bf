"""Opening files, folders and zips, kind and unkind ones."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest
from kmehr_rebuilding import file_of

from connectors.archive import holds_more_than
from connectors.base import Limits
from connectors.opening import open_source, open_stream
from connectors.registry import choose
from schemas.errors import LimitExceededError, RepriseError, UnreadableSourceError, UnsafeSourceError


def zip_of(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def code_of(path: Path, limits: Limits | None = None) -> tuple[type[RepriseError], str]:
    with pytest.raises(RepriseError) as caught:
        for file in open_source(path, limits or Limits()):
            with file.open() as stream:
                while stream.read(1 << 16):
                    pass
    assert caught.value.__context__ is None
    assert str(path) not in str(caught.value)
    return type(caught.value), caught.value.code


def test_folder_is_listed_whole_and_sorted(tmp_path: Path) -> None:
    for name in ("b/2.xml", "b/10.xml", "a.xml", ".hidden", "b/.x/y"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "inside").symlink_to(tmp_path / "a.xml")
    (tmp_path / "loop").symlink_to(tmp_path)
    files = open_source(tmp_path, Limits())
    assert [file.open().read() for file in files] == [
        b".hidden",
        b"a.xml",
        b"b/.x/y",
        b"b/10.xml",
        b"b/2.xml",
    ]
    assert [file.ordinal for file in files] == [1, 2, 3, 4, 5]
    assert "a.xml" not in repr(files)


def test_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x").symlink_to("/etc/hostname")
    assert code_of(tmp_path / "in") == (UnsafeSourceError, "link_leaves_folder")


def test_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "zero").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    assert code_of(tmp_path / "no") == (UnreadableSourceError, "source_missing")
    assert code_of(tmp_path / "zero" / "no") == (UnreadableSourceError, "source_unreadable")
    assert code_of(tmp_path / "zero") == (UnreadableSourceError, "source_empty")
    assert code_of(tmp_path / "folder") == (UnreadableSourceError, "source_empty")
    assert code_of(zip_of(tmp_path / "z.zip", {})) == (UnreadableSourceError, "source_empty")


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"x")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "denied", str(tmp_path))

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        assert code_of(tmp_path) == (UnreadableSourceError, "source_unreadable")
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        assert code_of(tmp_path) == (UnreadableSourceError, "source_unreadable")


def test_zip_members_are_streamed_in_order(tmp_path: Path) -> None:
    big = os.urandom(300_000)
    path = zip_of(
        tmp_path / "e.smf", {"b.xml": b"<folder/>", "dir/": b"", "a.bin": big, "in.zip": b"PK\x03\x04x"}
    )
    files = open_source(path, Limits())
    assert [file.size for file in files] == [9, 300_000, 5]
    with files[1].open() as one, files[0].open() as other:
        first = one.read(1000)
        assert other.read() == b"<folder/>"
        assert first + one.read() == big
    assert [choose(file) is None for file in files] == [False, True, True]


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/x", "C:x", "c:\\x", "a\\..\\x", "\\\\host\\x", "..", "a/..", "../"]
)
def test_names_that_leave_are_refused(tmp_path: Path, name: str) -> None:
    assert code_of(zip_of(tmp_path / "z", {"ok": b"x", name: b"x"})) == (UnsafeSourceError, "zip_path_leaves")


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "z", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert code_of(tmp_path / "z") == (UnsafeSourceError, "zip_holds_link")


def test_bomb_is_refused_unread(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "z", {"x": bytes(20 << 20)})
    with pytest.raises(LimitExceededError) as caught:
        open_source(path, Limits())
    assert caught.value.code == "zip_ratio"


def test_limits(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "z", {"x": bytes(5000), "y": bytes(5000)})
    assert code_of(path, Limits(max_files=1))[1] == "files"
    assert code_of(path, Limits(max_zip_bytes=9000))[1] == "zip_bytes"
    assert code_of(path, Limits(max_file_bytes=4000))[1] == "file_bytes"
    (tmp_path / "f").mkdir()
    for name in ("a", "b"):
        (tmp_path / "f" / name).write_bytes(bytes(5000))
    assert code_of(tmp_path / "f", Limits(max_files=1))[1] == "files"
    assert code_of(tmp_path / "f", Limits(max_file_bytes=4000))[1] == "file_bytes"


def _patched(path: Path, at_local: int, at_central: int, value: bytes) -> Path:
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    data[at_local : at_local + len(value)] = value
    data[central + at_central : central + at_central + len(value)] = value
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_member_that_lies_about_its_size_is_cut_off(tmp_path: Path, method: int) -> None:
    path = _patched(zip_of(tmp_path / "z", {"x": bytes(500_000)}, method), 22, 24, struct.pack("<I", 1000))
    with open_source(path, Limits())[0].open() as stream, pytest.raises(LimitExceededError) as caught:
        stream.read()
    assert caught.value.code == "zip_member_longer"


def test_member_that_is_shorter_or_damaged_is_unreadable(tmp_path: Path) -> None:
    path = _patched(zip_of(tmp_path / "z", {"x": os.urandom(5000)}), 22, 24, struct.pack("<I", 9000))
    assert code_of(path)[0] is UnreadableSourceError
    path = zip_of(tmp_path / "y", {"x": os.urandom(5000)}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    assert code_of(path) == (UnreadableSourceError, "zip_damaged")


def test_encrypted_and_unknown_methods_are_unreadable(tmp_path: Path) -> None:
    path = _patched(zip_of(tmp_path / "z", {"x": b"abc"}), 6, 8, b"\x01\x00")
    assert code_of(path) == (UnreadableSourceError, "zip_encrypted")
    path = _patched(zip_of(tmp_path / "y", {"x": b"abc"}), 8, 10, b"\x63\x00")
    assert code_of(path) == (UnreadableSourceError, "zip_method")


def test_overlapping_members_are_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "z", {"a": os.urandom(1000), "b": os.urandom(1000)})
    data = bytearray(path.read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[second + 42 : second + 46] = bytes(4)
    path.write_bytes(data)
    assert code_of(path)[1] == "zip_members_overlap"


def test_cut_zip_is_unreadable(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "z", {"a": os.urandom(1000)})
    path.write_bytes(path.read_bytes()[:-30])
    assert code_of(path) == (UnreadableSourceError, "zip_damaged")


def test_a_stream_is_opened_like_the_file_it_holds(tmp_path: Path) -> None:
    single, packed = tmp_path / "a.xml", zip_of(tmp_path / "x.zip", {"1": b"one", "2": b"two"})
    single.write_bytes(b"alone")
    for path in (single, packed):
        data = path.read_bytes()
        ours = open_stream(lambda data=data: io.BytesIO(data), len(data), Limits())
        theirs = open_source(path, Limits())
        assert [(f.ordinal, f.size, f.open().read()) for f in ours] == [
            (f.ordinal, f.size, f.open().read()) for f in theirs
        ]
    for data, code in ((b"", "source_empty"), (b"x" * 11, "file_bytes"), (b"PK\x03\x04", "zip_damaged")):
        with pytest.raises(RepriseError) as caught:
            open_stream(lambda data=data: io.BytesIO(data), len(data), Limits(max_file_bytes=10))
        assert caught.value.code == code


def test_choose_prefers_the_certain() -> None:
    assert choose(file_of(b"<folder/>")) is not None
    assert choose(file_of(io.BytesIO(b"text").read())) is None


def directory_of(entries: int, end: str) -> bytes:
    """A zip that is nothing but a directory, with the ends that `zipfile` takes."""
    entry = b"PK\1\2" + struct.pack("<6H3L5H2L", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    listed, size = entry * entries, len(entry) * entries
    wide = b"PK\6\6" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, entries, entries, size, 0)
    wide += b"PK\6\7" + struct.pack("<LQL", 0, size, 1)
    said, stated, place, comment = min(entries, 0xFFFF), size, 0, b""
    if end == "wide, size told twice":  # as Python's own zipfile writes more than 65,535 members
        listed += wide
    elif end == "wide, size untold":
        listed, stated = listed + wide, 0xFFFFFFFF
    elif end == "wide, size belied":
        listed, stated = listed + wide, 0
    elif end == "a signature within the end":
        place = 0x06054B50
    elif end == "a comment":
        comment = b"PK, a comment"
    return listed + b"PK\5\6" + struct.pack("<4H2LH", 0, 0, said, said, stated, place, len(comment)) + comment


@pytest.mark.parametrize(
    "end",
    [
        "narrow",
        "wide, size told twice",
        "wide, size untold",
        "wide, size belied",
        "a signature within the end",
        "a comment",
    ],
)
def test_a_directory_is_counted_where_zipfile_reads_it(end: str) -> None:
    """One that is looked for elsewhere is not counted, and then all of it is held."""
    data = directory_of(70_000, end)
    if (
        end != "a signature within the end"
    ):  # zipfile takes the directory, and refuses the place that it states
        assert len(zipfile.ZipFile(io.BytesIO(data)).infolist()) == 70_000
    assert holds_more_than(io.BytesIO(data), 69_999)
    assert not holds_more_than(io.BytesIO(data), 70_000)
