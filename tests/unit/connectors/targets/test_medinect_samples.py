"""Every KMEHR sample goes through reader and writer: valid in both releases, every unit explained, every fact there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from delivering import read, write
from lxml import etree

from connectors.base import Limits
from connectors.opening import open_source

SMF = ("smf/*.xml", "_ours/*.xml")


def deliver(path: Path):
    source = read(open_source(path, Limits())[0])
    assert [(each.unit, each.kind) for each in source.rejects] in (
        [],
        [("1/0", "remark")],
    )  # a comment before the root
    assert bool(source.rejects) == (b"<!--" in path.read_bytes())
    outcome, account, out = write(source, 1)
    return outcome, account, {unit: row for unit, row in source.counted.items() if unit != "1/0"}, out


def test_every_sample_balances_and_validates(shared, schemas):
    paths = sorted((shared / "samples" / "kmehr").glob("*/*.xml"))
    assert len(paths) >= 29
    for path in paths:
        outcome, account, counted, out = deliver(path)
        tree = etree.fromstring(out)
        assert [schema.validate(tree) for schema in schemas] == [True, True], path.name
        assert Counter(o.unit for o in outcome.outcomes) == Counter(counted.keys()), path.name
        came, went = Counter(r["digest"] for r in counted.values()), Counter(u.digest for u in account.units)
        assert came == went, path.name
        assert account.problems == [], path.name


def test_smf_samples_arrive_whole(shared):
    for pattern in SMF:
        for path in (shared / "samples" / "kmehr").glob(pattern):
            outcome, *_ = deliver(path)
            assert {o.disposition for o in outcome.outcomes} == {"delivered"}, path.name
