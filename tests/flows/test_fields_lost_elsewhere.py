"""Fields that migrations are known to lose, each through all steps: it stands in the chart as it came, or is on the work list."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lxml import etree
from support.practice_in_process import Practices
from support.small_export import AUTHOR, code, export, folder, item, measured, transaction, words

GENEROUS = {"degraded_permille": 1000, "quarantined_permille": 1000}
SECRET = AUTHOR.replace("author>", "confidentiality>")  # the parties who may read it
OWN_FORM = f"<confidentiality>{code('secret', 'CD-CONFIDENTIALITY')}</confidentiality>"
KINDS = (
    "problem",
    "allergy",
    "adr",
    "medication",
    "vaccine",
    "risk",
    "lab",
    "parameter",
    "treatment",
    "patientwill",
)


@pytest.fixture(scope="module")
def practices(tmp_path_factory):
    return Practices(tmp_path_factory.mktemp("lost"), ceilings=GENEROUS)


class Carried:
    """The charts by family name, without namespaces, and the points of the work list."""

    def __init__(self, practices: Practices, tmp_path: Any, data: bytes) -> None:
        source = tmp_path / "export.xml"
        source.write_bytes(data)
        package = practices.carry(source)
        assert package.error is None, package.error
        self.points = json.loads(package.report["work-list.json"])["points"]
        self.charts: dict[str, list[Any]] = {}
        for chart in package.charts.values():
            tree = etree.fromstring(chart, etree.XMLParser(huge_tree=True))
            for node in tree.iter():
                if isinstance(node.tag, str):
                    node.tag = etree.QName(node).localname
            self.charts.setdefault(tree.findtext(".//patient/familyname"), []).append(tree)

    def items(self, name: str, kind: str) -> list[Any]:
        """The items of a kind in the one chart of a family name."""
        (chart,) = self.charts[name]
        return [each for each in chart.iter("item") if kind in [cd.text for cd in each.findall("cd")]]

    def reasons(self) -> list[str]:
        return [point["reason"] for point in self.points]


def status(of: str) -> str:
    return f"<lifecycle>{code(of, 'CD-LIFECYCLE')}</lifecycle>"


def one(practices, tmp_path, *content, **changes):
    return Carried(practices, tmp_path, export(folder("Een", transaction(*content, **changes))))


@pytest.mark.parametrize("kind", KINDS)
def test_an_item_without_any_date_gets_none(kind, practices, tmp_path):
    (found,) = one(practices, tmp_path, item(kind, words("iets"))).items("Een", kind)
    assert [
        node.tag
        for node in found.iter()
        if node.tag in ("date", "year", "yearmonth", "beginmoment", "endmoment")
    ] == []
    assert found.findtext("content/text") == "iets"


def test_an_end_of_1900_is_delivered_as_it_came_and_told(practices, tmp_path):
    carried = one(practices, tmp_path, item("medication", words("pil"), begin="2019-05-06", end="1900-01-01"))
    (found,) = carried.items("Een", "medication")
    assert found.findtext("beginmoment/date") == "2019-05-06"
    assert found.findtext("endmoment/date") == "1900-01-01"
    assert carried.reasons() == ["ends_before_begin"]


@pytest.mark.parametrize("kind", KINDS)
def test_confidentiality_of_an_item_of_any_kind(kind, practices, tmp_path):
    confidential = item(kind, words("geheim")).replace("<item>", f"<item>{SECRET}")
    carried = one(practices, tmp_path, confidential, item(kind, words("open")))
    found = {
        i.findtext("content/text"): i.findtext("confidentiality/hcparty/firstname")
        for i in carried.items("Een", kind)
    }
    assert found == {"geheim": "Alice", "open": None}
    assert carried.reasons() == ["confidential"]


@pytest.mark.parametrize(
    ("data", "places"),
    [
        (export(folder("Een", transaction(words("x")).replace("<transaction>", f"<transaction>{SECRET}"))), "transaction/confidentiality/hcparty/firstname"),
        (export(folder("Een", transaction(words("x"))).replace("<folder>", f"<folder>{SECRET}")), "folder/confidentiality/hcparty/firstname"),
    ],
    ids=["transaction", "patient"],
)  # fmt: skip
def test_confidentiality_of_a_contact_and_of_a_patient(data, places, practices, tmp_path):
    carried = Carried(practices, tmp_path, data)
    (chart,) = carried.charts["Een"]
    assert [node.text for node in chart.findall(f".//{places}")] == ["Alice"]
    assert carried.reasons() == ["confidential"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_confidentiality_in_a_form_of_its_own_is_readable_in_the_item(kind, practices, tmp_path):
    confidential = item(kind, words("geheim")).replace("<item>", f"<item>{OWN_FORM}")
    carried = one(practices, tmp_path, confidential)
    (found,) = carried.items("Een", kind)
    assert "secret" in "".join(found.itertext())
    assert {"confidential", "not_in_target"} <= set(carried.reasons())


def test_confidentiality_of_a_message_is_a_point_of_the_work_list(practices, tmp_path):
    """No chart has a place for it: it is handed over, and quoted."""
    data = export(folder("Een", transaction(words("x")))).replace(b"<header>", f"<header>{SECRET}".encode())
    carried = Carried(practices, tmp_path, data)
    (point,) = carried.points
    assert point["reason"] == "loose_text"
    assert "confidentiality" in point["content"]
    assert "Alice Testdokter" in " ".join(
        point["content"].replace("firstname", " ").replace("familyname", " ").split()
    )


def test_author_and_recorder_stay_apart(practices, tmp_path):
    recorder = (
        AUTHOR.replace("author>", "redactor>").replace("Alice", "Bert").replace("19999054004", "10000797000")
    )
    contact = transaction(words("consult")).replace(AUTHOR, AUTHOR + recorder)
    (chart,) = Carried(practices, tmp_path, export(folder("Een", contact))).charts["Een"]
    (found,) = [
        t for t in chart.iter("transaction") if "contactreport" in [cd.text for cd in t.findall("cd")]
    ]
    assert [node.text for node in found.findall("author/hcparty/firstname")] == ["Alice"]
    assert [node.text for node in found.findall("redactor/hcparty/firstname")] == ["Bert"]


def test_versions_of_an_item_keep_their_order_and_moments(practices, tmp_path):
    versions = [
        item("problem", words(said), tail=f"{status('active')}<recorddatetime>{at}</recorddatetime>")
        for said, at in (("derde", "2021-03-01T08:00:00"), ("eerste", "2019-01-01T08:00:00"), ("tweede", "2020-02-01T08:00:00"))
    ]  # fmt: skip
    found = one(practices, tmp_path, *versions).items("Een", "problem")
    assert [(i.findtext("content/text"), i.findtext("recorddatetime")[:10]) for i in found] == [
        ("derde", "2021-03-01"),
        ("eerste", "2019-01-01"),
        ("tweede", "2020-02-01"),
    ]


def test_several_issues_of_one_prescription_are_several(practices, tmp_path):
    issue = item("medication", words("amoxicilline"), begin="2020-02-03")
    issues = [
        transaction(issue, date=date, kind="pharmaceuticalprescription")
        for date in ("2020-02-03", "2020-03-03", "2020-02-03")
    ]
    carried = Carried(practices, tmp_path, export(folder("Een", *issues)))
    assert len(carried.items("Een", "medication")) == 3
    (chart,) = carried.charts["Een"]
    dates = [
        t.findtext("date")
        for t in chart.iter("transaction")
        if "pharmaceuticalprescription" in [c.text for c in t.findall("cd")]
    ]
    assert sorted(dates) == ["2020-02-03", "2020-02-03", "2020-03-03"]


@pytest.mark.parametrize("state", ["stopped", "cancelled", "suspended", "completed", "active"])
def test_the_state_of_a_repeat_medication_is_kept(state, practices, tmp_path):
    chronic = f"<temporality>{code('chronic', 'CD-TEMPORALITY')}</temporality>"
    (found,) = one(practices, tmp_path, item("medication", words("pil"), tail=status(state) + chronic)).items(
        "Een", "medication"
    )
    assert found.findtext("lifecycle/cd") == state
    assert found.findtext("temporality/cd") == "chronic"


@pytest.mark.parametrize(
    ("of", "said"), [("lifecycle", "inactive"), ("lifecycle", "notpresent"), ("certainty", "excluded")]
)
def test_a_resolved_or_refuted_allergy_does_not_become_a_real_one(of, said, practices, tmp_path):
    scheme = {"lifecycle": "CD-LIFECYCLE", "certainty": "CD-CERTAINTY"}[of]
    (found,) = one(
        practices, tmp_path, item("allergy", words("penicilline"), tail=f"<{of}>{code(said, scheme)}</{of}>")
    ).items("Een", "allergy")
    assert found.findtext(f"{of}/cd") == said


def test_no_known_allergy_is_something_else_than_nothing_recorded(practices, tmp_path):
    stated = item("allergy", code("Z88.9", "ICD", "10") + words("geen allergie gekend"))
    data = export(folder("Stelt", transaction(stated)), folder("Zwijgt", transaction(words("consult"))))
    carried = Carried(practices, tmp_path, data)
    (found,) = carried.items("Stelt", "allergy")
    assert "geen allergie gekend" in "".join(found.itertext())
    assert carried.items("Zwijgt", "allergy") == []


def test_a_panel_keeps_its_order_with_comments_in_the_middle(practices, tmp_path):
    panel = [
        item("lab", code("Hb", "LOCAL", SL="LAB"), measured("13.5", "g/dl")),
        words("staal licht hemolytisch"),
        item("lab", code("K", "LOCAL", SL="LAB"), measured("4.1", "mmol/l")),
        item("lab", code("Na", "LOCAL", SL="LAB"), measured("140", "mmol/l")),
        words("einde van het panel"),
        item("lab", code("Cl", "LOCAL", SL="LAB"), measured("101", "mmol/l")),
    ]  # fmt: skip
    (chart,) = Carried(
        practices, tmp_path, export(folder("Een", transaction(*panel, kind="labresult")))
    ).charts["Een"]
    (found,) = [t for t in chart.iter("transaction") if "labresult" in [cd.text for cd in t.findall("cd")]]
    said = [
        node.text if node.tag == "text" else next(cd.text for cd in node.iter("cd") if cd.get("SL") == "LAB")
        for node in found
        if node.tag in ("text", "item")
    ]
    assert said == ["Hb", "staal licht hemolytisch", "K", "Na", "einde van het panel", "Cl"]


def test_a_name_with_swapped_parts_is_neither_corrected_nor_joined(practices, tmp_path):
    swapped = folder("Ann", transaction(words("b"))).replace("<firstname>Ann", "<firstname>Peeters")
    carried = Carried(practices, tmp_path, export(folder("Peeters", transaction(words("a"))), swapped))
    ((one_chart,), (other,)) = carried.charts["Peeters"], carried.charts["Ann"]
    assert one_chart.findtext(".//patient/firstname") == "Ann"
    assert other.findtext(".//patient/firstname") == "Peeters"


def test_a_patient_of_ten_thousand_and_one_items_has_them_all(practices, tmp_path):
    many = [item("problem", words(f"nummer {n}")) for n in range(10_001)]
    found = one(practices, tmp_path, *many).items("Een", "problem")
    assert [i.findtext("content/text") for i in found] == [f"nummer {n}" for n in range(10_001)]
