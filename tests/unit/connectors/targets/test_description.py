"""`describe` names everything that the writer writes, and nothing that the official schemas do not have."""

from __future__ import annotations

import json

import msgspec
import pytest
from delivering import read, write
from official_types import official_table
from support.importer import Importer, failed_checks, parsed

from connectors.base import Limits
from connectors.inventory.facts.tiles import RULES
from connectors.opening import open_source
from connectors.targets import medinect
from connectors.targets.description import describe, page
from connectors.targets.tree import Node, leaf, wrap
from schemas.package_description import PackageDescription
from schemas.texts import LANGUAGES
from trial.practice.write import write_practice

ANYTHING = "xsd:anyType"


@pytest.fixture(scope="module")
def description():
    made = msgspec.json.encode(describe("profile", RULES))
    assert msgspec.json.decode(made, type=PackageDescription)
    return json.loads(made)


def charts_of(path):
    for file in open_source(path, Limits()):
        source = read(file)
        for patient in source.patients:
            yield parsed(write(source, patient)[2])


@pytest.fixture(scope="module")
def trees(shared, tmp_path_factory):
    """The charts of all samples, and of a trial with defects."""
    folder = tmp_path_factory.mktemp("trial")
    write_practice(folder, patients=12, defects=True)
    sources = [
        p
        for kind in ("kmehr", "healthone", "medar", "medidoc")
        for p in sorted((shared / "samples" / kind).rglob("*"))
    ]
    found = [
        tree
        for path in sources
        if path.is_file() and "expected" not in path.parts
        for tree in charts_of(path)
    ]
    return [*found, *charts_of(folder / "export-0001.xml")]


def test_all_that_is_written_is_described(description, trees):
    importer = Importer(description)
    assert set().union(*(importer.unlike(tree) for tree in trees)) == set()
    assert len(trees) > 45
    written = {"MF-ID", "REPRISE-FILLED", "REPRISE-TRANSACTION", "REPRISE-MESSAGE", "REPRISE-DERIVED"}
    assert written <= {name for name, times in importer.seen.items() if times}
    assert sum(times > 0 for times in importer.seen.values()) > 150
    assert set().union(*(failed_checks(tree, b"") for tree in trees)) == set()


def admits(table, release, type_name, name):
    """Whether the official files of a release have such a child."""
    known = table[release].get(type_name)
    return known is None or known.get("base") == ANYTHING or name in known["children"]


def test_all_that_is_described_is_in_the_official_schemas(description, shared):
    table = official_table(shared / "xsd")
    newest = table["1.43"]
    for each in description["types"]:
        known = newest[each["name"]]
        for child in each["children"]:
            assert known["children"][child["element"]] == child["type"]
            assert admits(table, "1.7", each["name"], child["element"]), (each["name"], child["element"])
        for attribute in each["attributes"]:
            kind, _, fixed = known["attributes"][attribute["name"]]
            allowed = [fixed] if fixed is not None else newest.get(kind, {}).get("enum")
            assert not attribute["values"] or set(attribute["values"]) <= set(allowed or attribute["values"])
        assert set(each["values"]) <= set(newest.get(known.get("base", ""), {}).get("enum", each["values"]))


def more_in_the_header(monkeypatch):
    made = medinect.header_node
    urgency = wrap("urgency", leaf("cd", "normal", S="CD-URGENCY", SV="1.0"))
    monkeypatch.setattr(medinect, "header_node", lambda *of: wrap("header", *made(*of).children, urgency))
    return "urgency in headerType"


def a_second_recipient(monkeypatch):
    made = medinect.header_node
    monkeypatch.setattr(
        medinect, "header_node", lambda *of: wrap("header", *made(*of).children, made(*of).children[-1])
    )
    return "2 recipient in headerType"


def an_attribute(monkeypatch):
    made = medinect.Chart._loose
    link = Node("lnk", {"TYPE": "multimedia", "nullFlavor": "NI"})
    monkeypatch.setattr(medinect.Chart, "_loose", lambda *of: [*made(*of), link])
    return "nullFlavor=... of lnk"


def a_mark(monkeypatch):
    made = medinect.patient_node

    def more(*of):
        patient, filled = made(*of)
        mark = leaf("id", "x", S="LOCAL", SV="run-0123456789abcdef", SL="REPRISE-NEW")
        patient.children.insert(0, mark)
        return patient, filled

    monkeypatch.setattr(medinect, "patient_node", more)
    return "mark REPRISE-NEW of id"


def a_kind(monkeypatch):
    monkeypatch.setattr(medinect, "set_kind", lambda *_, **__: None)
    return "transaction of kind sumehr"


def a_filler(monkeypatch):
    made = medinect.fill_transaction

    def more(children, author, *, empty_body):
        filled = made(children, author, empty_body=empty_body)
        marks = [child for child in children if child.attributes.get("SL") == "REPRISE-FILLED"]
        for mark in marks:
            mark.text += " expirationdate"
        return filled

    monkeypatch.setattr(medinect, "fill_transaction", more)
    return "filled expirationdate of transaction"


@pytest.mark.parametrize(
    "mutant",
    [more_in_the_header, a_second_recipient, an_attribute, a_mark, a_kind, a_filler],
    ids=lambda each: each.__name__,
)
def test_a_writer_that_writes_more_is_caught(mutant, description, shared, monkeypatch):
    sources = [
        *sorted((shared / "samples/kmehr/freehealth").glob("*.xml")),
        shared / "samples/healthone/healthone-lab-cp850.lab",
    ]
    said = mutant(monkeypatch)
    found = set().union(*(Importer(description).unlike(tree) for path in sources for tree in charts_of(path)))
    assert said in found


def test_a_change_of_a_table_changes_the_description(monkeypatch, description):
    monkeypatch.setattr("connectors.targets.description.UNITS", frozenset({"mmhg", "other"}))
    changed = describe("profile", RULES)
    assert changed.units.written == ["mmhg", "other"] != description["units"]["written"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_names_every_type_mark_and_check_once(language, description):
    made = b"".join(page(describe("profile", RULES), language, {"charts": 3, "delivered": 5})).decode()
    shown = [each["name"] for each in description["types"] if each["children"] or each["anything"]]
    assert all(made.count(f'<h3 id="{name}">') == 1 for name in shown)
    assert all(mark["label"] in made for mark in description["marks"])
    assert all(each["system"] in made for each in description["code_systems"])
    assert made.count("<li>") == len(description["checks"]) + len(description["left_out"])
    assert "None" not in made
    assert "<script" not in made
