"""HL7 v2 on its way into charts: what arrives, which version counts, and that nothing invented or altered passes."""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from pathlib import Path

import pytest
from delivering import read, recount, write
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from test_flat_properties import agree

from connectors.base import SourceFile
from connectors.inventory.message_formats import read_all
from connectors.sources.message_formats import parse_messages

VECTORS = Path(__file__).parents[3] / "vectors" / "messages" / "hl7"
HEADER = "MSH|^~\\&|LIS|LABO|||{sent}||ORU^R01|1|P|2.5"
BOB = "PID|1||||Specimen^Bob||19850730|M|||||||||||85073003328"


def source_of(data: bytes):
    return read(SourceFile(1, len(data), lambda: io.BytesIO(data)))


def chart_of(data: bytes, *patients: int):
    outcome, account, out = write(source_of(data), *(patients or (1,)))
    assert account.problems == []
    return etree.fromstring(out, etree.XMLParser(huge_tree=True)), outcome, out


def message(*segments: str, sent: str = "20260101120000") -> str:
    return "\r".join((HEADER.format(sent=sent), BOB, *segments, ""))


def test_a_result_arrives_with_everything_that_it_states():
    chart, _, _ = chart_of((VECTORS / "lab.txt").read_bytes())
    item = next(i for i in chart.iter("{*}item") if i.findtext("{*}cd[@S='CD-LAB']") == "718-7")
    assert [cd.text for cd in item.findall("{*}cd")] == ["lab", "HB", "718-7"]
    assert item.find("{*}cd[@SL='HL7']").get("DN") == "Hemoglobine"
    assert item.findtext("{*}content/{*}decimal") == "14.7"
    assert item.findtext("{*}content/{*}unit/{*}cd") == "g/dl"
    assert item.findtext("{*}content/{*}minref/{*}decimal") == "13.2"
    assert item.findtext("{*}content/{*}maxref/{*}decimal") == "17.3"
    assert item.findtext("{*}severity/{*}cd") == "normal"


def test_a_document_is_attached_beside_the_message():
    data = (VECTORS / "lab.txt").read_bytes()
    chart, _, _ = chart_of(data)
    links = [etree.tostring(link, method="text") for link in chart.iter("{*}lnk")]
    held = [base64.b64decode(link) for link in links]
    assert held[0] == data
    assert [content[:5] for content in held[1:]] == [b"%PDF-"]
    assert chart.findall(".//{*}lnk")[1].get("MEDIATYPE") == "application/pdf"


def test_a_document_of_some_size_is_attached():
    content = b"%PDF-" + bytes(5 << 20)
    data = message(
        f"OBX|1|ED|SCAN^Scan||^application^pdf^Base64^{base64.b64encode(content).decode()}"
    ).encode()
    chart, _, _ = chart_of(data)
    sizes = [len(base64.b64decode("".join(link.itertext()))) for link in chart.iter("{*}lnk")]
    assert sizes == [len(data), len(content)]


@pytest.mark.parametrize(("number", "kind"), [(1, "admission"), (2, "discharge")])
def test_a_notice_keeps_its_kind(number, kind):
    chart, _, _ = chart_of((VECTORS / "notices.txt").read_bytes(), number)
    codes = [(cd.get("S"), cd.get("SL"), cd.text) for cd in chart.findall(".//{*}transaction/{*}cd")]
    assert ("LOCAL", "REPRISE-TRANSACTION", kind) in codes


def test_a_bad_message_of_a_batch_is_rejected_alone():
    source = source_of((VECTORS / "batch.txt").read_bytes())
    assert source.patients == [1, 4, 5]
    reasons = Counter((reject.patient, reject.reason.value) for reject in source.rejects)
    assert reasons == {(2, "not_well_formed"): 3, (3, "patient_unknown"): 2}
    assert {reject.unit for reject in source.rejects} == set(source.of(2, 3))


