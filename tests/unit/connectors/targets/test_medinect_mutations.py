"""Random changes of a valid file's structure: no crash, and books that balance (REPRISE_MUTATIONS: how many)."""

from __future__ import annotations

import os
import random

import pytest
from balancing import faults
from lxml import etree
from mutating import base, mutate

SEEDS = range(int(os.environ.get("REPRISE_MUTATIONS", "400")))
BATCHES = [SEEDS[at : at + 50] for at in range(0, len(SEEDS), 50)]


def test_the_unchanged_file_is_valid_and_balances(schemas):
    data = etree.tostring(base())
    assert all(schema.validate(etree.fromstring(data)) for schema in schemas)
    found, (chart,) = faults(data)
    assert found == []
    assert all(schema.validate(etree.fromstring(chart)) for schema in schemas)


@pytest.mark.parametrize("seeds", BATCHES, ids=lambda seeds: f"from-{seeds[0]}")
def test_changed_files_balance(seeds):
    root = base()
    wrong = {}
    for seed in seeds:
        found, _ = faults(etree.tostring(mutate(root, random.Random(seed))))
        if found:
            wrong[seed] = found
    assert wrong == {}
