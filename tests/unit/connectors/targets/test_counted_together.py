"""Charts counted together from their bytes give what `DeliveredChart` gives for each: units, problems, fillers."""

from __future__ import annotations

import io
import random
import re

import pytest
from delivering import KEY, RUN, read, write
from support.series import sample

from connectors.base import SourceFile
from connectors.inventory.delivered.chart import ChartAccount, DeliveredChart
from connectors.inventory.delivered.charts import DeliveredCharts
from connectors.targets.identities import run_token
from trial.practice.write import write_practice

TOKEN = run_token(RUN)
MARK = f'<id S="LOCAL" SL="REPRISE-{{}}" SV="{TOKEN}">{{}}</id>'


@pytest.fixture(scope="module")
def charts(tmp_path_factory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("practice")
    write_practice(folder, patients=8)
    (file,) = folder.iterdir()
    content = file.read_bytes()
    source = read(SourceFile(1, len(content), lambda: io.BytesIO(content)))
    return [write(source, patient)[2] for patient in source.patients]


def one_by_one(chart: bytes, originals: bytes = b"") -> ChartAccount:
    walk = DeliveredChart(KEY, TOKEN, originals)
    walk.feed(chart)
    return walk.close()


def together(charts: list[bytes]) -> tuple[list[ChartAccount], DeliveredCharts]:
    accounts: list[ChartAccount] = []
    counted = DeliveredCharts(KEY, TOKEN)
    for chart in charts:
        feed = counted.open(b"", accounts.append)
        for start in range(0, len(chart), 50_000):
            feed.feed(chart[start : start + 50_000])
        feed.close()
    counted.flush()
    return accounts, counted


def elements(chart: bytes) -> list[tuple[int, int]]:
    return [
        found.span()
        for name in (b"item", b"cd", b"id", b"text", b"transaction", b"date", b"heading", b"lnk")
        for found in re.finditer(rb"<%b[ >].*?</%b>" % (name, name), chart, re.DOTALL)
    ]


def mutant(chart: bytes, chance: random.Random) -> bytes:
    spans = elements(chart)
    (begin, end), (low, high) = sorted([chance.choice(spans), chance.choice(spans)])
    what = chance.randrange(7)
    if what == 0:
        return chart[:begin] + chart[end:]
    if what == 1:
        return chart[:end] + chart[begin:end] + chart[end:]
    if what == 2 and end <= low:
        return chart[:begin] + chart[low:high] + chart[end:low] + chart[begin:end] + chart[high:]
    if what == 3:
        at = chance.randrange(len(chart))
        return chart[:at] + bytes([chart[at] ^ 1 << chance.randrange(8)]) + chart[at + 1 :]
    if what == 4:
        at = chance.choice([found.end() for found in re.finditer(b"</cd>|</iscomplete>|</date>", chart)])
        kind = chance.choice(
            ["FILLED", "DERIVED", "TRANSACTION", "MESSAGE", "MF-ID-SOURCE", "OTHER", "HEADING"]
        )
        text = chance.choice(["time", "date author", "1/1.2#1.3", "x", ""])
        return chart[:at] + MARK.format(kind, text).encode() + chart[at:]
    if what == 5:
        at = chance.choice([found.start() + 1 for found in re.finditer(b">[^<]+<", chart)])
        odd = chance.choice(
            [
                b" ",
                b"&amp;",
                b"(|)",
                b"\\",
                "é".encode(),
                b"<b/>",
                b"<!-- c -->",
                b"&#13;",
                b"\xe9",
                b" [Reprise 1]",
            ]
        )
        return chart[:at] + odd + chart[at:]
    at = chance.choice([found.start() for found in re.finditer(b'="', chart)])
    return (
        chart[: at + 2]
        + chance.choice([b"x", b"&quot;", b"isanewversionof", TOKEN.encode()])
        + chart[at + 2 :]
    )


def test_sound_charts_are_counted_together(charts):
    accounts, counted = together(charts)
    assert accounts == [one_by_one(chart) for chart in charts]
    assert sum(len(account.units) for account in accounts) > 100
    assert not counted.walked


def test_what_is_changed_is_noticed_alike(charts):
    chance = random.Random(7)
    mutants = [mutant(chance.choice(charts), chance) for _ in range(sample(300, 40))]
    accounts, counted = together(mutants)
    for chart, account in zip(mutants, accounts, strict=True):
        assert account == one_by_one(chart)
    assert 0 < counted.walked.total() < len(mutants)
    assert any(account.problems for account in accounts)


def test_a_chart_with_originals_or_too_long_is_counted_alone(charts):
    accounts: list[ChartAccount] = []
    counted = DeliveredCharts(KEY, TOKEN)
    originals = b"<originals><original n='1' text='0'><x/></original></originals>"
    long = charts[1].replace(b"</folder>", b"<lnk TYPE='x'>" + b"YWJj" * 2_500_000 + b"</lnk></folder>")
    for chart, added in ((charts[0], b""), (charts[0], originals), (long, b"")):
        feed = counted.open(added, accounts.append)
        feed.feed(chart)
        feed.close()
    counted.flush()
    assert accounts == [one_by_one(charts[0]), one_by_one(charts[0], originals), one_by_one(long)]
    assert {"prose", "large"} <= set(counted.walked)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.replace(b"<folder>", b"<folder><folder></folder>"),
        lambda c: c.replace(b"</folder>", b"</folder><folder></folder>"),
        lambda c: c.replace(b"<header>", b"<header><!-- <folder> -->"),
        lambda c: c.replace(b"<header>", b"<header><odd>lost</odd>"),
        lambda c: c.replace(b"</header>", b"</header>stray"),
        lambda c: c.replace(b"</folder>", b"</folder><!-- </folder> -->"),
        lambda c: c[:-10],
        lambda c: c + b"x",
        lambda c: b"\xef\xbb\xbf" + c,
        lambda c: b"",
    ],
)
def test_what_stands_around_the_folder(change, charts):
    (account,), _ = together([change(charts[0])])
    assert account == one_by_one(change(charts[0]))
