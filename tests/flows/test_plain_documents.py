"""Plain documents on a disk beside an SMF file: each arrives in the chart of whom its path names, byte for byte."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from lxml import etree
from support.practice_in_process import Package, Practices
from support.whole_run import WholeRun

ONE, OTHER = "85073003328", "93051822361"
GENEROUS = {"degraded_permille": 1000, "quarantined_permille": 1000}
SMF = f"""<kmehrmessage xmlns="http://www.ehealth.fgov.be/standards/kmehr/schema/v1"><header><standard><cd S="CD-STANDARD" SV="1.4">20110701</cd>
</standard><id S="ID-KMEHR" SV="1.0">1</id><date>2026-01-01</date><time>10:00:00</time><sender><hcparty><id S="ID-HCPARTY" SV="1.0">11234578004</id>
<cd S="CD-HCPARTY" SV="1.0">persphysician</cd><firstname>Bob</firstname><familyname>Specimen</familyname></hcparty><hcparty>
<cd S="CD-HCPARTY" SV="1.0">application</cd><name>OldSoft</name></hcparty></sender><recipient><hcparty><cd S="CD-HCPARTY" SV="1.0">application</cd>
<name>gp-software-migration</name></hcparty></recipient></header><folder><id S="ID-KMEHR" SV="1.0">1</id><patient><id S="INSS" SV="1.0">{ONE}</id>
<firstname>Jan</firstname><familyname>Peeters</familyname><birthdate><date>1985-07-30</date></birthdate><sex><cd S="CD-SEX" SV="1.0">male</cd></sex>
</patient></folder></kmehrmessage>"""
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 9000  # more than one chunk
FILES = {
    "export.xml": SMF.encode(),
    f"{ONE}/2020-03-05 Rapport cardiologie.pdf": PDF,
    f"{ONE}/labo.jpg": b"\xff\xd8\xff\xe0 a picture",
    f"{ONE}/brief.eml": b"From: a@example.be\r\nMIME-Version: 1.0\r\n\r\nBeste collega",
    f"{OTHER}.tif": b"II*\0 somebody else",
    "whose.pdf": b"%PDF-1.4 whose?",
    "scans/0001.tif": b"II*\0 a scan",
    "scans/0002.rtf": b"{\\rtf1 a letter}",
    "scans/0003.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "scans/index.csv": (
        "bestand;naam;voornaam;geboortedatum;geslacht;datum;titel;soort\r\n"
        "0001.tif;Peeters;Jan;30/07/1985;M;04/03/2019;RX thorax;\r\n"
        "0002.rtf;Peeters;Jan;30/07/1985;M;;Brief;discharge_notice\r\n"
        "9999.pdf;Peeters;Jan;30/07/1985;M;05/03/2019;Verloren verslag;\r\n"
    ).encode("cp1252"),
    "scans/0003.json": json.dumps({"niss": OTHER, "titre": "Certificat"}).encode(),
}


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Package:
    disk = tmp_path_factory.mktemp("disk")
    for name, data in FILES.items():
        (disk / name).parent.mkdir(exist_ok=True)
        (disk / name).write_bytes(data)
    found = Practices(tmp_path_factory.mktemp("home"), ceilings=GENEROUS).carry(disk)
    assert found.error is None, found.error.code
    return found


def charts(package: Package) -> dict[str | None, etree._Element]:
    """By the national number; that of the person without a number by None."""
    trees = [etree.fromstring(data) for data in package.charts.values()]
    for tree in trees:
        for each in tree.iter():
            each.tag = etree.QName(each).localname
    return {tree.findtext(".//patient/id[@S='INSS']"): tree.find("folder") for tree in trees}


def attachments(folder: etree._Element) -> dict[str, bytes]:
    """Those of each transaction, by its title."""
    return {
        transaction.findtext("text") or "": base64.b64decode(transaction.findtext("lnk"))
        for transaction in folder.findall("transaction")
        if transaction.find("lnk") is not None
    }


def test_a_document_stands_in_the_chart_of_whom_its_path_names(package, schemas):
    found = charts(package)
    assert found.keys() == {ONE, OTHER, None}
    assert len(package.charts) == 3
    assert found[ONE].findtext("patient/familyname") == "Peeters"
    assert attachments(found[ONE]) == {
        "Rapport cardiologie": PDF,
        "labo": FILES[f"{ONE}/labo.jpg"],
        "brief": FILES[f"{ONE}/brief.eml"],
    }
    assert attachments(found[None]) == {
        "RX thorax": FILES["scans/0001.tif"],
        "Brief": FILES["scans/0002.rtf"],
    }
    points = json.loads(package.report["work-list.json"])["points"]
    assert "same_name_and_birth" in {each["reason"] for each in points}
    assert attachments(found[OTHER]) == {"": FILES[f"{OTHER}.tif"], "Certificat": FILES["scans/0003.doc"]}
    for data in package.charts.values():
        assert all(schema.validate(etree.fromstring(data)) for schema in schemas)


def test_its_date_and_kind_are_those_that_its_name_states(package):
    by_title = {each.findtext("text"): each for each in charts(package)[ONE].findall("transaction")}
    report = by_title["Rapport cardiologie"]
    assert report.findtext("date") == "2020-03-05"
    assert [cd.text for cd in report.findall("cd")] == ["note", "report"]
    assert [cd.text for cd in by_title["labo"].findall("cd")] == ["labresult"]
    filled = by_title["labo"].findtext("id[@SL='REPRISE-FILLED']")
    assert "date" in filled.split()


def test_whose_document_it_is_not_said_is_on_the_work_list(package):
    work_list = json.loads(package.report["work-list.json"])
    assert "whose.pdf" in json.dumps(work_list)
    kept = {data for name, data in package.report.items() if name.startswith("quarantine/")}
    rows = FILES["scans/index.csv"].splitlines(keepends=True)
    assert kept == {FILES["whose.pdf"], FILES["scans/0003.json"], rows[1], rows[2]}
    assert PDF not in package.report.values()


def test_a_document_that_the_export_only_names_leaves_a_placeholder(package):
    (missing,) = [
        each
        for each in charts(package)[None].findall("transaction")
        if "Verloren verslag" in each.findtext("text")
    ]
    assert missing.findtext("date") == "2019-03-05"
    assert "9999.pdf" in etree.tostring(missing, method="text", encoding="unicode")
    points = json.loads(package.report["work-list.json"])["points"]
    assert [each["reason"] for each in points if "9999.pdf" in json.dumps(each)] == ["dangling_link"]


def test_media_types_are_those_of_the_bytes(package):
    found = {
        link.get("MEDIATYPE")
        for folder in charts(package).values()
        for link in folder.iter("lnk")
        if link.text
    }
    assert found == {
        "application/pdf",
        "image/jpeg",
        "image/tiff",
        "text/rtf",
        None,
    }  # a mail, and an old document of no kind


def test_a_document_migrated_again_stays_what_it_is(package, tmp_path):
    disk = tmp_path / "again"
    disk.mkdir()
    for name, data in package.charts.items():
        (disk / Path(name).name).write_bytes(data)
    again = Practices(tmp_path / "home", ceilings=GENEROUS).carry(disk)
    assert again.error is None
    assert attachments(charts(again)[ONE]) == attachments(charts(package)[ONE])


@pytest.mark.slow
def test_a_pattern_of_the_site_reaches_the_data_process(tmp_path):
    disk = tmp_path / "disk"
    (disk / "Peeters_Jan_30071985_M").mkdir(parents=True)
    (disk / "export.xml").write_text(SMF)
    (disk / "Peeters_Jan_30071985_M/20200305 Labo.pdf").write_bytes(PDF)
    case = WholeRun(tmp_path / "trial", disk)
    with (case.home / "site.toml").open("a") as settings:
        settings.write(
            '\ndocument_paths = ["{family}_{first}_{birth:ddmmyyyy}_{sex}/{date:yyyymmdd} {title}"]\n'
        )
    result = case.start()
    assert result.dispositions["quarantined"] == 0
    assert result.counts["inventory"]["units"]["attachment"] == 1
    assert any(
        b"<firstname>Jan</firstname>" in data and b"2020-03-05" in data for data in case.content().values()
    )
    case.nothing_left()
