"""The same file twice: found where it is, and nowhere else."""

from __future__ import annotations

import io
import zipfile

import pytest

from connectors.base import Limits, SourceFile
from connectors.opening import open_source
from connectors.twins import seen_before

LONG = b"".join(b"<item number='%d'/>\n" % n for n in range(3_000))


def files(*contents: bytes) -> list[SourceFile]:
    return [SourceFile(n, len(c), lambda c=c: io.BytesIO(c)) for n, c in enumerate(contents, 1)]


@pytest.mark.parametrize(
    ("contents", "found"),
    [
        ((LONG, LONG), {2}),
        ((LONG, b"other", LONG, LONG), {3, 4}),
        ((LONG, b"\xef\xbb\xbf" + LONG.replace(b"\n", b"\r\n")), {2}),
        ((LONG.replace(b"\n", b"\r\n"), LONG.rstrip()), {2}),
        ((b"a\n", b"a", b"\xef\xbb\xbfa\r\n"), {2, 3}),
        ((LONG, LONG + b"x"), set()),
        ((LONG, LONG.replace(b"2999", b"2998")), set()),
        # blank lines at the end of what is read first: with CR LF, less of a file is in it
        ((b"a" + b"\r\n" * 5_000 + LONG, b"a" + b"\n" * 5_000 + LONG), {2}),
        ((b"\r\n" * 5_000 + LONG, b"\n" * 5_000 + LONG), {2}),
        ((b"a" + b"\n" * 10_000, b"a", b"a" + b"\r\n" * 10_000), {2, 3}),
        ((b"a" + b"\n" * 5_000 + LONG, b"a" + b"\n" * 5_001 + LONG), set()),
        ((b"a\rb", b"a\nb"), set()),
        ((b"a\n\nb", b"a\nb"), set()),
        ((LONG,), set()),
    ],
)
def test_seen_before(contents, found):
    assert seen_before(files(*contents)) == found


@pytest.mark.parametrize("size", [(1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_line_end_across_pieces_is_one(size):
    text = b"x" * size
    assert seen_before(files(text + b"\r\ny", text + b"\ny", text + b"\r\r\ny")) == {2}


def test_a_member_that_cannot_be_read_is_nobodys_twin(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("1", LONG)
        archive.writestr("2", LONG)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"'2999'", b"'2998'"))
    assert seen_before(open_source(path, Limits())) == set()
