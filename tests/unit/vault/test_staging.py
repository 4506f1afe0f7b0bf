"""Sealed staging: what went in comes out, and nothing altered, swapped, cut or foreign opens."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import IntegrityError, RepriseError
from vault.staging.segments import StagingReader, StagingWriter, verify_opens

KEY, RUN = os.urandom(32), "run-1"
SCHEMA = pa.schema([("patient", pa.int32()), ("value", pa.string())])
CANARY = "Zorgenkanarie de gele vogel"


def batch(rows: list[tuple[int, str | None]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{"patient": p, "value": v} for p, v in rows], SCHEMA)


def seal(
    folder: Path, rows: list[tuple[int, str | None]], *, run: str = RUN, stage: str = "s", table: str = "t"
) -> None:
    writer = StagingWriter(folder, run, stage, KEY)
    writer.write(table, batch(rows))
    writer.close()


def opened(
    folder: Path, *, run: str = RUN, stage: str = "s", table: str = "t", key: bytes = KEY
) -> list[dict]:
    return [row for b in StagingReader(folder, run, stage, key).batches(table) for row in b.to_pylist()]


ROWS = st.lists(st.tuples(st.integers(0, 9), st.none() | st.text(max_size=40)), min_size=1, max_size=60)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_what_went_in_comes_out(rows, tmp_path):
    shutil.rmtree(tmp_path / "x", ignore_errors=True)
    seal(tmp_path / "x", rows)
    assert [(r["patient"], r["value"]) for r in opened(tmp_path / "x")] == rows


def test_a_stage_without_its_manifest_never_happened(tmp_path):
    seal(tmp_path, [(1, "a")])
    (tmp_path / "s" / "manifest.json").unlink()
    with pytest.raises(IntegrityError):
        opened(tmp_path)


def test_no_plain_byte_on_disk(tmp_path):
    seal(tmp_path, [(n, CANARY) for n in range(500)])
    for path in (p for p in tmp_path.rglob("*") if p.is_file()):
        data = path.read_bytes()
        assert CANARY.encode() not in data
        assert CANARY.encode("utf-16-le") not in data


def test_every_flipped_bit_is_noticed(tmp_path):
    seal(tmp_path, [(n, f"value {n}") for n in range(50)])
    chance = random.Random(3)
    for path in (p for p in sorted(tmp_path.rglob("*")) if p.is_file()):
        data = path.read_bytes()
        for at in range(0, len(data), max(1, len(data) // 400)):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :])
            with pytest.raises(IntegrityError):
                opened(tmp_path)
        path.write_bytes(data)
    assert len(opened(tmp_path)) == 50


@pytest.mark.parametrize(
    "other",
    [{"run": "run-2"}, {"stage": "z"}, {"table": "u"}],
    ids=["another run", "another stage", "another table"],
)
def test_a_segment_swapped_from_elsewhere_does_not_open(other, tmp_path):
    seal(tmp_path / "here", [(1, "a")])
    seal(tmp_path / "there", [(1, "b")], **other)
    place = {"stage": "s", "table": "t", **{k: v for k, v in other.items() if k != "run"}}
    shutil.copy(
        tmp_path / "there" / place["stage"] / place["table"] / "000000.parquet",
        tmp_path / "here/s/t/000000.parquet",
    )
    with pytest.raises(IntegrityError):
        opened(tmp_path / "here")


def test_a_stage_of_another_run_does_not_pass_for_ours(tmp_path):
    seal(tmp_path, [(1, "a")], run="run-2")
    with pytest.raises(IntegrityError):
        opened(tmp_path)


@pytest.mark.parametrize("harm", ["cut", "gone", "plain"])
def test_a_segment_cut_missing_or_plain(harm, tmp_path):
    seal(tmp_path, [(n, "a") for n in range(100)])
    path = tmp_path / "s/t/000000.parquet"
    if harm == "gone":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(path.read_bytes()[:-30])
    else:
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_batches([batch([(n, "a") for n in range(100)])]), path)
    with pytest.raises(IntegrityError):
        opened(tmp_path)


def test_another_key_opens_nothing(tmp_path):
    seal(tmp_path, [(1, "a")])
    with pytest.raises(RepriseError):
        opened(tmp_path, key=os.urandom(32))
    assert verify_opens(tmp_path, RUN, KEY, 12) == 1
    with pytest.raises(RepriseError):
        verify_opens(tmp_path, RUN, os.urandom(32), 12)


def test_rows_of_one_patient_in_their_order(tmp_path):
    rows = [(n // 7, f"{n}") for n in range(300)]
    seal(tmp_path, rows)
    reader = StagingReader(tmp_path, RUN, "s", KEY)
    for patient in (0, 5, 40):
        found = [r["value"] for b in reader.rows_of("t", patient) for r in b.to_pylist()]
        assert found == [v for p, v in rows if p == patient]
