"""Tables with a reviewed mapping through the whole way: Synthea's files end in the charts of the right people."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree
from support.practice_in_process import Package, Practices

SYNTHEA = Path(__file__).parents[1] / "vectors" / "delimited" / "synthea"
KEY = "11111111-aaaa-4aaa-8aaa-00000000000"
GENEROUS = {"degraded_permille": 1000, "quarantined_permille": 1000}


@pytest.fixture(scope="module")
def practices(tmp_path_factory) -> Practices:
    return Practices(tmp_path_factory.mktemp("home"), ceilings=GENEROUS)


@pytest.fixture(scope="module")
def package(practices, tmp_path_factory) -> Package:
    disk = tmp_path_factory.mktemp("disk")
    for path in SYNTHEA.glob("*.csv"):
        # whatever their names: tables are told by their headers
        (disk / f"{path.stem}.dat").write_bytes(path.read_bytes())
    found = practices.carry(disk)
    assert found.error is None, found.error.message
    return found


def charts(package: Package) -> dict[str, etree._Element]:
    """By the key of the patient."""
    trees = [etree.fromstring(data) for data in package.charts.values()]
    for tree in trees:
        for each in tree.iter():
            each.tag = etree.QName(each).localname
    found = {tree.findtext(".//patient/id[@SL='SYNTHEA-PATIENT']"): tree.find("folder") for tree in trees}
    assert len(found) == len(trees)
    return found


def items(folder: etree._Element, kind: str) -> list[etree._Element]:
    return [item for item in folder.iter("item") if item.findtext("cd[@S='CD-ITEM']") == kind]


def said(item: etree._Element) -> list[str]:
    """Codes, words, days and values of an item, in order."""
    skipped = {"CD-ITEM", "ID-KMEHR"}
    leaves = [
        each for each in item.iter() if len(each) == 0 and each.tag != "id" and each.get("S") not in skipped
    ]
    return [each.text for each in leaves if each.text]


def test_every_row_is_in_the_chart_of_its_patient(package, schemas):
    found = charts(package)
    assert found.keys() == {f"{KEY}1", f"{KEY}2", f"{KEY}3"}
    for data in package.charts.values():
        assert all(schema.validate(etree.fromstring(data)) for schema in schemas)
    one, two, three = (found[f"{KEY}{n}"] for n in "123")
    assert [Counter(i.findtext("cd") for i in each.iter("item")) for each in (one, two, three)] == [
        {"healthcareelement": 2, "medication": 1, "vaccine": 1, "parameter": 2},
        {"healthcareelement": 1, "allergy": 1, "parameter": 1},
        {},
    ]


def test_a_patient_is_as_stated(package):
    two = charts(package)[f"{KEY}2"].find("patient")
    assert two.findtext("firstname") == "Céline"
    assert two.findtext("familyname") == 'O\'Fictif "dite" Néant'
    assert two.findtext("birthdate/date") == "1987-11-30"
    assert two.findtext("deathdate/date") == "2024-02-29"
    assert two.findtext("sex/cd") == "female"
    assert two.findtext("address/text") == "1 Rue du Néant, 00002 Testville"
    assert "MAIDEN: Zéro" in two.findtext("text")


def test_problems_and_the_like_are_in_the_summary(package):
    one = charts(package)[f"{KEY}1"]
    (summary,) = [t for t in one.findall("transaction") if t.findtext("cd") == "clinicalsummary"]
    assert {i.findtext("cd") for i in summary.findall("item")} == {
        "healthcareelement",
        "medication",
        "vaccine",
    }
    assert said(items(one, "healthcareelement")[0]) == [
        "38341003", "Hypertensive disorder (disorder)", "SYSTEM: http://snomed.info/sct", "2019-05-06",
    ]  # fmt: skip
    (drug,) = items(one, "medication")
    assert said(drug)[:2] == ["314076", "lisinopril 10 MG Oral Tablet"]
    assert [drug.findtext("beginmoment/date"), drug.findtext("beginmoment/time")] == [
        "2019-05-06",
        "08:15:00Z",
    ]


def test_values_have_their_units(package):
    one, two = charts(package)[f"{KEY}1"], charts(package)[f"{KEY}2"]
    weight, index = items(one, "parameter")
    assert [weight.findtext("content/decimal"), weight.findtext("content/unit/cd")] == ["82.4", "kg"]
    assert [each.text for each in index.iterfind("content/*")] == ["27.9", "27.9 kg/m2"]
    (smokes,) = items(two, "parameter")
    assert [each.text for each in smokes.iterfind("content/*")] == ["Never smoked tobacco (finding)"]
    contact = weight.getparent()
    assert [contact.findtext("date"), contact.findtext("time")] == ["2022-10-03", "09:30:00Z"]


def test_nothing_is_on_the_work_list_but_two_people_who_are_alike(package):
    listed = json.loads(package.report["work-list.json"])
    assert "same_name_and_birth" in json.dumps(listed)
    fidelity = json.loads(package.report["reconciliation.json"])
    assert "quarantined" not in {name for name, count in fidelity.get("dispositions", {}).items() if count}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2020-01-01,,,e,s,1,no patient", "value_missing"),
        (f"2020-01-01,,{KEY}1,e,s,1", "row_ragged"),
        (f'2020-01-01,,{KEY}1,e,s,1,"not closed', "row_ragged"),
        (f'2020-01-01,,{KEY}1,e,s,1,"closed" early', "row_ragged"),
    ],
)
def test_a_row_without_a_place_is_handed_over(practices, tmp_path, line, reason):
    for name in ("patients", "conditions"):
        (tmp_path / name).write_bytes((SYNTHEA / f"{name}.csv").read_bytes())
    with (tmp_path / "conditions").open("a", encoding="utf-8") as table:
        table.write(line + "\n")
    found = practices.carry(tmp_path)
    assert found.error is None, found.error.message
    kept = [data for name, data in found.report.items() if name.startswith("quarantine/")]
    assert kept == [(line + "\n").encode()]
    assert reason in json.dumps(json.loads(found.report["work-list.json"]))
    assert len(items(charts(found)[f"{KEY}1"], "healthcareelement")) == 2


def test_a_date_that_is_none_is_carried_as_text(practices, tmp_path):
    (tmp_path / "patients").write_bytes((SYNTHEA / "patients.csv").read_bytes())
    rows = io.StringIO()
    head = ["START", "STOP", "PATIENT", "ENCOUNTER", "SYSTEM", "CODE", "DESCRIPTION"]
    csv.writer(rows).writerows([head, ["31/02/2020", "", f"{KEY}1", "e", "", "1", "of\nan unknown day"]])
    (tmp_path / "conditions").write_text(rows.getvalue())
    found = practices.carry(tmp_path)
    assert found.error is None, found.error.message
    (problem,) = items(charts(found)[f"{KEY}1"], "healthcareelement")
    assert problem.find("beginmoment") is None
    assert said(problem) == ["1", "of\nan unknown day", "START: 31/02/2020"]


@pytest.mark.parametrize(
    ("patients", "expected"),
    [
        ({"mode": "seen_since", "since": "2022-01-01"}, {f"{KEY}1", f"{KEY}2"}),
        ({"mode": "seen_since", "since": "2022-10-04"}, set()),
    ],
)
def test_all_rows_of_a_person_have_one_verdict(tmp_path, patients, expected):
    """Also those without a day: a person is seen when any row says so."""
    disk = tmp_path / "disk"
    disk.mkdir()
    for path in SYNTHEA.glob("*.csv"):
        (disk / path.name).write_bytes(path.read_bytes())
    found = Practices(tmp_path / "home", ceilings=GENEROUS, patients=patients).carry(disk)
    assert found.error is None, found.error.message
    assert charts(found).keys() == expected
    if expected:
        assert len(items(charts(found)[f"{KEY}1"], "healthcareelement")) == 2


def test_a_row_of_nobody_is_a_chart_of_its_own(practices, tmp_path):
    (tmp_path / "patients").write_bytes((SYNTHEA / "patients.csv").read_bytes())
    table = (SYNTHEA / "conditions.csv").read_text(encoding="utf-8")
    (tmp_path / "conditions").write_text(table.replace(f"{KEY}2", "unknown"), encoding="utf-8")
    found = practices.carry(tmp_path)
    assert found.error is None, found.error.message
    alone = charts(found)["unknown"]
    assert alone.findtext("patient/familyname") == "-"
    assert len(items(alone, "healthcareelement")) == 1


def test_a_draft_of_the_site_stops_the_run(tmp_path):
    from support.whole_run import WholeRun

    disk, site = tmp_path / "disk", tmp_path / "mappings"
    disk.mkdir()
    site.mkdir()
    (disk / "patients").write_bytes((SYNTHEA / "patients.csv").read_bytes())
    run = WholeRun(tmp_path / "trial", disk)
    clinic = (SYNTHEA.parent / "clinic" / "contacts.yaml").read_text(encoding="utf-8")
    settings = Path(run.home) / "site.toml"
    settings.write_text(f'mappings = "{site}"\n' + settings.read_text(encoding="utf-8"), encoding="utf-8")
    header = [
        line.partition("column: ")[2].partition(",")[0] for line in clinic.splitlines() if "{column" in line
    ]
    (disk / "visits").write_text(";".join(header) + "\n", encoding="utf-8")
    (site / "x.yaml").write_text(clinic.replace("status: reviewed", "status: draft"), encoding="utf-8")
    words = [
        "migrate",
        run.made["source"],
        "--authorisation",
        run.made["authorisation"],
        "--to",
        run.made["destination"],
    ]
    done = run.reprise(*words, "--direct")
    assert done.returncode == 25
    assert "mapping_draft" in done.stderr
    (site / "x.yaml").write_text("Geheim: [", encoding="utf-8")
    done = run.reprise(*words, "--direct")
    assert "mapping_malformed" in done.stderr
    assert "Geheim" not in done.stdout + done.stderr
