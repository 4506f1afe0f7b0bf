"""Where XML breaks: reader and counter each say the same line and column, however the file is cut into pieces."""

from __future__ import annotations

import io
import random

import pytest

from connectors.base import Limits, SourceFile
from connectors.inventory.registry import counter_for
from connectors.sources.kmehr.connector import KmehrConnector
from schemas.errors import RepriseError, UnreadableSourceError

KEY = bytes(32)


class Slow(io.BytesIO):
    """Gives a few bytes at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self._most = most

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size, self._most) if size and size > 0 else size)


def told(data: bytes, most: int = 1 << 20) -> list[tuple[str, int, int]]:
    file = SourceFile(1, len(data), lambda: Slow(data, most))
    acts = (
        lambda: list(counter_for("kmehr").count(file, 1, KEY, Limits())),
        lambda: list(KmehrConnector().read(file, 1, lambda _: None, Limits())),
        lambda: list(KmehrConnector().headers(file, Limits())),
    )
    found = []
    for act in acts:
        with pytest.raises(UnreadableSourceError) as caught:
            act()
        facts = caught.value.facts
        found.append((caught.value.code, facts["line"], facts["column"]))
    return found


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"<kmehrmessage>&eacute;</kmehrmessage>", "not_well_formed", 1, 15),
        (b"<kmehrmessage>\n<a>\n</b></a></kmehrmessage>", "not_well_formed", 3, 3),
        ("<a>\n<!-- é --></a>\né <b></c>".encode(), "not_well_formed", 3, 8),
        (b"<kmehrmessage>\n <folder>", "cut_short", 2, 10),
        (b"\xef\xbb\xbf<a/>\n\n <b>\n<c></b>", "not_well_formed", 4, 6),
        (b"<a>\n</a\n><b>&x;</b>", "not_well_formed", 3, 5),
        (b"<a/>\n </b>", "not_well_formed", 2, 2),
        (b"<!-- two\nlines --><a/><?x y?> <b/>\n<b/></b>", "not_well_formed", 3, 5),
        (b"no markup\nat all", "not_well_formed", 2, 7),
        (b"", "not_well_formed", 1, 1),
        (b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9\xe9&x;</a>", "not_well_formed", 1, 49),
        (b"<a>\x01\x02\xff&x;</a>", "not_well_formed", 1, 5),  # two signs removed, one read as windows-1252
        (b"<a>" + b"x" * 300_000 + b"\n" + b"y" * 10 + b"&x;</a>", "not_well_formed", 2, 11),
    ],
)
def test_reader_and_counter_say_where(data, code, line, column):
    assert told(data) == [(code, line, column)] * 3


def test_the_place_does_not_depend_on_the_pieces():
    data = "<a>\n<b/></a >\n<!-- c\n --> <a/>\n<?p q?>éé€ <!--ü--><a>é&x;</a>".encode()
    whole = told(data)
    assert whole == [("not_well_formed", 5, 24)] * 3
    for most in (1, 2, 3, 7, 11):
        assert told(data, most) == whole


def test_any_damage_has_the_same_place_for_both(shared):
    data = (shared / "samples/kmehr/smf/icure.pmf-minimal.scrubbed.xml").read_bytes()
    chance, differing, met = random.Random(3), [], 0
    for _ in range(60):
        at = chance.randrange(60, len(data))
        broken = (
            data[:at] + chance.choice([b"<", b"&", b"</x>", b"", b'"']) + data[at + chance.randrange(9) :]
        )
        try:
            list(
                KmehrConnector().headers(SourceFile(1, len(broken), lambda b=broken: io.BytesIO(b)), Limits())
            )
        except UnreadableSourceError:
            met += 1
            differing += [at] if len(set(told(broken))) > 1 else []
        except RepriseError:
            continue
    assert met > 20
    assert not differing
