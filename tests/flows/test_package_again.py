"""A delivered package is a source like any other: migrated again it gives the same charts, element by element, all as structure."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from support.practice_in_process import Package, Practices
from support.reference import REFERENCE
from support.told import AS_TEXT, unexplained

from trial.practice.write import write_practice

SAMPLES = sorted(path.relative_to(REFERENCE) for path in (REFERENCE / "samples/kmehr").rglob("*.xml"))
PATIENTS = int(os.environ.get("REPRISE_RECOUNT_PATIENTS", "20"))
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


Tree = tuple[Any, ...]


def tree(element: Any) -> Tree:
    """An element without its positions, which are numbered anew: name, attributes, text, children in order."""
    children = [child for child in element.iterchildren("*") if child.get("S") != "ID-KMEHR"]
    text = (element.text or "") if not len(element) else (element.text or "").strip()
    tails = tuple((child.tail or "").strip() for child in element)
    return (
        etree.QName(element).localname,
        tuple(sorted(element.attrib.items())),
        text,
        tails,
        tuple(map(tree, children)),
    )


def folders(package: Package) -> Counter[Tree]:
    """All that the charts say of their patients; the header is that of each run."""
    parser = etree.XMLParser(huge_tree=True)
    return Counter(tree(etree.fromstring(data, parser).find("{*}folder")) for data in package.charts.values())


def again(practices: Practices, first: Package, folder: Path) -> Package:
    for name, data in first.charts.items():
        (folder / name.rpartition("/")[2]).write_bytes(data)
    return practices.carry(folder)


def files_of(source: Path) -> list[Path]:
    return [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file())


def check(practices: Practices, source: Path, folder: Path) -> None:
    first = practices.carry(source)
    assert first.error is None
    assert unexplained(first, b"".join(each.read_bytes() for each in files_of(source))) == []
    second = again(practices, first, folder)
    assert second.error is None
    ends = second.published.reconciliation.dispositions
    assert {end: count for end, count in ends.items() if count} == {"delivered": ends["delivered"]}
    assert said(first) == said(second)
    assert folders(first) == folders(second)
    listed = json.loads(second.report["work-list.json"])["points"]
    assert not [point for point in listed if point["reason"] in AS_TEXT or point["member"]]


@pytest.mark.parametrize("sample", SAMPLES or [Path("samples/kmehr")], ids=lambda path: path.stem)
def test_a_sample(sample, shared, practices, tmp_path):
    check(practices, shared / sample, tmp_path)


def test_a_practice_with_defects(practices, tmp_path):
    write_practice(tmp_path / "export", patients=PATIENTS, defects=True)
    (tmp_path / "again").mkdir()
    check(practices, tmp_path / "export", tmp_path / "again")
