"""Twice as many of anything that can be counted take twice the time and memory, not four times: a table of figures.

Printed with `-s`; docs/limits.md has it.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import pytest
from support.growth import growth

from connectors.archive import open_archive
from connectors.base import DEEPEST, MOST_ATTRIBUTES, Limits, SourceFile
from connectors.inventory.kmehr.counter import KmehrCounter
from connectors.inventory.registry import counter_for
from connectors.registry import by_name
from connectors.sources.kmehr.connector import KmehrConnector
from schemas.errors import LimitExceededError

LIMITS = Limits(max_files=1 << 20)
HEADER = "<header><sender><hcparty><id S='ID-HCPARTY'>1</id></hcparty></sender></header>"


def message(inner: str = "", transaction: str = "", header: str = HEADER) -> bytes:
    return (
        f"<kmehrmessage>{header}<folder><patient><firstname>A</firstname></patient>{inner}<transaction>"
        f"<cd S='CD-TRANSACTION'>note</cd>{transaction}</transaction></folder></kmehrmessage>"
    ).encode()


def item(inner: str) -> str:
    return f"<item><cd S='CD-ITEM'>allergy</cd>{inner}</item>"


def with_attributes(many: int) -> str:
    return "<content " + " ".join(f"a{i}='1'" for i in range(many)) + "/>"


# name: how many, and the file that holds n of them
THINGS: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "comments in an item": (2000, lambda n: message(transaction=item("<!--a-->" * n))),
    "comments in a folder": (2000, lambda n: message("<!--a-->" * n)),
    "comments between documents": (1600, lambda n: message() + b"<!--a-->" * n),
    "instructions": (2000, lambda n: message("<?a b?>" * n)),
    "characters of a comment": (1 << 19, lambda n: message(f"<!--{'a' * n}-->")),
    "characters of a header's comment": (1 << 18, lambda n: message(header=HEADER.replace("</h", f"<!--{'a' * n}--></h"))),
    "characters of an attribute": (1 << 19, lambda n: message(transaction=item(f"<content a='{'a' * n}'/>"))),
    "characters of a text": (1 << 19, lambda n: message(transaction=f"<text>{'a' * n}</text>")),
    "attributes of an element": (MOST_ATTRIBUTES // 2, lambda n: message(transaction=item(with_attributes(n)))),
    "texts beside a folder's elements": (400, lambda n: message("a<lnk/>" * n)),
    "links of an item": (500, lambda n: message(transaction=item("<lnk TYPE='x' URL='y'/>" * n))),
    "items": (250, lambda n: message(transaction=item("") * n)),
    "ids of a transaction": (1000, lambda n: message(transaction="<id S='LOCAL' SL='a'>1</id>" * n)),
    "fields of a patient": (400, lambda n: message().replace(b"</patient>", b"<note>1</note>" * n + b"</patient>")),
    "transactions": (250, lambda n: message("<transaction><cd S='CD-TRANSACTION'>note</cd></transaction>" * n)),
    "references like entities": (4000, lambda n: message(transaction=f"<text>{'&amp;&#233;&#1;' * n}</text>")),
    "control characters": (20000, lambda n: message(transaction="<text>" + "a\1" * n + "</text>")),
    "headers": (250, lambda n: message(header=HEADER * n)),
    "messages in a file": (100, lambda n: message() * n),
    "documents of nothing": (800, lambda n: b"<empty/>" * n),
    "elements without a place": (250, lambda n: message(transaction=item("<odd>1</odd>" * n))),
}  # fmt: skip


def nested(depth: int) -> bytes:
    """Elements of an item, one in another; the item itself lies four deep."""
    return message(transaction=item("<content>" * (depth - 4) + "</content>" * (depth - 4)))


@pytest.mark.parametrize("way", ["read", "count"])
def test_elements_nested_in_each_other_take_linear_time_up_to_the_highest_limit(way):
    """Twice n is as deep as any site may let them be; one deeper is refused by both sides, however much deeper it goes."""

    def carry(file: SourceFile) -> Any:
        if way == "read":
            return KmehrConnector().read(file, 1, lambda _: None, LIMITS)
        return KmehrCounter().count(file, 1, b"k" * 32, LIMITS)

    measured(f"elements nested in each other: {way}", DEEPEST // 2, nested, carry)
    for depth in (DEEPEST + 1, 100_000):
        data = nested(depth)
        with pytest.raises(LimitExceededError, match="too_deep"):
            drain(carry(SourceFile(1, len(data), lambda data=data: io.BytesIO(data))))


@pytest.mark.parametrize("way", [KmehrConnector().read, KmehrCounter().count], ids=["read", "count"])
@pytest.mark.parametrize("many", [MOST_ATTRIBUTES + 1, 20_000])
def test_an_element_with_more_attributes_than_any_format_knows_is_refused(way, many):
    data = message(transaction=item(with_attributes(many)))
    last = (lambda _: None) if way.__name__ == "read" else b"k" * 32
    with pytest.raises(LimitExceededError, match="too_many_attributes"):
        drain(way(SourceFile(1, len(data), lambda: io.BytesIO(data)), 1, last, LIMITS))


FLAT: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "characters of a line": (
        1 << 18,
        lambda n: b"A1\\1\\L\\\r\nA2\\1\\B\\A\\\r\nL5\\1\\" + b"x" * n + b"\\\r\n",
    ),
    "lines of a message": (
        1000,
        lambda n: b"A1\\1\\L\\\r\nA2\\1\\B\\A\\\r\n" + b"L1\\1\\C\\N\\\\\\\\1\\\r\n" * n,
    ),
    "messages of a flat file": (250, lambda n: b"A1\\1\\L\\\r\nA2\\1\\B\\A\\\r\nL5\\1\\x\\\r\n" * n),
}


def drain(pieces: Any) -> None:
    for _ in pieces:
        pass


def measured(name: str, n: int, data: Callable[[int], bytes], way: Callable[[SourceFile], Any]) -> None:
    def make(many: int) -> Callable[[], object]:
        content = data(many)
        file = SourceFile(1, len(content), lambda: io.BytesIO(content))
        return lambda: drain(way(file))

    found = growth(name, n, make)
    print(found.row())
    found.assert_linear()


@pytest.mark.parametrize("name", THINGS)
def test_things_of_a_kmehr_file(name):
    n, data = THINGS[name]
    reader, counter = KmehrConnector(), KmehrCounter()
    measured(f"{name}: read", n, data, lambda file: reader.read(file, 1, lambda _: None, LIMITS))
    measured(f"{name}: count", n, data, lambda file: counter.count(file, 1, b"k" * 32, LIMITS))


@pytest.mark.parametrize("name", FLAT)
def test_things_of_a_flat_file(name):
    n, data = FLAT[name]
    reader, counter = by_name("healthone"), counter_for("healthone")
    measured(f"{name}: read", n, data, lambda file: reader.read(file, 1, lambda _: None, LIMITS))
    measured(f"{name}: count", n, data, lambda file: counter.count(file, 1, b"k" * 32, LIMITS))


def archive(entries: int, *, claimed: int | None = None) -> bytes:
    """A zip whose directory names one and the same empty member many times over."""
    local = b"PK\3\4" + struct.pack("<5H3L2H", 20, 0, 0, 0, 33, 0, 0, 0, 1, 0) + b"a"
    entry = b"PK\1\2" + struct.pack("<6H3L5H2L", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    size, said = entries * len(entry), min(entries, 0xFFFF) if claimed is None else claimed
    end = b"PK\5\6" + struct.pack("<4H2LH", 0, 0, said, said, size, len(local), 0)
    return local + entry * entries + end


@pytest.mark.parametrize("claimed", [None, 1])
def test_entries_of_a_zip_are_counted_before_they_are_held(claimed):
    def make(n: int) -> Callable[[], object]:
        data = archive(n, claimed=claimed)

        def refused() -> None:
            with pytest.raises(LimitExceededError):
                open_archive(lambda: io.BytesIO(data), Limits(max_files=1000))

        return refused

    found = growth("entries of a zip: refused", 50_000, make)
    print(found.row())
    found.assert_linear()
    assert found.peak < 1 << 20
