"""Twice as much of what a step goes through takes it twice the time and memory: beside tests/unit/connectors/test_growth.py."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
from support.growth import growth

from connectors.base import Limits
from connectors.inventory.kmehr.counter import KmehrCounter
from connectors.opening import open_source
from connectors.registry import choose
from flows.steps._quarantine import KeptBack, Quarantined
from flows.steps.check import check
from flows.steps.context import DataContext
from flows.steps.transform import transform
from schemas.tables import TABLES
from vault.age.sealing import make_identity, seal_stream
from vault.staging.segments import StagingReader, StagingWriter

KEY, RUN = os.urandom(32), "run-1"
PROGRAM = "application/x-elf"


def staged(folder: Path, n: int) -> SimpleNamespace:
    """What extraction leaves of one patient with n items and n attachments that are programs."""
    writer = StagingWriter(folder, RUN, "extract", KEY)
    shape = '<item><cd S="ICPC" SV="2">\0</cd></item>'
    item = {"kind": "item", "name": "problem", "shape": shape, "texts": ["R05"]}
    for table, more in (("unit", item), ("document", {"media_type": PROGRAM})):
        first = 1 if table == "unit" else 2
        rows = [
            {
                "unit": f"1/1.2.{i}.{first}",
                "file": 1,
                "patient": 1,
                "disposition": "delivered",
                "owner": f"1/1.2.{i}",
                **more,
            }
            for i in range(n)
        ]
        schema = TABLES[table]
        columns = [pa.array([row.get(field.name) for row in rows]).cast(field.type) for field in schema]
        writer.write(table, pa.record_batch(columns, schema=schema))
    writer.close()
    return SimpleNamespace(
        reader=lambda stage: StagingReader(folder, RUN, stage, KEY),
        writer=lambda stage: StagingWriter(folder, RUN, stage, KEY),
        begun_at="2026-01-01T00:00:00Z",
        site_codes={},
    )


def assert_linear(name: str, n: int, make: Callable[[int], Callable[[], object]]) -> None:
    found = growth(name, n, make)
    print("\n" + found.row())
    found.assert_linear()


def test_what_is_staged(tmp_path):
    contexts: dict[int, DataContext] = {}
    for n in (10, 150, 300, 2000, 4000):
        contexts[n] = cast("DataContext", staged(tmp_path / str(n), n))
    nothing = cast("Any", None)
    assert check(contexts[10], nothing).quarantined == 10
    assert transform(contexts[10], nothing).codes == {"ICPC": 10}
    assert_linear("staged rows: check", 2000, lambda n: lambda: check(contexts[n], nothing))
    assert_linear("staged rows: transform", 2000, lambda n: lambda: transform(contexts[n], nothing))

    def told(n: int) -> int:
        reader = contexts[n].reader("extract")
        kept_back = KeptBack(reader, Quarantined({f"1/1.2.{i}.2": 1 for i in range(n)}))
        lines = [line for i in range(n) for line in kept_back.rows(f"1/1.2.{i}.2")]
        return sum(PROGRAM.encode() in line for line in lines)

    assert told(10) == 10
    assert_linear("units of one patient that a contract kept back", 150, lambda n: lambda: told(n))


def test_many_tiny_files(tmp_path):
    for n in (40, 80):
        (tmp_path / str(n)).mkdir()
        for i in range(n):
            (tmp_path / str(n) / f"{i}.xml").write_text("<kmehrmessage><header/></kmehrmessage>")

    def counted(n: int) -> int:
        files = open_source(tmp_path / str(n), Limits())
        for file in files:
            connector = choose(file)
            assert connector is not None
            list(connector.read(file, 1, lambda _: None, Limits()))
            list(KmehrCounter().count(file, 1, KEY, Limits()))
        return len(files)

    assert counted(40) == 40
    assert_linear("tiny files: read and count", 40, lambda n: lambda: counted(n))


def test_recipients(tmp_path):
    keys = [make_identity()[1] for _ in range(100)]

    def seal(n: int) -> None:
        with seal_stream(keys[:n], tmp_path / str(n)) as sink:
            sink.write(b"a")
        (tmp_path / str(n)).unlink()

    assert_linear("recipients: seal", 50, lambda n: lambda: seal(n))
