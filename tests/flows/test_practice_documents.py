"""The practice's documents agree with each other, with the charts, and with what a second program counts."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lxml import etree
from support.practice_in_process import Package, Practices
from support.recount import Account, local, mf_ids, of_package, of_source
from support.told import AS_TEXT, unexplained

from schemas.practice_documents import FidelityFile, PatientIndexFile, ReconciliationFile, WorkListFile
from trial.practice.write import write_practice

MARKUP = re.compile(r"<[a-z]+[ >]")
MARK = re.compile(r"\[Reprise [0-9]+\]")
PATIENTS = int(os.environ.get("REPRISE_RECOUNT_PATIENTS", "30"))
GENEROUS = {"degraded_permille": 1000, "quarantined_permille": 1000}
SPOILED = (  # values that real exports hold and the format does not
    (r'(<cd S="CD-CERTAINTY"[^>]*>)\w+', r"\1fairly sure"),
    (r'(<cd S="CD-TEMPORALITY"[^>]*>)\w+', r"\1long"),
    (r"<isrelevant>true", r"<isrelevant>rather"),
    (r"(<beginmoment>)<date>(\d{4})-(\d\d)-(\d\d)", r"\1<date>\4/\3/\2"),
    (r"<zip>", r"<zipcode>9</zipcode><zip>"),
    (r"<intendedcd.*?</intendedcd>", ""),
    (r"<batch>", r"<lotnumber>X7</lotnumber><batch>"),
    (r"<author>(<hcparty>.*?)<firstname>[^<]*</firstname>", r"<author>\1"),
    (r"(<route>)<cd[^>]*>[^<]*</cd>", r'\1<cd S="LOCAL" SV="1" SL="WAY">by mouth</cd>'),
    (r"<decimal>(\d+)\.(\d+)</decimal>", r"<decimal>about \1.\2</decimal>"),
)


def exports(source: Path) -> list[Path]:
    """The files of a practice: 500 patients in each."""
    return sorted(source.glob("export-*.xml"))


def spoiled(export: Path) -> None:
    """One foreign value in each folder, in turn."""
    head, *folders = re.split("(?=<folder>)", export.read_text(encoding="utf-8"))
    changed = [
        re.sub(*SPOILED[n % len(SPOILED)], folder, count=2, flags=re.DOTALL)
        for n, folder in enumerate(folders)
    ]
    export.write_text(head + "".join(changed), encoding="utf-8")


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sources")
    write_practice(folder / "defects", patients=PATIENTS, defects=True)
    write_practice(folder / "spoiled", patients=PATIENTS)
    for export in exports(folder / "spoiled"):
        spoiled(export)
    return {"defects": folder / "defects", "spoiled": folder / "spoiled"}


@pytest.fixture(scope="module")
def packages(sources, tmp_path_factory) -> dict[str, Package]:
    practices = Practices(tmp_path_factory.mktemp("practices"), ceilings=GENEROUS)
    found = {name: practices.carry(source) for name, source in sources.items()}
    assert all(package.error is None for package in found.values())
    return found


@pytest.fixture(params=["defects", "spoiled"])
def package(request, packages) -> Package:
    return packages[request.param]


def work_list(package: Package) -> WorkListFile:
    return msgspec.json.decode(package.report["work-list.json"], type=WorkListFile)


def pages(package: Package) -> dict[str, FidelityFile]:
    """The fidelity pages by the name of the chart."""
    found = [
        msgspec.json.decode(data, type=FidelityFile)
        for name, data in package.report.items()
        if name.startswith("fidelity/") and name.endswith(".json")
    ]
    return {page.patient.chart: page for page in found}


def texts(package: Package, chart: str) -> list[str]:
    return [text for text in etree.fromstring(package.charts[chart]).itertext() if text.strip()]


def test_all_documents_tell_the_same(package):
    listed, by_chart = work_list(package), pages(package)
    index = msgspec.json.decode(package.report["patients.json"], type=PatientIndexFile)
    assert by_chart.keys() == package.charts.keys()
    assert [row.patient.chart for row in index.patients] == list(by_chart)
    own = {point.id: point for page in by_chart.values() for point in page.points}
    assert own == {point.id: point for point in listed.points if point.patient is not None}
    assert listed.dangers == Counter(point.danger for point in listed.points)
    assert list(listed.dangers) == list(dict.fromkeys(point.danger for point in listed.points))
    for row in index.patients:
        page = by_chart[row.patient.chart]
        assert row.open_points == len(page.points)
        assert sum(row.counts.values()) == sum(each.tally.source for each in page.rows)
        assert row.as_text == sum(each.tally.as_text for each in page.rows)
    lines = list(csv.reader(io.StringIO(package.report["patients.csv"].decode("utf-8-sig")), delimiter=";"))
    assert [line[3] for line in lines[1:]] == list(by_chart)
    assert {len(line) for line in lines} == {len(lines[0])}


def test_the_reconciliation_adds_up(package):
    values = msgspec.json.decode(package.report["reconciliation.json"], type=ReconciliationFile)
    by_key: Counter[Any] = Counter()
    for page in pages(package).values():
        by_key.update({(row.sort, row.part): row.tally.source for row in page.rows})
    assert by_key == Counter({(row.sort, row.part): row.tally.source for row in values.rows})
    for row in values.rows:
        parts = row.tally
        assert parts.source == parts.delivered + parts.as_text + parts.set_aside + parts.out_of_scope
        assert not row.years or parts.source == sum(year.tally.source for year in row.years)
    units = sum(each.count for each in values.appendix.units)
    assert units == sum(row.tally.source for row in values.rows) + sum(
        each.count for each in values.undivided
    )
    assert sum(each.bytes for each in values.appendix.bytes) == values.appendix.bytes_total
    assert sum(row.tally.source for row in values.attachments) == sum(
        row.tally.source for row in values.rows if row.sort in ("image", "document")
    )


def test_every_text_in_a_chart_has_its_point(package):
    seen = 0
    for chart, page in pages(package).items():
        marks = {mark for text in texts(package, chart) for mark in MARK.findall(text)}
        told = {mark for point in page.points for mark in MARK.findall(point.place)}
        assert marks == told
        seen += len(marks)
    assert seen > 3


@pytest.mark.parametrize("name", ["defects", "spoiled"])
def test_every_unit_that_is_no_structure_is_told(name, packages, sources):
    package = packages[name]
    source = b"".join(export.read_bytes() for export in exports(sources[name]))
    assert unexplained(package, source) == []
    listed = json.loads(package.report["work-list.json"])
    (gone, *_) = [p for p in listed["points"] if p["reason"] in AS_TEXT or p["member"] is not None]
    kept = [point for point in listed["points"] if point is not gone]
    without = {**package.report, "work-list.json": json.dumps({**listed, "points": kept}).encode()}
    assert unexplained(Package(package.charts, without), b"") != []


def test_every_point_has_its_patient_and_all_fields(package):
    for point in work_list(package).points:
        assert all((point.what, point.why, point.content, point.instead, point.place, point.action))
        assert point.patient is not None
        assert point.patient.name is not None
        assert package.charts[point.patient.chart]
        assert package.report[point.patient.page]
        assert point.member is None or package.report[point.member]


def test_nothing_that_is_made_is_markup(package):
    for name, data in package.report.items():
        if name.endswith(".json"):
            assert not MARKUP.search(json.dumps(json.loads(data), ensure_ascii=False)), name
    for chart in package.charts:
        assert not [text for text in texts(package, chart) if MARK.search(text) and MARKUP.search(text)]


def test_an_attachment_that_cannot_be_decoded_can_be_opened(packages):
    (point,) = [p for p in work_list(packages["defects"]).points if p.reason == "base64_invalid"]
    held = packages["defects"].report[str(point.member)]
    assert held.startswith(b"%PDF-")
    assert b"endobj" in held
    assert point.document is not None
    assert (point.document.sha256, point.document.bytes) == (sha256(held).hexdigest(), len(held))
    assert point.document.title in point.content
    originals = [name for name in packages["defects"].report if name.endswith(".original.txt")]
    assert b"!!!!" in packages["defects"].report[originals[0]]


def accounts(package: Package) -> dict[str, Account]:
    """The charts as the second program counts them, by name."""
    found = {}
    for name, data in package.charts.items():
        originals = package.report.get(f"originals/{name.rpartition('/')[2]}")
        tree = None if originals is None else local(etree.fromstring(originals))
        found[name] = of_package(local(etree.fromstring(data)).find("folder"), tree)
    return found


def recounted(package: Package, source: Path) -> set[str]:
    """The charts whose page differs from what a second program counts in export and package."""
    trees = [etree.fromstring(export.read_bytes().translate(None, b"\x04")) for export in exports(source)]
    folders = [folder for tree in trees for folder in local(tree).findall("folder")]
    by_id = {each: folder for folder in folders for each in mf_ids(folder)}
    wrong, by_chart = set(), pages(package)
    for name, account in accounts(package).items():
        chart = local(etree.fromstring(package.charts[name])).find("folder")
        (folder,) = {id(by_id[each]): by_id[each] for each in mf_ids(chart) & by_id.keys()}.values()
        page, came = by_chart[name], of_source(folder)
        tallies = {(row.sort.value, row.part or ""): row.tally for row in page.rows}
        set_aside = sum(tally.set_aside for tally in tallies.values())
        stated = Counter({key: t.source - t.set_aside for key, t in tallies.items()})
        as_text = Counter({key: t.as_text for key, t in tallies.items()})
        years = Counter(
            {
                (row.sort.value, row.part or "", each.year or 0): each.tally.source - each.tally.set_aside
                for row in page.rows
                for each in row.years
            }
        )
        files = Counter(each.sha256 for each in page.attachments if each.state != "set_aside")
        told = Counter(
            point.reason in AS_TEXT for point in page.points if point.reason in AS_TEXT or point.member
        )
        kept = sum(each.state == "set_aside" for each in page.attachments)
        if not (
            +stated == +came.all == +account.all
            and +as_text == +account.as_text
            and +years == +came.years
            and set_aside == came.undecodable
            and files == came.files == account.files
            and (told[True], told[False], kept)
            == (account.as_text.total(), came.undecodable, came.undecodable)
        ):
            wrong.add(name)
    return wrong


@pytest.mark.parametrize("name", ["defects", "spoiled"])
def test_a_second_program_finds_the_same(name, packages, sources):
    assert recounted(packages[name], sources[name]) == set()


LOSSES = {
    "an item": rb"<item>(?:(?!</item>).)*>vaccine<.*?</item>",
    "an attachment": rb"<lnk [^>]*>[A-Za-z0-9+/=]+</lnk>",
    "a text that stands for an element": rb'<text L="..">[^<]*\[Reprise 1\]</text>',
    "a field of the patient": rb"<telecom>.*?</telecom>",
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=list(LOSSES))
def test_a_loss_shows_on_that_patient_s_page_alone(loss, packages, sources):
    package = packages["defects"]
    chart = next(name for name in sorted(package.charts)[3:] if re.search(loss, package.charts[name]))
    lost = re.sub(loss, b"", package.charts[chart], count=1)
    assert lost != package.charts[chart]
    altered = Package({**package.charts, chart: lost}, package.report)
    assert recounted(altered, sources["defects"]) == {chart}