def test_an_original_holds_no_other_patient():
    data = (VECTORS / "batch.txt").read_bytes()
    pieces = [each.data for each in parse_messages("hl7", data)]
    assert b"Marc" not in pieces[3]
    assert b"Anne" not in pieces[4]
    header = pieces[3][: pieces[3].index(b"PID")]
    assert pieces[4].startswith(header)
    assert b"".join((*pieces[:4], pieces[4][len(header) :])) == data


@pytest.mark.parametrize(
    ("above", "divided"),
    [(["NTE|1||x"] * 99, True), (["NTE|1||x"] * 100, False), (["x" * 65_000], True), (["x" * 65_600], False)],
)
def test_a_header_that_is_too_long_is_not_repeated(above, divided):
    lines = [
        HEADER.format(sent="20260101"),
        *above,
        BOB,
        "OBX|1|NM|A^A||1",
        BOB.replace("Bob", "Eve"),
        "OBX|1|NM|A^A||2",
    ]
    data = "\r".join((*lines, "")).encode()
    read_messages, counted = parse_messages("hl7", data), list(read_all("hl7", data))
    refused = [None, None] if divided else ["patient_unknown"]
    assert [each.refused for each in read_messages] == refused
    assert [each.is_refused for each in counted] == [not divided] * len(refused)
    assert [len(each.pieces) for each in read_messages] == [len(each.pieces) for each in counted]
    if not divided:
        source = source_of(data)
        assert b"".join(reject.raw.reveal() for reject in source.rejects) == data
        assert {reject.unit for reject in source.rejects} == set(source.counted)


GLUCOSE = "OBX|1|NM|GLU^Glucose||{value}|mg/dl|||||{status}"
SODIUM = "OBX|2|NM|NA^Sodium||140|mmol/l|||||F"


@pytest.mark.parametrize(
    ("second", "items"),
    [
        (["OBR|1||7|P|||||||||||||||||||||C", GLUCOSE.format(value=95, status="C"), SODIUM], ["95", "140"]),
        # A correction of one result leaves the other one: both versions give their items.
        (["OBR|1||7|P|||||||||||||||||||||C", GLUCOSE.format(value=95, status="C")], ["92", "140", "95"]),
        (["OBR|1||7|P|||||||||||||||||||||P", GLUCOSE.format(value=95, status="P"), SODIUM], ["92", "140", "95", "140"]),
        (["OBR|1||8|P|||||||||||||||||||||F", GLUCOSE.format(value=95, status="F"), SODIUM], ["92", "140", "95", "140"]),
    ],
)  # fmt: skip
def test_a_later_version_replaces_what_it_states(second, items):
    first = message("OBR|1||7|P|||||||||||||||||||||F", GLUCOSE.format(value=92, status="F"), SODIUM)
    data = (first + message(*second, sent="20260102120000")).encode()
    chart, _, _ = chart_of(data, 1, 2)
    assert [d.text for d in chart.findall(".//{*}item/{*}content/{*}decimal")] == items


