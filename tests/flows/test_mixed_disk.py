"""A disk as practices have it, migrated in one run under a narrower instruction: nothing in scope is missing, nothing else is in it."""

from __future__ import annotations

import base64
import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from lxml import etree
from support.practice_in_process import Package, Practices

from connectors.base import Limits, Tiling
from connectors.inventory.registry import counter_for
from connectors.opening import open_source
from connectors.registry import choose

ONE, OTHER = "85073003328", "93051822361"
SECRET = "Geheimenis"
"""Stands in each original of the patient who was last seen before the instruction's day, and nowhere else."""
JAN, SECRET_NAME = ("Peeters", "Jan", "M", "30071985", ONE), (SECRET, "Els", "F", "18051993", OTHER)
TERMS = {
    "patients": {"mode": "seen_since", "since": "2015-01-01"},
    "ceilings": {"degraded_permille": 1000, "quarantined_permille": 1000},
}


def healthone(who: tuple[str, ...], value: str, day: str, code: str = "GLU") -> bytes:
    name, first, sex, birth, number = who
    said = f"{code} {SECRET}" if name == SECRET else code
    lines = (
        "A1\\1\\Labo Voorbeeld\\", f"A2\\1\\{name}\\{first}\\{sex}\\{birth}\\", f"A5\\1\\\\{number}\\",
        f"A4\\1\\Modelarts Piet\\{day}\\\\C\\", f"L1\\1\\{code}\\{said}\\70 - 100\\mg/dl\\\\{value}\\", "END",
    )  # fmt: skip
    return "\r\n".join([*lines, ""]).encode("cp850")


def medidoc(*people: tuple[tuple[str, ...], str, str]) -> bytes:
    head = "W841|LABO VOORBEELD|STRAAT 1|8400 OOSTENDE||||RIZIV 8/12345/30/998|202602021130|1/12345/78/004|MODELARTS PIET"
    lines = head.replace("||||", "||").split("|")
    for (name, first, sex, birth, number), value, day in people:
        born = birth[4:] + birth[2:4] + birth[:2]
        lines += [
            f"#A{number}",
            f"{name.upper():24}{first.upper()}",
            born,
            "Y" if sex == "M" else "X",
            day,
            f"R{value}",
            "C",
        ]
        lines += [
            "STRAAT 1",
            "1000",
            "BRUSSEL",
            "#Ra",
            "13705A.B",
            f"={value}",
            "79",
            "=",
            "\\13.2 - 17.3",
            "#R/",
            "#A/",
        ]
    return "\r\n".join([*lines, "#/", ""]).encode("cp850")


def hl7(who: tuple[str, ...], value: str, day: str) -> bytes:
    name, first, sex, birth, number = who
    born = birth[4:] + birth[2:4] + birth[:2]
    lines = (
        f"MSH|^~\\&|LIS|LABO|EMD|PRAKTIJK|{day}113000||ORU^R01|{value}|P|2.5", f"PID|1||{number}^^^RRN^NN||{name}^{first}||{born}|{sex}",
        f"OBR|1|A|R{value}|HEMA^Hematologie^L|||{day}091500||||||||||||||||||F", f"OBX|1|NM|HB^Hemoglobine^L||{value}|g/dL|13-17|N|||F",
    )  # fmt: skip
    return "\r".join([*lines, ""]).encode()


def fhir(who: tuple[str, ...], value: str, day: str) -> bytes:
    name, first, sex, birth, number = who
    ssin = "https://www.ehealth.fgov.be/standards/fhir/core/NamingSystem/ssin"
    patient = {
        "resourceType": "Patient", "id": "p", "identifier": [{"system": ssin, "value": number}],
        "name": [{"family": name, "given": [first]}], "gender": "male" if sex == "M" else "female",
        "birthDate": f"{birth[4:]}-{birth[2:4]}-{birth[:2]}",
    }  # fmt: skip
    observation = {
        "resourceType": "Observation", "id": "o", "status": "final", "subject": {"reference": "Patient/p"},
        "code": {"text": "Ferritine"}, "valueQuantity": {"value": float(value), "unit": "ng/mL"},
    }  # fmt: skip
    report = {
        "resourceType": "DiagnosticReport", "id": "r", "status": "final", "subject": {"reference": "Patient/p"},
        "code": {"text": "Labo"}, "effectiveDateTime": day, "result": [{"reference": "Observation/o"}],
    }  # fmt: skip
    entries = [{"resource": each} for each in (patient, report, observation)]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def mail(attachment: bytes) -> bytes:
    head = b"From: labo@example.be\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nIn bijlage.\r\n--x\r\n"
    part = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + part + base64.encodebytes(attachment) + b"--x--\r\n"


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def folder(who: tuple[str, ...], number: int, year: str, *contents: str) -> str:
    name, first, sex, birth, inss = who
    made = "".join(
        f'<transaction><id S="ID-KMEHR" SV="1.0">{at}</id><cd S="CD-TRANSACTION" SV="1.4">labresult</cd><date>{year}-03-0{at}</date>'
        "<time>10:00:00</time><author><hcparty><cd S='CD-HCPARTY' SV='1.0'>orglaboratory</cd><name>Labo</name></hcparty></author>"
        f"<iscomplete>true</iscomplete><isvalidated>true</isvalidated>{content}</transaction>"
        for at, content in enumerate(contents, 1)
    )
    return (
        f'<folder><id S="ID-KMEHR" SV="1.0">{number}</id><patient><id S="INSS" SV="1.0">{inss}</id><firstname>{first}</firstname>'
        f"<familyname>{name}</familyname><birthdate><date>{birth[4:]}-{birth[2:4]}-{birth[:2]}</date></birthdate><sex>"
        f"<cd S='CD-SEX' SV='1.0'>{'male' if sex == 'M' else 'female'}</cd></sex></patient>{made}</folder>"
    )


