"""A chart is judged whole, in any pieces, as the tree of it would be; contents of attachments take no memory."""

from __future__ import annotations

import re
import tracemalloc
from base64 import b64encode
from random import Random

import pytest
from lxml import etree
from test_kmehr_schema import ROOT, whole

from connectors.targets.kmehr_schema import RELEASES, schema_of
from connectors.targets.whole_chart import WholeChart, WithoutContents


def judged(data: bytes, size: int) -> bool:
    chart = WholeChart()
    for at in range(0, len(data), size):
        chart.feed(data[at : at + size])
    return chart.close()


@pytest.fixture(scope="module")
def reference(shared) -> bytes:
    return (shared / "samples" / "kmehr" / "_ours" / "smf_reference.xml").read_bytes()


def content_of(data: bytes) -> int:
    return re.search(rb"<lnk [^>]*[^/]>", data).end()


def test_the_verdict_is_that_on_the_tree(shared):
    seen = set()
    for name, root in whole(shared / "samples" / "kmehr") + whole(ROOT / "tests" / "vectors" / "cases"):
        data = etree.tostring(root)
        right = all(schema_of(release).validate(root) for release in RELEASES)
        seen.add(right)
        assert judged(data, 1000) is right, name
    assert seen == {True, False}


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 16])
def test_the_pieces_do_not_matter(reference, size):
    assert judged(reference, size)
    assert not judged(reference.replace(b"<sex>", b"<sox>").replace(b"</sex>", b"</sox>"), size)


def test_a_chart_that_breaks_off_or_goes_on_is_not_valid(reference):
    assert not judged(b"", 9)
    for end in (len(reference) - 20, len(reference) // 2, 50):
        assert not judged(reference[:end], 1000)
    assert not judged(reference + b"<more/>", 1000)
    assert not judged(reference + reference, 1000)


@pytest.mark.parametrize(
    ("content", "right"),
    [("", True), ("QUJD" * 9, True), ("QUJD" * 9 + "QQ==", True), ("QUJD" * 9 + "QR==", False), ("QUJD" * 9 + "QQ=", False),
     ("QUJD" * 9 + "Q", False), ("QUI=" + "QUJD" * 9, False), ("QUJD\n" * 9, True), ("QUJD" * 9 + "\nQ Q==", True),
     # libxml2 passes over what is no character of base64
     ("QUJD" * 5 + "-_-_" * 5, True), ("QUJ-D" * 5 + "Q", False), ("QUJD" * 9 + "&lt;" * 9, True), ("é" * 9, True)],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 5, 4096])
def test_a_content_is_judged_although_it_is_left_out(reference, content, right, size):
    at = content_of(reference)
    data = reference[:at] + content.encode() + reference[reference.index(b"</lnk>", at) :]
    tree = etree.fromstring(data)
    assert all(schema_of(release).validate(tree) for release in RELEASES) is right
    assert judged(data, size) is right


def test_all_but_contents_is_parsed_as_it_stands(reference):
    random = Random(5)
    content = b64encode(random.randbytes(5000))
    data = b"<a><lnk TYPE='x'>" + content + b"</lnk><lnk/>QUJDQUJD<lnkx>QUJDQUJD</lnkx></a>"
    for size in (1, 3, 100, 10_000):
        thinned = WithoutContents()
        made = (
            b"".join(thinned.feed(data[at : at + size]) for at in range(0, len(data), size)) + thinned.close()
        )
        assert made == b"<a><lnk TYPE='x'>" + content[-4:] + b"</lnk><lnk/>QUJDQUJD<lnkx>QUJDQUJD</lnkx></a>"


def test_a_large_content_takes_no_memory(reference):
    at = content_of(reference)
    piece = b"QUJD" * 50_000
    chart = WholeChart()
    chart.feed(reference[:at])
    tracemalloc.start()
    for _ in range(200):
        chart.feed(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    chart.feed(reference[reference.index(b"</lnk>", at) :])
    assert chart.close()
    assert peak < 4 << 20
