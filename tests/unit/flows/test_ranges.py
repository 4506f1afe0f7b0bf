"""Steps cut into ranges: whatever the cut, the same rows in the same order, and the same package to the byte."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import practice_in_process
from support.practice_in_process import _STEPS, Practices

from connectors.targets import medinect
from flows.steps import deliver, extract, ranges
from flows.steps.context import DataContext
from flows.steps.deliver import Delivering
from flows.steps.extract import Extracting
from flows.steps.ranges import LEAST_BYTES, Range, RangeDone, cut_parts, cut_patients
from flows.steps.values import Plan
from schemas.errors import RepriseError
from trial.practice.write import write_practice

CASES = Path(__file__).resolve().parents[2] / "vectors" / "cases"
NAMES = sorted(json.loads((CASES / "expect.json").read_text())["cases"])
SAMPLES = ("kmehr/smf", "kmehr/pmf", "kmehr/note", "kmehr/_ours", "healthone")
STAGED = (extract.STAGE, deliver.STAGE)
SHARED = (Extracting, Delivering)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4 * LEAST_BYTES)), min_size=1), st.integers(1, 5))
def test_ranges_of_patients_tile_the_source(files, workers):
    patients = sum(number for number, _ in files)
    found = cut_patients(files, workers)
    assert len(found) <= max(1, workers)
    assert [each.number for each in found] == list(range(len(found)))
    assert found[0].first == 1
    assert found[-1].last == patients
    assert all(before.last + 1 == after.first for before, after in itertools.pairwise(found))
    assert all(each.first <= each.last for each in found) or patients == 0


def test_a_source_is_cut_by_its_bytes_and_not_when_it_is_small():
    assert [each.last for each in cut_patients([(100, 30 << 20), (900, 30 << 20)], 2)] == [100, 1000]
    assert len(cut_patients([(100, LEAST_BYTES)], 2)) == 1
    assert len(cut_patients([(1, 1 << 30)], 2)) == 1


@pytest.mark.parametrize("parts", [0, 1, 5])
def test_ranges_of_parts_tile_the_package(parts):
    for workers in (1, 2):
        numbers = [n for each in cut_parts(parts, workers) for n in range(each.first, each.last + 1)]
        assert numbers == list(range(1, parts + 1))


class InTurn:
    """Workers that do their ranges one after the other, in this process: the last range first."""

    count = 3

    def __init__(self, context: DataContext) -> None:
        self._context, self.shared = context, list[str]()
        self.before: Any = None

    def share(self, step: str, each: Sequence[Range], report: Any) -> list[RangeDone]:
        self.shared.append(step)
        made = SHARED[isinstance(self.before, Plan)]
        workers = [made(self._context, self.before) for _ in range(self.count)]
        done = [workers[one.number % self.count].do(one) for one in reversed(each)]
        return list(reversed(done))

    def end(self) -> None:
        """Nothing is left."""


@pytest.fixture(scope="module")
def practices(tmp_path_factory):
    return [Practices(tmp_path_factory.mktemp(f"of-{way}")) for way in ("one", "several")]


def assert_same(practices: list[Practices], source: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Carry a source by one process and in the smallest ranges; returns the steps that were shared."""
    monkeypatch.setattr(ranges, "LEAST_BYTES", 1)
    monkeypatch.setattr(medinect, "CHARTS_A_PART", (1, 500))
    run_id = uuid4()  # the same for both: their packages must be the same to the byte
    monkeypatch.setattr(practice_in_process, "uuid", SimpleNamespace(uuid4=lambda: run_id))
    one, _ = carry(practices[0], source, monkeypatch, several=False)
    several, shared = carry(practices[1], source, monkeypatch, several=True)
    assert several == one
    return shared


def carry(
    practice: Practices, source: Path, monkeypatch: pytest.MonkeyPatch, *, several: bool
) -> tuple[tuple[Any, ...], list[str]]:
    """What came of a source: the error, the members of the package in order, the staged rows; and the shared steps."""
    contexts: list[DataContext] = []
    real = practice_in_process._context

    def noted(folder: Path, made: dict[str, str]) -> DataContext:
        contexts.append(real(folder, made))
        contexts[0].workers = InTurn(contexts[0]) if several else None
        return contexts[0]

    with monkeypatch.context() as patch:
        patch.setattr(practice_in_process, "_context", noted)
        patch.setattr(practice_in_process, "_STEPS", [_told(step) for step in _STEPS])
        package = practice.carry(source)
    workers = contexts[0].workers
    code = package.error.code if package.error else None
    found = code, list(package.charts.items()), list(package.report.items()), staged(contexts[0])
    return found, workers.shared if isinstance(workers, InTurn) else []


def _told(step: Any) -> Any:
    """A step that lets the workers know the value before it."""

    def do(context: DataContext, value: Any) -> Any:
        if isinstance(context.workers, InTurn):
            context.workers.before = value
        return step(context, value)

    return do


def staged(context: DataContext) -> dict[tuple[str, str], list[Any]]:
    """The rows of the shared steps, by table, as they are read."""
    found: dict[tuple[str, str], list[Any]] = {}
    for stage in STAGED:
        try:
            reader = context.reader(stage)
        except RepriseError:
            continue
        for segment in reader.segments_all():
            rows = [
                {name: value for name, value in row.items() if name != "digest"}  # keyed anew for each run
                for batch in reader._read(segment)
                for row in batch.to_pylist()
            ]
            found.setdefault((stage, segment.table), []).extend(rows)
    return found


@pytest.mark.parametrize("shape", ["ordinary", "attachments", "items"])
def test_practices(shape, practices, tmp_path, monkeypatch):
    write_practice(tmp_path / "export", patients=7, shape=shape, defects=True, patients_per_file=4)
    assert assert_same(practices, tmp_path / "export", monkeypatch) == ["extract", "deliver"]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_cases(name, practices, monkeypatch):
    assert_same(practices, CASES / name, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("folder", SAMPLES)
def test_samples(folder, shared, practices, monkeypatch):
    assert_same(practices, shared / "samples" / folder, monkeypatch)
