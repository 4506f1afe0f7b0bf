"""The public samples of the flat formats: what they hold, what arrives, and what another project's parser says of them."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from delivering import read, write
from lxml import etree

from connectors.base import SourceFile
from connectors.inventory.message_formats import read_all
from connectors.sources.message_formats import parse_messages
from connectors.sources.sniffing import recognise
from schemas.medidoc_units import medidoc_units

EXPECTED = json.loads(
    (Path(__file__).parents[3] / "vectors" / "expected" / "flat.json").read_text(encoding="utf-8")
)["files"]
DEGREES = {
    "Normal": "normal", "Increased": "high", "Reduced": "low", "GreatlyIncreased": "veryhigh", "GreatlyReduced": "verylow",
}  # fmt: skip


def test_every_sample_is_listed(shared):
    found = {
        f"{name}/{path.name}"
        for name in ("healthone", "medidoc", "medar", "hl7v2", "fhir")
        for path in (shared / "samples" / name).iterdir()
        if path.is_file() and not path.name.startswith("LICENSE")
    }
    assert set(EXPECTED) == found


@pytest.mark.parametrize("path", sorted(EXPECTED))
def test_a_sample_holds_what_is_stated(shared, path):
    data = (shared / "samples" / path).read_bytes()
    name = recognise(data).format
    assert name == path.partition("/")[0].removesuffix("v2")
    wanted = EXPECTED[path]
    messages, counted = parse_messages(name, data), list(read_all(name, data))
    source = read(SourceFile(1, len(data), lambda: io.BytesIO(data)))
    delivered, warnings = [], 0
    for patient in source.patients:
        outcome, account, out = write(source, patient)
        assert account.problems == []
        assert Counter(unit.digest for unit in account.units) == Counter(
            r["digest"] for r in source.of(patient).values()
        )
        delivered += etree.fromstring(out).findall(".//{*}item[{*}cd='lab']")
        warnings += len(outcome.findings)
    found = {
        "patients": len(source.patients),
        "results": len(delivered),
        "remarks": sum(len(message.remarks) for message in messages),
        "titles": sum(len(message.titles) for message in messages),
        "documents": len(messages),
        "warnings": warnings,
    }
    assert found == wanted
    assert [sum(len(m.results) for m in counted), sum(m.remarks for m in counted), sum(m.titles for m in counted)] == [
        wanted["results"], wanted["remarks"], wanted["titles"],
    ]  # fmt: skip


def items_of(data: bytes) -> list[etree._Element]:
    source = read(SourceFile(1, len(data), lambda: io.BytesIO(data)))
    return [
        item
        for patient in source.patients
        for item in etree.fromstring(write(source, patient)[2]).findall(".//{*}item[{*}cd='lab']")
    ]


def texts(item: etree._Element, path: str) -> list[str]:
    return [each.text or "" for each in item.findall("/".join(f"{{*}}{step}" for step in path.split("/")))]


def bounds(limits: str) -> tuple[list[str], list[str]]:
    """The bounds of a range as the samples write them: two numbers, or one after a comparison."""
    numbers = re.findall(r"\d+(?:[.,]\d+)?", limits)
    numbers = [number.replace(",", ".") for number in numbers]
    if "<" in limits:
        return [], numbers
    return (numbers, []) if ">" in limits else (numbers[:1], numbers[1:])


def arrives(item: etree._Element, label: str, value: str, unit: str, limits: str, degree: str | None) -> bool:
    """Whether label, value, unit, range and flag are each in their place."""
    labels = [code.get("DN") for code in item.findall("{*}cd") if code.get("S") == "LOCAL"]
    number = re.fullmatch(r"\d+(?:[.,]\d+)?", value)
    decimals, said = texts(item, "content/decimal"), texts(item, "content/text")
    units = texts(item, "content/unit/cd")
    known = "".join(unit.split()).casefold()
    in_place = [
        label.strip() in labels,
        decimals == [value.replace(",", ".")] if number else value in ["", *said, *(s.removesuffix(f" {unit}") for s in said)],
        not unit or units == [known] or any(s.endswith(f" {unit}") for s in said) or texts(item, "text") == [unit],
        not limits or (texts(item, "content/minref/decimal"), texts(item, "content/maxref/decimal")) == bounds(limits),
        texts(item, "severity/cd") == ([degree] if degree else []),
        not any("\\" in text for text in texts(item, "text")),
    ]  # fmt: skip
    return all(in_place)


def test_at_least_98_of_100_results_of_healthone_arrive_whole(shared, capsys):
    folder, whole, met = shared / "samples" / "healthone", 0, 0
    for path in sorted((folder / "expected").iterdir()):
        items = items_of((folder / path.name).read_bytes())
        rows = [row for one in json.loads(path.read_text(encoding="utf-8")) for row in one.get("results", [])]
        results, last = [], None
        for row in rows:  # what is a result, told without the reader's code
            bare = not (row["measure"].strip() or row["normal"] or row["unit"])
            key = (row["code"], row["name"])
            remark = (
                row["code"] == "TEXTEF"
                or "Antibiogramme" in row["name"]
                or not row["name"]
                or (key == last and row["flag"] == "C")
            )
            if not bare and not remark:
                results.append(row)
            last = key
        assert len(items) == len(results)
        for item, row in zip(items, results, strict=True):
            degree = {"*": "abnormal"}.get(row["flag"])
            met += 1
            whole += arrives(item, row["name"], row["measure"].strip(), row["unit"], row["normal"], degree)
    with capsys.disabled():
        print(f" [HealthOne: {whole} of {met} whole]", end="")
    assert met == 75
    assert whole >= 0.98 * met


def test_at_least_98_of_100_results_of_medidoc_arrive_whole(shared, capsys):
    folder, whole, met = shared / "samples" / "medidoc", 0, 0
    for path in sorted((folder / "expected").iterdir()):
        items = items_of((folder / path.name).read_bytes())
        results = [
            row
            for one in json.loads(path.read_text(encoding="utf-8"))["documents"]
            for row in one["results"]
            if row["type"] == "a"
        ]
        assert len(items) == len(results)
        for item, row in zip(items, results, strict=True):
            value = row["value"] if row["relation"] == "=" else row["relation"] + row["value"]
            unit = medidoc_units().get(row["unit"], f"[{row['unit']}]")
            met += 1
            degree = DEGREES[row["intensity"]]
            whole += arrives(item, row["title"], value, unit, row.get("referenceValue", ""), degree)
            assert row["unit"] in texts(item, "cd")
            assert texts(item, "text") == (["\n".join(row["comments"])] if row["comments"] else [])
    with capsys.disabled():
        print(f" [MediDoc: {whole} of {met} whole]", end="")
    assert met == 45
    assert whole >= 0.98 * met


def test_medidoc_reads_as_the_other_parser_does(shared):
    folder = shared / "samples" / "medidoc"
    for path in sorted((folder / "expected").iterdir()):
        documents = json.loads(path.read_text(encoding="utf-8"))["documents"]
        messages = parse_messages("medidoc", (folder / path.name).read_bytes())
        for message, wanted in zip(messages, documents, strict=True):
            patient = wanted["patient"]
            who = message.identity
            assert (who.family_name, who.first_name, who.sex) == (
                patient["lastname"],
                patient["firstname"],
                patient["sex"],
            )
            assert who.birth.replace("-", "") == patient["birthdate"]
            assert message.date.replace("-", "") == patient["requestDate"]
            assert message.reference == wanted["meta"]["reference"]
            assert message.status == wanted["meta"].get("status")
            assert (
                message.requestor == f"{wanted['requestor']['firstname']} {wanted['requestor']['lastname']}"
            )
            text = "\n".join(
                line.rstrip() for each in wanted["results"] if each["type"] == "b" for line in each["text"]
            )
            assert re.sub(r"(?m)^\.(?=\s)", " ", text).strip("\n") in message.readable