@pytest.mark.parametrize(
    ("status", "state"),
    [("F", None), ("C", None), ("", None), ("I", "pending"), ("P", "pending"), ("S", "pending"), ("R", "pending"),
     ("X", "cancelled"), ("D", "cancelled"), ("W", "cancelled")],
)  # fmt: skip
def test_the_status_of_a_result(status, state):
    chart, outcome, _ = chart_of(message(GLUCOSE.format(value=92, status=status)).encode())
    item = chart.find(".//{*}item[{*}cd='lab']")
    assert (item.findtext("{*}iscomplete") == "false") == (state == "pending")
    assert (item.findtext("{*}lifecycle/{*}cd") == "cancelled") == (state == "cancelled")
    assert [found.reason for found in outcome.findings] == (
        ["result_withdrawn"] if status in "DW" and status else []
    )


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", r"a|b^c&d~e\f"), (r"a\.br\b", "a\nb"), (r"a\.sp2\b", "a\n\nb"), (r"a\.sk3\b", "a   b"),
        (r"\H\strong\N\ word", "strong word"), (r"\X48656C\lo", "Hello"), (r"\XC3A9\t\XC3A9\ ", "été"), (r"\XE9\ ", r"\XE9\ "),
        (r"C:\temp\x", r"C:\temp\x"), (r"\Zxx\ \C2842\ ", r"\Zxx\ \C2842\ "), ("\\\\", "\\\\"), (r"10\S\9/l", "10^9/l"),
        (r"a\.sk20\b", f"a{' ' * 20}b"), (r"a\.sk21\b", r"a\.sk21\b"), (r"a\.sp999\b", r"a\.sp999\b"),
    ],
)  # fmt: skip
def test_escape_sequences(raw, text):
    data = message(f"OBX|1|ST|A^A||{raw}||||||F", "OBX|2|NM|B^B||1|g|||||F").encode()
    (read_message,) = parse_messages("hl7", data)
    (counted,) = read_all("hl7", data)
    assert read_message.results[0].value == counted.results[0].value == text.strip()


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize(
    "header",
    ["MSH|^~\\&", "MSH#*+!?", "MSH|^~\\&#", "MSH|^"],
)
def test_line_ends_and_separators(header, end):
    marks = header[3:]
    signs = (marks[0], *(marks + "|^~\\&"[len(marks) :])[1:5])
    lines = (
        message("OBX|1|CE|A&B^Glucose^L~X||1^eins~2^zwei|mg/dl||A~H|||F")
        .replace("MSH|^~\\&", "MSH|")
        .split("\r")
    )
    table = str.maketrans(dict(zip("|^~\\&", signs, strict=True)))
    lines = [line.translate(table) for line in lines]
    lines[0] = lines[0].replace("MSH" + signs[0], header, 1)
    data = end.join(lines).encode()
    (read_message,) = parse_messages("hl7", data)
    (counted,) = read_all("hl7", data)
    (result,) = read_message.results
    assert (result.label, result.value, result.flag) == ("Glucose", "eins; zwei", "A; H")
    assert result.value == counted.results[0].value


@pytest.mark.parametrize(
    "header",
    ["MSH", "MSH|", "MSH||", "MSH|^~\\&", "MSH|^^\\&|", "MSH|~|", "MSH|^~\\&#!|", "MSH|a~|", "MSH|^~ &|", "MSH^~\\&|x"],
)  # fmt: skip
def test_a_header_without_sound_separators_is_refused(header):
    data = f"FHS|x\r{header}\r{BOB}\r".encode()
    (read_message,) = parse_messages("hl7", data)
    (counted,) = read_all("hl7", data)
    assert read_message.refused == "not_well_formed"
    assert counted.is_refused
    assert len(source_of(data).rejects) == 3


def altered(data: bytes):
    """A chart, and ways in which a faulty writer could have made it."""
    _, _, out = chart_of(data)
    text = out.decode()
    lnk = re.findall(r"<lnk[^>]*>[^<]*</lnk>", text)
    yield text.replace("<decimal>14.7<", "<decimal>14.8<", 1)
    yield text.replace(">718-7</cd>", ">718-8</cd>", 1)
    yield text.replace(lnk[1], "", 1)
    yield text.replace(lnk[1], lnk[1] + lnk[1], 1)
    yield text.replace(lnk[1], lnk[1].replace("JVBERi0xLjQ", "JVBERi0xLjU"), 1)
    yield text.replace(lnk[0], "@").replace(lnk[1], lnk[0]).replace("@", lnk[1])
    yield re.sub("<lifecycle>.*?</lifecycle>", "", text, count=1)
    yield text.replace('<text L="und">Staal', '<text L="und">Stal', 1)
    yield text.replace(">normal</cd>", ">high</cd>", 1)


def test_an_altered_chart_is_detected():
    data = (VECTORS / "lab.txt").read_bytes()
    _, _, out = chart_of(data)
    for chart in altered(data):
        assert chart.encode() != out
        assert "message_differs" in recount(chart.encode()).problems


def test_an_altered_kind_is_detected():
    _, _, out = chart_of((VECTORS / "notices.txt").read_bytes())
    chart = out.replace(b">admission</cd>", b">discharge</cd>")
    assert chart != out
    assert "message_differs" in recount(chart).problems


