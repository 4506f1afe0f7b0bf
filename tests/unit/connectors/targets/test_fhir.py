"""FHIR R4 on its way into charts: numbers as they are written, resources that refer to each other, and altered charts."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import pytest
from delivering import read, recount, write
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree
from test_flat_properties import agree

from connectors.base import SourceFile
from connectors.inventory.message_formats import read_all
from connectors.sources.message_formats import parse_messages

VECTORS = Path(__file__).parents[3] / "vectors" / "messages" / "fhir"
LAB = (VECTORS / "lab.txt").read_bytes()
PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"family": "Specimen", "given": ["Bob"]}]}


def source_of(data: bytes):
    return read(SourceFile(1, len(data), lambda: io.BytesIO(data)))


def chart_of(data: bytes):
    outcome, account, out = write(source_of(data), 1)
    assert account.problems == []
    return etree.fromstring(out), outcome, out


def bundle(*resources: object) -> bytes:
    return json.dumps(
        {"resourceType": "Bundle", "entry": [{"resource": each} for each in (PATIENT, *resources)]}
    ).encode()


def observation(**more: object) -> dict:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "X"}, **more}


def test_a_result_arrives_with_everything_that_it_states():
    chart, _, _ = chart_of(LAB)
    item = next(i for i in chart.iter("{*}item") if i.findtext("{*}cd[@S='CD-LAB']") == "718-7")
    assert item.find("{*}cd[@SL='FHIR']").get("DN") == "Hemoglobine"
    assert item.findtext("{*}content/{*}decimal") == "14.70"
    assert [item.findtext(f"{{*}}content/{{*}}{end}ref/{{*}}decimal") for end in ("min", "max")] == [
        "13.2",
        "17.3",
    ]
    assert item.findtext("{*}severity/{*}cd") == "normal"
    held = [base64.b64decode(etree.tostring(link, method="text")) for link in chart.iter("{*}lnk")]
    assert held[0] == LAB
    assert [content[:5] for content in held[1:]] == [b"%PDF-"]


@pytest.mark.parametrize(
    "number", ["0.10", "100000000000000000000.5", "1e-7", "0", "-0.0", "12345678901234567890"]
)
def test_a_number_is_delivered_as_it_is_written(number):
    data = bundle(observation(valueQuantity={"value": 7})).replace(b": 7}", f": {number}}}".encode())
    (message,) = parse_messages("fhir", data)
    (counted,) = read_all("fhir", data)
    assert message.results[0].value == counted.results[0].value == number
    chart_of(data)


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        ([{"resourceType": "AllergyIntolerance"}], "resource_not_read"),
        ([observation(valueSampledData={"data": "1 2"})], "resource_not_read"),
        ([{"resourceType": "DiagnosticReport", "contained": [{"resourceType": "Device"}]}], "resource_not_read"),
        ([{"resourceType": "DocumentReference", "content": [{"attachment": {"url": "Binary/none"}}]}], "document_not_held"),
        ([{"resourceType": "Binary", "data": "!"}], "document_unreadable"),
        ([{"resourceType": "DiagnosticReport", "status": "cancelled"}], "message_cancels"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_on_the_work_list(resources, reason):
    _, outcome, _ = chart_of(bundle(*resources))
    assert [found.reason for found in outcome.findings] == [reason]


@pytest.mark.parametrize(
    "data",
    [
        b'{"resourceType": "Bundle", "entry": [}', b'{"resourceType": "Bundle"} x', b'{"resourceType": "Patient", "a": NaN}',
        b'{"resourceType": "Patient", "id": "\xe9"}', b'{"resourceType": "Patient", "a": ' + b"[" * 70 + b"]" * 70 + b"}",
        b'{"resourceType": "Bundle", "a\\', b'{"resourceType": "Bundle", "{\\"[\\', b'{"resourceType": "Bundle"}', bundle(PATIENT), bundle(observation(subject={"reference": "Patient/other"})), b'{"resourceType": "Patient"} ["x"]',
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_handed_over_whole(data):
    source = source_of(data)
    assert source.patients == []
    (reject,) = source.rejects
    assert reject.raw.reveal() == data
    assert set(source.counted) == {reject.unit}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("&#65;&#0000000065;&#x41;", "AAA"), ("&#" + "0" * 5000 + "65;b", "Ab"), ("&#" + "7" * 5000 + ";b", "\ufffdb"), ("&#12345678b", "\ufffdb"),
        ("&#x" + "f" * 5000 + ";b", "\ufffdb"), ("&#" + "0" * 9 + ";b", "\ufffdb"), ("a<<b>c<d", "a c<d"), ("<" * 3, "<<<"), ("a<br x=1>b", "a\nb"),
    ],
)  # fmt: skip
def test_a_narrative_is_read_alike_by_both(raw, said):
    data = bundle({"resourceType": "Composition", "section": [{"text": {"div": raw}}]})
    (message,) = parse_messages("fhir", data)
    (counted,) = read_all("fhir", data)
    assert message.readable == counted.readable == said


def test_a_reference_inside_a_resource_names_the_first_with_that_id():
    inner = [observation(id=id_, valueString=said) for id_, said in (("a", "1"), ("a", "2"), ("b", "3"))]
    data = bundle(observation(contained=inner, hasMember=[{"reference": f"#{at}"} for at in ("b", "a", "c")]))
    (message,) = parse_messages("fhir", data)
    (counted,) = read_all("fhir", data)
    assert (
        [result.value for result in message.results]
        == [result.value for result in counted.results]
        == ["3", "1"]
    )


def test_the_name_of_a_value_that_is_not_read_can_be_written_to_a_file():
    data = bundle(observation(**{"value\ud800x": {"data": "1"}}))
    (message,) = parse_messages("fhir", data)
    assert [doubt.excerpt for doubt in message.doubts] == ["X value\ufffdx"]


def test_an_observation_that_refers_to_itself_is_read_once():
    ring = [
        observation(id=str(n), hasMember=[{"reference": f"Observation/{(n + 1) % 3}"}], valueString=str(n))
        for n in range(3)
    ]
    (message,) = parse_messages("fhir", bundle(*ring))
    assert [result.value for result in message.results] == ["0", "1", "2"]


def test_an_altered_chart_is_detected():
    _, _, out = chart_of(LAB)
    text = out.decode()
    for before, after in (
        ("<decimal>14.70<", "<decimal>14.7<"), (">718-7</cd>", ">718-8</cd>"), ("<decimal>120<", "<decimal>121<"),
        (">cancelled</cd>", ">active</cd>"), ("kinderen: 11", "kinderen: 12"), ("JVBERi0xLjQ", "JVBERi0xLjU"), ("Labo Voorbeeld", "Labo X"),
    ):  # fmt: skip
        assert before in text
        assert "message_differs" in recount(text.replace(before, after, 1).encode()).problems


def moment_of(sent: str) -> str:
    """By what reader and counter order the versions of a report."""
    data = json.dumps({**json.loads(bundle()), "timestamp": sent}).encode()
    (message,), (counted,) = parse_messages("fhir", data), read_all("fhir", data)
    assert message.moment == counted.head.moment
    return message.moment[0]


@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        ("2026-02-02T12:00:00+01:00", "20260202110000"), ("2026-02-02T11:00:00.000Z", "20260202110000"), ("2026-02-02T11:00Z", "20260202110000"),
        ("2026-01-01T00:30:00.250+01:00", "20251231233000.25"), ("2026-02-02T11:00:00", "20260202110000"), ("2026-02-02", "2026-02-02"),
        ("2026-02-30T11:00:00Z", "2026-02-30T11:00:00Z"), ("9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59-01:00"), ("soon", "soon"),
    ],
)  # fmt: skip
def test_versions_are_ordered_in_utc_where_a_zone_is_stated(sent, moment):
    assert moment_of(sent) == moment


@settings(max_examples=150, deadline=None)
@given(
    st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-9]{2}:[0-9]{1,2}(:[0-9]{2}(\.[0-9]{0,3})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?",
        fullmatch=True,
        alphabet="0123456789:.+-TZ",
    )
)
def test_any_moment_of_sending(sent):
    moment_of(sent)


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from(["", "7", "final", "registered", "cancelled", "http://loinc.org", "718-7",
        "Observation/0", "#0", "Patient/p", "urn:uuid:1", "\ud800", "é\n x", "Binary", "2026-02-02T09:15:00Z", "<p>a<br/>b", "JVBERi0x", "suit"]),
)  # fmt: skip
KEYS = st.sampled_from(
    ["resourceType", "id", "code", "coding", "system", "text", "display", "status", "valueQuantity", "value", "unit", "comparator", "valueString",
     "valueCodeableConcept", "valueRatio", "component", "contained", "hasMember", "reference", "referenceRange", "low", "high", "interpretation",
     "note", "specimen", "dataAbsentReason", "result", "subject", "section", "div", "content", "attachment", "data", "url", "identifier", "name",
     "family", "given", "birthDate", "effectiveDateTime", "performer", "conclusion", "presentedForm", "category", "type", "title", "extension"]
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=20,
)
TYPES = st.sampled_from(
    [
        "Observation",
        "DiagnosticReport",
        "Composition",
        "DocumentReference",
        "Binary",
        "Media",
        "Specimen",
        "Organization",
        "Device",
        "Patient",
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(TYPES, st.dictionaries(KEYS, TREES, max_size=8)), max_size=5),
    st.sampled_from([None, 1]),
    st.booleans(),
)
@example([("Observation", {"component": {}})], None, False)
def test_any_resources(resources, indent, lines):
    made = [
        PATIENT,
        *({**tree, "resourceType": kind, "id": str(n)} for n, (kind, tree) in enumerate(resources)),
    ]
    if lines:
        agree("fhir", "\n".join(json.dumps(each) for each in made).encode())
    else:
        entry = [{"fullUrl": f"urn:uuid:{n}", "resource": each} for n, each in enumerate(made)]
        agree("fhir", json.dumps({"resourceType": "Bundle", "entry": entry}, indent=indent).encode())
