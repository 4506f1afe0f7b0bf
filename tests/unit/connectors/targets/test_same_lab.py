"""One laboratory report in every format and encoding gives the same rows."""

from __future__ import annotations

import io
import json
import re

import pytest
from delivering import read, write
from lxml import etree

from connectors.base import SourceFile

# label, value, unit, MediDoc's code for it, range, degree, comment
ROWS = (
    ("Hémoglobine", "14,7", "g/dl", "11", "13,2 - 17,3", "", ""),
    ("CRP", "<0,6", "mg/l", "24", "< 5", "", "contrôlé à l'hôpital"),
    ("Créatinine", "1.42", "mg/dl", "22", "0.70 - 1.20", "high", ""),
    ("Aspect", "légèrement trouble", "", "", "", "", ""),
)
PENDING = "Protéines"
HL7_FLAGS = {"": "", "high": "H"}
MEDIDOC_FLAGS = {"": "", "high": "+"}


def healthone() -> str:
    lines = ["A1\\7\\LABO\\", "A2\\7\\Specimen\\Bob\\M\\30071985\\", "A4\\7\\Dr\\02022026\\0915\\P\\"]
    for label, value, unit, _, limits, degree, comment in ROWS:
        lines.append(f"L1\\7\\{label}\\{label}\\{limits}\\{unit}\\{MEDIDOC_FLAGS[degree]}\\{value}\\")
        lines += [f"L1\\7\\{label}\\{label}\\\\\\\\{comment}\\"] if comment else []
    return "\r\n".join((*lines, f"L1\\7\\{PENDING}\\{PENDING}\\\\\\\\suit\\", ""))


def medidoc() -> str:
    lines = [
        "W841",
        "LABO",
        "",
        "",
        "",
        "",
        "20260202",
        "1",
        "X",
        "#A",
        "SPECIMEN                BOB",
        "19850730",
        "Y",
        "20260202",
        "7",
        "P",
    ]
    for label, value, _, code, limits, degree, comment in ROWS:
        mark = value[0] if value[0] in "<>" else "="
        lines += [
            "#Rd",
            f"!{label}",
            mark + value.lstrip("<>"),
            code,
            MEDIDOC_FLAGS[degree],
            f"\\{limits}" if limits else "\\",
        ]
        lines += [comment, "#R/"] if comment else ["#R/"]
    return "\r\n".join((*lines, "#Rd", f"!{PENDING}", "=%%", "", "", "\\", "#R/", "#A/", "#/", ""))


def hl7() -> str:
    lines = [
        "MSH|^~\\&|LIS|LABO|||20260202113000||ORU^R01|1|P|2.5",
        "PID|||||Specimen^Bob||19850730|M",
        "OBR|1||7||||202602020915",
    ]
    for label, value, unit, _, limits, degree, comment in ROWS:
        kind = "NM" if value[0].isdigit() else "SN" if value[0] in "<>" else "ST"
        written = f"{value[0]}^{value[1:]}" if kind == "SN" else value
        lines.append(f"OBX|1|{kind}|{label}^{label}||{written}|{unit}|{limits}|{HL7_FLAGS[degree]}|||F")
        lines += [f"NTE|1||{comment}"] if comment else []
    return "\r".join((*lines, f"OBX|9|NM|{PENDING}^{PENDING}||||||||I", ""))


def fhir() -> str:
    patient = {
        "resourceType": "Patient",
        "id": "p",
        "name": [{"family": "Specimen", "given": ["Bob"]}],
        "birthDate": "1985-07-30",
    }
    report = {
        "resourceType": "DiagnosticReport",
        "effectiveDateTime": "2026-02-02T09:15:00+01:00",
        "status": "partial",
    }
    resources = [patient, report]
    for label, value, unit, _, limits, degree, comment in ROWS:
        number = value.lstrip("<>").replace(",", ".")
        made = {"resourceType": "Observation", "status": "final", "code": {"text": label}}
        if unit:
            made["valueQuantity"] = {"value": f"#{number}#", "unit": unit} | (
                {"comparator": value[0]} if value[0] in "<>" else {}
            )
        else:
            made["valueString"] = value
        if limits:
            low, _, high = limits.replace(",", ".").replace("<", "").rpartition("-")
            bounds = {"low": low.strip(), "high": high.strip()}
            made["referenceRange"] = [
                {name: {"value": f"#{bound}#"} for name, bound in bounds.items() if bound}
            ]
        if degree:
            made["interpretation"] = [{"coding": [{"code": HL7_FLAGS[degree]}]}]
        if comment:
            made["note"] = [{"text": comment}]
        resources.append(made)
    resources.append({"resourceType": "Observation", "status": "registered", "code": {"text": PENDING}})
    bundle = {
        "resourceType": "Bundle",
        "type": "document",
        "entry": [{"resource": each} for each in resources],
    }
    return re.sub('"#(.*?)#"', r"\1", json.dumps(bundle, ensure_ascii=False, indent=1))


WRITERS = {"healthone": healthone, "medidoc": medidoc, "hl7": hl7, "fhir": fhir}
CODECS = ("cp850", "cp1252", "iso8859_15", "utf-8", "utf-16", "utf-16-le", "utf-8-sig")


def rows_of(data: bytes) -> list[tuple]:
    source = read(SourceFile(1, len(data), lambda: io.BytesIO(data)))
    assert source.rejects == []
    _, account, out = write(source, 1)
    assert account.problems == []
    return [row(item) for item in etree.fromstring(out).findall(".//{*}item[{*}cd='lab']")]


def row(item: etree._Element) -> tuple:
    label = next(cd.get("DN") for cd in item.findall("{*}cd") if cd.get("S") == "LOCAL")
    if item.findtext("{*}iscomplete") == "false":
        return (label, "pending")

    def said(path: str) -> list[str | None]:
        return [each.text for each in item.findall(path)]

    return (
        label, said("{*}content/{*}decimal"), said("{*}content/{*}text"), said("{*}content/{*}unit/{*}cd"), said("{*}content/{*}minref/*"),
        said("{*}content/{*}maxref/*"), said("{*}severity/{*}cd"), said("{*}text"),
    )  # fmt: skip


EXPECTED = [
    ("Hémoglobine", ["14.7"], [], ["g/dl"], ["13.2"], ["17.3"], [], []),
    ("CRP", [], ["<0,6"], ["mg/l"], [], ["5"], [], ["contrôlé à l'hôpital"]),
    ("Créatinine", ["1.42"], [], ["mg/dl"], ["0.70"], ["1.20"], ["high"], []),
    ("Aspect", [], ["légèrement trouble"], [], [], [], [], []),
    ("Protéines", "pending"),
]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", sorted(WRITERS))
def test_the_same_rows(name, codec):
    data = WRITERS[name]().encode(codec)
    if name == "fhir" and not codec.startswith("utf-8"):  # JSON is UTF-8: anything else is handed over sealed
        source = read(SourceFile(1, len(data), lambda: io.BytesIO(data)))
        assert source.patients == []
        assert {reject.reason for reject in source.rejects} == {"not_well_formed"}
        return
    # JSON has no number with a comma.
    assert [comma(each) for each in rows_of(data)] == EXPECTED


def comma(found: tuple) -> tuple:
    return tuple(["<0,6"] if part == ["<0.6"] else part for part in found)
