"""HealthOne messages: against the samples' expected values, and against defects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kmehr_rebuilding import Read, file_of
from support.series import sample

from connectors.base import Limits, Verdict
from connectors.registry import by_name
from connectors.sources.flat import lines as flat_lines
from connectors.sources.flat.dates import day_first, flat_date, flat_time, month_first, year_first
from connectors.sources.flat.text import decode_flat
from connectors.sources.healthone.messages import parse_messages, result_rows, split_messages
from schemas.disposition import Disposition, Reason
from schemas.errors import LimitExceededError, RepriseError, UnreadableSourceError

FIELDS = ("code", "name", "range", "unit", "flag", "value")
EXPECTED = ("code", "name", "normal", "unit", "flag", "measure")


def test_samples_read_as_expected(shared: Path) -> None:
    folder = shared / "samples" / "healthone"
    compared = 0
    for path in sorted((folder / "expected").iterdir()):
        expected = json.loads(path.read_text(encoding="utf-8"))
        messages = parse_messages((folder / path.name).read_bytes())
        assert len(messages) == len(expected)
        for message, wanted in zip(messages, expected, strict=True):
            _compare(message, wanted)
            compared += 1
    assert compared >= 5


def _compare(message, wanted) -> None:
    assert message.reference == wanted["reference"].strip()
    assert (message.sender.name or "-") == wanted["identifier"]
    assert [piece.text for piece in message.pieces if piece.kind] == [
        line for line in wanted["lines"] if line.strip() != "END"
    ]
    patient = wanted["patient"]
    who = message.identity
    assert (who.family_name, who.first_name) == (patient["lastname"], patient["firstname"])
    assert (who.sex, who.street, who.postcode, who.town) == (
        patient["sex"], patient["streetandnumber"], patient["zip"], patient["municipality"],
    )  # fmt: skip
    assert (message.status or "unknown") == wanted["status"]
    results = [tuple(getattr(row, name) for name in FIELDS) for row in result_rows(message)]
    assert results == [tuple(each[name] for name in EXPECTED) for each in wanted.get("results", [])]
    text = [line for section in wanted.get("sections", []) for line in section["text"]]
    if text:
        assert [part.text for part in message.parts] == text


def test_own_samples(shared: Path) -> None:
    folder = shared / "samples" / "healthone"
    lab = parse_messages((folder / "healthone-lab-cp850.lab").read_bytes())[0]
    assert (lab.codec, lab.identity.inss, lab.identity.birth) == ("cp850", "93051822460", "1993-05-18")
    assert (lab.status, lab.date, lab.time) == ("partial", "2026-02-02", "09:15:00")
    assert not any("Specimen" in repr(each) for each in (lab, lab.identity, lab.pieces, lab.parts))
    assert [part.text for part in lab.titles] == ["HÉMATOLOGIE"]
    assert [part.text for part in lab.remarks] == ["Contrôlé", "Protocole partiel"]
    assert [(each.label, each.value, each.state) for each in lab.results] == [
        ("Hémoglobine", "10,9", ""), ("Plaquettes", "212", ""), ("T.S.H.", "Résultat suit", "pending"), ("CRP", "<0,6", ""),
    ]  # fmt: skip
    assert lab.results[0].notes == ("Contrôlé",)
    letter = parse_messages((folder / "healthone-report-latin1.rep").read_bytes())[0]
    assert letter.identity.inss == "85073003328"
    assert letter.parts[-1].text == "Besluit: geen afwijkingen. EF > 55% \\ controle 1 jaar"


LAB = (
    b"A1\\7\\LAB\\\r\nA2\\7\\Specimen\\Aline\\F\\18051993\\93051822460\\\r\nA3\\7\\Rue 1\\4000\\Li\x8age\\\r\n"
    b"A4\\7\\Dr\\02022026\\0915\\P\\\r\nL1\\7\\HB\\Hb\\1 - 2\\g\\-\\10,9\\\r\nEND\r\n"
)
LETTER = b"a1\\8\\-\\\nA2\\8\\-\\\\X\\00000000\\\nL5\\8\\DIVER\\\\\\\\\\Text\\\n"


def test_rows_of_messages() -> None:
    data = LAB + LETTER + LAB
    read = Read(data, by_name("healthone"))
    assert [row["unit"] for row in read.rows["patient"]] == ["1/1", "1/2", "1/3"]
    assert [row["name"] for row in read.rows["transaction"]] == ["labresult", "note", "labresult"]
    assert [row["record_kind"] for row in read.rows["transaction"]] == [
        "lab_results",
        "specialist_reports",
        "lab_results",
    ]
    assert b"".join(read.content(f"1/{n}.0") for n in (1, 2, 3)) == data
    assert [row["unit"] for row in read.rows["text"]] == ["1/1.5", "1/2.3", "1/3.5"]
    assert [row["texts"][0] for row in read.rows["text"][:2]] == ["Hb  10,9  g  (1 - 2)  -", "Text"]
    assert ["<iscomplete>false<" in row["xml"] for row in read.rows["transaction"]] == [True, False, True]
    author = (
        '<author><hcparty><cd S="CD-HCPARTY" SV="1.0">orglaboratory</cd><name>LAB</name></hcparty></author>'
    )
    assert [author in row["xml"] for row in read.rows["transaction"]] == [True, False, True]
    first, second = read.rows["patient"][:2]
    assert (first["inss"], first["birth"], first["birth_precision"], first["sex"]) == (
        "93051822460",
        "1993-05-18",
        "date",
        "female",
    )
    assert (second["inss"], second["birth"], second["sex"], second["family_name"]) == (None, None, None, None)
    assert not [row for row in read.rows["patient_field"] if row["patient"] == 2]
    xml = [row["xml"] for row in read.rows["patient_field"] if row["patient"] == 1 and row["owner"] == "1/1"]
    assert xml[0] == '<id S="INSS" SV="1.0">93051822460</id>'
    assert '<text L="und">Rue 1, 4000 Liège</text>' in xml[-1]


def test_admission_and_header() -> None:
    refused = Verdict(Disposition.OUT_OF_SCOPE, Reason.PATIENT_OUT_OF_SCOPE)
    read = Read(LAB + LETTER, by_name("healthone"), lambda path: refused if path == "1/1" else None)
    for table in ("patient", "unit", "document_chunk"):
        assert {row["patient"] for row in read.rows[table]} == {2}
    data = LAB.replace(b"\\LAB\\", b"\\8/12345/30/998\\")
    assert list(by_name("healthone").headers(file_of(data), Limits())) == []  # a laboratory, not who exports


def test_limits_and_emptiness(monkeypatch) -> None:
    read = Read(LAB, by_name("healthone"), limits=Limits(max_unit_bytes=60))
    assert {reject.reason for reject in read.rejects} == {Reason.UNIT_TOO_LARGE}
    monkeypatch.setattr(flat_lines, "HELD_BYTES", 1000)
    with pytest.raises(LimitExceededError):
        Read(b"A1\\" + b"x" * 200_000, by_name("healthone"))
    with pytest.raises(LimitExceededError):
        Read(b"A1\\" + b"x\r\n" * 1000, by_name("healthone"))
    with pytest.raises(UnreadableSourceError):
        Read(b"", by_name("healthone"))


LINES = st.lists(
    st.sampled_from(
        [
            *LAB.splitlines(keepends=True),
            *LETTER.splitlines(keepends=True),
            b"\r",
            b"junk\n",
            b"\\\n",
            b"A2\\\n",
        ]
    )
)


@settings(max_examples=sample(150, 50), deadline=None)
@given(LINES, st.binary(max_size=20))
def test_nothing_is_lost_and_nothing_crashes(lines: list[bytes], noise: bytes) -> None:
    data = b"".join(lines) + noise
    pieces = split_messages(data)
    assert b"".join(pieces) == data
    messages = parse_messages(data)
    assert b"".join(message.data for message in messages) == data
    try:
        read = Read(data, by_name("healthone"))
    except RepriseError:
        return
    assert b"".join(read.content(f"1/{n}.0") for n in range(1, len(pieces) + 2)) == data


@pytest.mark.parametrize(
    ("raw", "not_after", "iso"),
    [
        ("18051993", None, "1993-05-18"), ("150126", "2026-02-01", "2026-01-15"), ("010135", "2019-01-01", "1935-01-01"),
        ("01010001", None, None), ("00000000", None, None), ("31022020", None, None), ("", None, None), ("x", None, None),
    ],
)  # fmt: skip
def test_dates(raw: str, not_after: str | None, iso: str | None) -> None:
    assert flat_date(raw, not_after) == iso


def test_dates_in_other_orders() -> None:
    assert [year_first(raw, "2026-01-01") for raw in ("20260131", "31012026", "190131", "20261301", "000000", "x")] == [
        "2026-01-31", "2026-01-31", "2019-01-31", None, None, None,
    ]  # fmt: skip
    assert [day_first(raw) for raw in ("30/07/1985", "1/2/26", "31/02/2020", "")] == [
        "1985-07-30",
        "2026-02-01",
        None,
        None,
    ]
    assert [month_first(raw) for raw in ("01/15/2026", "15/01/2026", "1/2/26")] == ["2026-01-15", None, None]


def test_times_and_decoding() -> None:
    assert (flat_time("0915"), flat_time("2460"), flat_time("")) == ("09:15:00", None, None)
    assert decode_flat("é".encode()).codec == "utf-8"
    assert decode_flat(b"\xef\xbb\xbfA1").text == "A1"
    assert decode_flat(b"c\x9cur\xa0: \x82t\x82").text == "cœur\u00a0: été"
    assert decode_flat(b"\xe9t\xe9 \x81").text == "été \x81"
    assert decode_flat("é".encode("utf-16")).text == "é"


def test_a_file_may_begin_with_an_a2_line() -> None:
    connector = by_name("healthone")
    for data, certain in (
        (LAB.partition(b"\n")[2], True),
        (b"\xef\xbb\xbf" + LAB.partition(b"\n")[2], True),
        (LAB, True),
        (b"x\n" + LAB, False),
    ):
        found = connector.probe(file_of(data))
        assert found is not None
        assert found.certain is certain
    assert connector.probe(file_of(LAB.partition(b"\n")[2].partition(b"\n")[2])) is None
    read = Read(LAB.partition(b"\n")[2] * 2, connector)
    assert [row["unit"] for row in read.rows["patient"]] == ["1/1", "1/2"]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("L5\\7\\DIVER\\\\\\\\\\Cher confrère,\\\nL5\\7\\DIVER\\\\\\\\\\\\\nL5\\7\\D\\\\\\\\\\ \\ end \\\n", "Cher confrère,\n\n \\ end"),
        ("L5\\7\\D\\in field four\\\nL3\\7\\D\\\\\\\\\\three\nno descriptor \n\nL9\\7\\x\\\nEND\n", "in field four\nthree\nno descriptor\n\nL9\\7\\x\\"),
        ("L1\\7\\T\\  TITLE\\\\\\\\\\\nL1\\7\\A\\Glucose\\70-105\\mg/dl\\+\\131\\\nL1\\7\\A\\\\\\\\C\\remark\\\n", "  TITLE\nGlucose  131  mg/dl  (70-105)  +\nremark"),
        ("", "A1\\7\\LAB\\\n"),
    ],
)  # fmt: skip
def test_the_text_has_no_codes(lines: str, text: str) -> None:
    read = Read(("A1\\7\\LAB\\\n" + lines).encode(), by_name("healthone"))
    assert [row["texts"][0] for row in read.rows["text"]] == [text]
