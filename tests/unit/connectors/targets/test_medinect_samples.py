"""Every KMEHR sample goes through reader and writer: valid in both releases, every unit explained, every fact there."""

from __future__ import annotations

import uuid
from collections import Counter
from pathlib import Path

import pyarrow.compute as pc
import pytest
from lxml import etree

from connectors.base import Batch, Limits
from connectors.inventory.delivered import DeliveredChart
from connectors.inventory.registry import counter_for
from connectors.opening import open_source
from connectors.registry import choose
from connectors.targets.medinect import Envelope, write_chart

KEY = b"k" * 32
SMF = ("smf/*.xml", "_ours/*.xml")


class Rows:
    """The rows of patient 1, kept in memory."""

    def __init__(self, tables):
        self.tables = tables

    def rows(self, table):
        for batch in self.tables.get(table, []):
            yield batch.filter(pc.equal(batch["patient"], 1))

    def content(self, unit):
        for batch in self.tables.get("document_chunk", []):
            yield from batch.filter(pc.equal(batch["unit"], unit))["content"].to_pylist()


def deliver(path: Path):
    file = open_source(path, Limits())[0]
    connector = choose(file)
    tables: dict = {}
    for found in connector.read(file, 1, lambda _: None, Limits()):
        assert isinstance(found, Batch)
        tables.setdefault(found.table, []).append(found.rows)
    counted = {}
    for found in counter_for(connector.name).count(file, 1, KEY, Limits()):
        if isinstance(found, Batch) and found.table == "counted_unit":
            counted.update({row["unit"]: row for row in found.rows.to_pylist()})
    senders = tuple(dict.fromkeys(x for b in tables.get("provider", []) for x in b["xml"].to_pylist()))
    delivered, out = DeliveredChart(KEY), bytearray()

    def emit(piece: bytes) -> None:
        out.extend(piece)
        delivered.feed(piece)

    envelope = Envelope(str(uuid.UUID(int=7)), senders, "2026-01-01T00:00:00Z", "fr")
    return write_chart([Rows(tables)], envelope, emit), delivered.close(), counted, bytes(out)


@pytest.fixture(scope="module")
def schemas(shared):
    paths = [
        shared / "xsd" / f"kmehr-{v}" / "ehealth-kmehr" / "XSD" / f"kmehr_elements-{v}.xsd"
        for v in ("1_7", "1_43")
    ]
    return [etree.XMLSchema(etree.parse(str(path))) for path in paths]


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