def attached(data: bytes) -> str:
    return f'<lnk TYPE="multimedia">{base64.b64encode(data).decode()}</lnk>'


def text(data: bytes) -> str:
    return f'<text L="nl">{data.decode("cp850")}</text>'


HEAD = """<kmehrmessage xmlns="http://www.ehealth.fgov.be/standards/kmehr/schema/v1"><header><standard><cd S="CD-STANDARD" SV="1.4">20110701</cd>
</standard><id S="ID-KMEHR" SV="1.0">1</id><date>2026-01-01</date><time>10:00:00</time><sender><hcparty><id S="ID-HCPARTY" SV="1.0">11234578004</id>
<cd S="CD-HCPARTY" SV="1.0">persphysician</cd><firstname>Bob</firstname><familyname>Specimen</familyname></hcparty><hcparty>
<cd S="CD-HCPARTY" SV="1.0">application</cd><name>OldSoft</name></hcparty></sender><recipient><hcparty><cd S="CD-HCPARTY" SV="1.0">application</cd>
<name>gp-software-migration</name></hcparty></recipient></header>"""
NEW, OLD = "01032020", "01032010"
STRANGER = ("Janssens", "Piet", "M", "01011950", "50010100182")
IN_SMF = {
    "as it is": healthone(JAN, "91", NEW),
    "gzip": gzip.compress(healthone(JAN, "92", NEW)),
    "zip": zipped({"a.lab": healthone(JAN, "93", NEW), "b.txt": b"junk"}),
    "mail": mail(healthone(JAN, "94", NEW)),
    "of a stranger": gzip.compress(healthone(STRANGER, "66666", NEW)),
    "base64 twice": base64.encodebytes(healthone(JAN, "95", NEW)),
}
SMF = (
    HEAD
    + folder(JAN, 1, "2020", text(healthone(JAN, "90", NEW)), *map(attached, IN_SMF.values()),
             text(base64.encodebytes(gzip.compress(healthone(JAN, "96", NEW)))))
    + folder(SECRET_NAME, 2, "2010", text(healthone(SECRET_NAME, "77777", OLD)), attached(gzip.compress(healthone(SECRET_NAME, "77777", OLD))))
    + "</kmehrmessage>"
).encode()  # fmt: skip
TWO_MAILS = medidoc((JAN, "14.1", "20200301"), (SECRET_NAME, "77777", "20100301"))
BATCH = [hl7(JAN, "14.2", "20200301"), hl7(SECRET_NAME, "77777", "20100301"), hl7(JAN, "14.3", "20200302")]
TWO_FORMATS = healthone(JAN, "97", NEW) + hl7(JAN, "14.4", "20200303").replace(b"\r", b"\r\n")
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 20
INDEX = [
    "bestand;niss;datum;titel\r\n",
    f"een.pdf;{ONE};2020-03-01;Verslag\r\n",
    f"twee.pdf;{OTHER};2010-03-01;{SECRET}\r\n",
    f"weg.pdf;{ONE};2020-03-04;Verdwenen\r\n",
    f"ook weg.pdf;{OTHER};2010-03-04;{SECRET}\r\n",
]
FILES = {
    "export.xml": SMF,
    "labo/mail.txt": TWO_MAILS,
    "labo/two formats.bin": TWO_FORMATS,
    f"brieven/{ONE}/2020-03-01 Ontslagbrief.txt": "Geachte collega, alles gaat goed. Groeten".encode("cp1252"),
    f"brieven/{ONE}/2020-03-02 Labo.eml": mail(healthone(JAN, "98", NEW)),
    f"brieven/{OTHER}/2010-03-01 Brief.rtf": b"{\\rtf1 " + SECRET.encode() + b"}",
    "scans/een.pdf": PDF + b"een",
    "scans/twee.pdf": PDF + SECRET.encode(),
    "scans/index.csv": "".join(INDEX).encode(),
    "scans/whose.pdf": PDF + b"whose",
    "polyglot.pdf": PDF + zipped({"a": b"b"}),
    "old/all.zip": zipped({
        "more.tar.gz": tarred({"batch.hl7": b"".join(BATCH), "bundle.json": fhir(JAN, "88.5", "2020-03-01")}),
        "bundle.json": fhir(SECRET_NAME, "77777", "2010-03-01").replace(b"Ferritine", SECRET.encode()),
        "een.jpg": b"\xff\xd8\xff\xe0 a picture",
        "een.json": json.dumps({"niss": ONE, "date": "2020-03-05", "titel": "Foto"}).encode(),
    }),
    "Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "junk.bin": bytes(range(256)) * 3,
    "leeg.txt": b"",
}  # fmt: skip


