"""Random changes of a valid file's structure: no crash, books that balance, valid charts."""

from __future__ import annotations

import random
import uuid
from pathlib import Path

import pytest
from balancing import faults
from lxml import etree
from support.mutating import NAMESPACE, base, mutate
from support.series import sample

SEEDS = range(sample(2000, 100))
BATCHES = [SEEDS[at : at + 50] for at in range(0, len(SEEDS), 50)]


def test_the_unchanged_file_is_valid_and_balances(schemas):
    data = etree.tostring(base())
    assert all(schema.validate(etree.fromstring(data)) for schema in schemas)
    found, (chart,) = faults(data)
    assert found == []
    assert all(schema.validate(etree.fromstring(chart)) for schema in schemas)


@pytest.mark.parametrize("seeds", BATCHES, ids=lambda seeds: f"from-{seeds[0]}")
def test_changed_files_balance_and_their_charts_are_valid(seeds, schemas):
    root = base()
    wrong = {}
    for seed in seeds:
        found, charts = faults(etree.tostring(mutate(root, random.Random(seed))))
        trees = [etree.fromstring(chart) for chart in charts]
        found += ["invalid"] * (not all(schema.validate(tree) for tree in trees for schema in schemas))
        if found:
            wrong[seed] = found
    assert wrong == {}


RUNS = [str(uuid.UUID(int=number)) for number in (21, 22, 23)]


@pytest.mark.parametrize("seed", [None, *range(12)])
def test_a_package_read_again_is_a_source_like_any_other(seed, schemas):
    root = base() if seed is None else mutate(base(), random.Random(1_000_000 + seed))
    data = etree.tostring(root)
    for run in RUNS:
        found, charts = faults(data, run)
        assert found == []
        data = charts[0] if charts else data
        assert not charts or all(schema.validate(etree.fromstring(data)) for schema in schemas)


@pytest.mark.parametrize("name", ["R1-own-filled-summary.xml", "R7-own-message-transaction.xml"])
def test_a_chart_of_an_earlier_run_arrives_as_it_is(name):
    data = (Path(__file__).parents[3] / "vectors" / "cases" / name).read_bytes()
    counts = []
    for run in RUNS:
        found, (data,) = faults(data, run)
        assert found == []
        tree = etree.fromstring(data)
        counts.append(
            [
                len(tree.findall(f".//{{{NAMESPACE}}}{name}"))
                for name in ("transaction", "item", "lnk", "text")
            ]
        )
    assert counts[0] == counts[1] == counts[2]
    assert counts[0][0] == 2
