"""A delivered package is a source like any other: migrated again it gives the same records, all of them as structure."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from lxml import etree
from support.practice_in_process import Package, Practices
from support.reference import REFERENCE

from trial.practice.write import write_practice

SAMPLES = sorted(path.relative_to(REFERENCE) for path in (REFERENCE / "samples/kmehr").rglob("*.xml"))
GENEROUS = {"degraded_permille": 1000, "quarantined_permille": 1000}


@pytest.fixture(scope="module")
def practices(tmp_path_factory) -> Practices:
    return Practices(tmp_path_factory.mktemp("practices"), ceilings=GENEROUS)


def said(package: Package) -> Counter[tuple[str, str]]:
    """Every text in the folders with the name of its element, but ids, which are numbered anew."""
    folders = [etree.fromstring(data).find("{*}folder") for data in package.charts.values()]
    return Counter(
        (etree.QName(each).localname, text)
        for folder in folders
        for each in folder.iter("{*}*")
        if etree.QName(each).localname != "id" and (text := (each.text or "").strip())
    )


def again(practices: Practices, first: Package, folder: Path) -> Package:
    for name, data in first.charts.items():
        (folder / name.rpartition("/")[2]).write_bytes(data)
    return practices.carry(folder)


def check(practices: Practices, source: Path, folder: Path) -> None:
    first = practices.carry(source)
    assert first.error is None
    second = again(practices, first, folder)
    assert second.error is None
    ends = second.published.reconciliation.dispositions
    assert {end: count for end, count in ends.items() if count} == {"delivered": ends["delivered"]}
    assert said(first) == said(second)
    assert len(first.charts) == len(second.charts)


@pytest.mark.parametrize("sample", SAMPLES or [Path("samples/kmehr")], ids=lambda path: path.stem)
def test_a_sample(sample, shared, practices, tmp_path):
    check(practices, shared / sample, tmp_path)


def test_a_practice_with_defects(practices, tmp_path):
    write_practice(tmp_path / "export", patients=20, defects=True)
    (tmp_path / "again").mkdir()
    check(practices, tmp_path / "export", tmp_path / "again")