@pytest.fixture(scope="module")
def disk(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("disk")
    for name, data in FILES.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(data)
    return made


@pytest.fixture(scope="module")
def package(disk, tmp_path_factory) -> Package:
    found = Practices(tmp_path_factory.mktemp("home"), **TERMS).carry(disk)
    assert found.error is None, found.error.code
    return found


def trees(package: Package) -> list[etree._Element]:
    found = [etree.fromstring(data) for data in package.charts.values()]
    for tree in found:
        for each in tree.iter():
            each.tag = etree.QName(each).localname
    return found


def originals(package: Package) -> list[bytes]:
    links = [link for tree in trees(package) for link in tree.iter("lnk") if link.text]
    return [base64.b64decode(link.text) for link in links] + list(package.report.values())


def test_each_file_is_tiled(disk):
    seen = {}
    for file in open_source(disk, Limits()):
        connector = choose(file)
        if connector is None:
            continue
        (tiling,) = [
            each
            for each in counter_for(connector.name).count(file, 1, bytes(32), Limits())
            if isinstance(each, Tiling)
        ]
        assert tiling.unit_bytes + tiling.structural_bytes + sum(tiling.ignored_bytes.values()) == file.size
        seen[connector.name] = seen.get(connector.name, 0) + 1
    assert seen == {
        "kmehr": 1, "medidoc": 1, "healthone": 1, "document": 6, "hl7": 1, "fhir": 2, "sidecar": 2,
    }  # fmt: skip


def test_every_original_in_scope_is_there_byte_for_byte(package):
    found = originals(package)
    head = TWO_MAILS.index(b"#A")
    second = TWO_MAILS.index(b"#A", TWO_MAILS.index(b"#A/") + 3)
    for each in (
        *IN_SMF.values(), TWO_MAILS[:second], BATCH[0], BATCH[2], TWO_FORMATS, fhir(JAN, "88.5", "2020-03-01"), PDF + b"een",
        PDF + b"whose", FILES["polyglot.pdf"], b"\xff\xd8\xff\xe0 a picture", FILES["junk.bin"], FILES["Thumbs.db"], INDEX[1].encode(),
        *(data for name, data in FILES.items() if name.startswith(f"brieven/{ONE}")),
    ):  # fmt: skip
        assert found.count(each) == 1, each[:60]
    assert head > 0


def test_its_results_are_items_wherever_they_lay(package):
    numbers = {each.text for tree in trees(package) for each in tree.iter("decimal")}
    for value in ("90", "91", "92", "93", "94", "95", "96", "97", "98", "14.1", "14.2", "14.3", "88.5"):
        assert value in numbers, value
    assert "66666" not in numbers
    points = json.loads(package.report["work-list.json"])["points"]
    reasons = [each["reason"] for each in points]
    assert reasons.count("message_of_another") == 1
    assert "dangling_link" in reasons


def test_not_one_byte_of_a_patient_out_of_scope(package):
    everything = [*package.charts.values(), *originals(package)]
    opened = [gzip.decompress(each) for each in everything if each[:2] == b"\x1f\x8b"]
    for each in (*everything, *opened):
        for said in (SECRET, SECRET.upper(), OTHER, "77777"):
            assert said.encode() not in each
            assert base64.b64encode(said.encode())[:-2] not in each