def moment_of(sent: str) -> str:
    """By what reader and counter order the versions of a report."""
    data = message(sent=sent).encode()
    (read_message,), (counted,) = parse_messages("hl7", data), read_all("hl7", data)
    assert read_message.moment == counted.head.moment
    return read_message.moment[0]


@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        ("20260101120000", "20260101120000"), ("202601011200", "20260101120000"), ("202601011200+0100", "20260101110000"),
        ("20260101003000.2500+0100", "20251231233000.25"), ("20251231233000-0130", "20260101010000"), ("20260101120000.000Z", "20260101120000.000Z"),
        ("20260101", "20260101"), ("20261301120000+0100", "20261301120000+0100"), ("00010101000000+0100", "00010101000000+0100"), ("", ""),
    ],
)  # fmt: skip
def test_versions_are_ordered_in_utc_where_a_zone_is_stated(sent, moment):
    assert moment_of(sent) == moment


@settings(max_examples=150, deadline=None)
@given(
    st.from_regex(
        r"[0-9]{4}(0[1-9]|1[0-3])([0-2][0-9])[0-9]{2,8}(\.[0-9]{0,3})?([+-][0-9]{3,5})?",
        fullmatch=True,
        alphabet="0123456789.+-",
    )
    | st.text("0123456789.+-Z", max_size=20)
)
def test_any_moment_of_sending(sent):
    moment_of(sent)


FIELD = st.one_of(
    st.sampled_from(
        ["", '""', "7", "14,7", "<^0.6", "^1^:^160", "a~b", "A^B^C", "X^Y^LN", "718-7^Hb^LN", "K^Kalium^L^2823-3^K^LN", "suit", "a\\.br\\b", "\\X41\\",
         "Opmerking^Opmerking", "note", "^application^pdf^Base64^JVBERi0x", "^x^y^Hex^4142", "^x^y^A^text", "g/dl", "3-5", "H~A", "20260202", "30/07/1985",
         "202602020915+0100", "F", "I", "X", "W", "P", "LAB", "RAD", "85073003328^^^^NN", "\\", "\x1c", "CM"]
    ),
    st.text("01^~&\\|.brXE-/ é", max_size=8),
)  # fmt: skip
NAME = st.sampled_from(
    ["OBX", "OBX", "OBX", "OBR", "NTE", "PID", "ORC", "PV1", "PV2", "TXA", "DG1", "EVN", "ZZZ", "text"]
)
SEGMENTS = st.lists(st.tuples(NAME, st.lists(FIELD, max_size=26)), max_size=8)
OBSERVATIONS = st.lists(
    st.tuples(
        st.sampled_from(["NM", "SN", "ST", "TX", "FT", "CE", "DT", "ED", "RP", "", "FN"]),
        *[FIELD] * 6,
        st.sampled_from("FICXDWPS"),
    ),
    max_size=6,
)
TYPES = st.sampled_from(
    ["ORU^R01", "MDM^T02", "MDM^T11", "ADT^A01", "ADT^A03", "ADT^A08", "SIU^S12", "", "ORU~x"]
)


@settings(max_examples=250, deadline=None)
@given(
    TYPES,
    SEGMENTS,
    OBSERVATIONS,
    st.sampled_from(["", "8859/1", "UNICODE UTF-8"]),
    st.sampled_from(["utf-8", "latin-1"]),
)
def test_any_observations(kind, segments, observations, charset, codec):
    lines = [f"MSH|^~\\&|A|B|||20260101||{kind}|1|P|2.5||||||{charset}", BOB]
    lines += ["|".join((name, *fields)) for name, fields in segments]
    lines += [
        f"OBX|1|{t}|{name}|{sub}|{value}|{unit}|{limits}|{flag}|||{status}"
        for t, name, sub, value, unit, limits, flag, status in observations
    ]
    agree("hl7", "\r".join(lines).encode(codec, "replace"))
