"""What may change without a trace, and what may not."""

from __future__ import annotations

import re

import pytest
from inventory_case import MADE, PATIENT, TOKEN, Count, Prose, account, digests, item, message, transaction

MF = '<id S="LOCAL" SV="1.0" SL="MF-ID">{}</id>'
LINK = '<lnk TYPE="isaservicefor" URL="{}"/>'
BASE = message(
    transaction("clinicalsummary", item("diabète", mf_id="a") + "<text L='fr'>libre</text>"),
    transaction(
        "note",
        "<heading><id S='ID-KMEHR'>1</id><cd S='CD-HEADING'>plan</cd>"
        + item("toux", "<lnk TYPE='isaservicefor' URL='//item[id[@SL=\"MF-ID\" and .=\"a\"]]'/>", "b")
        + "</heading><text L='fr'>lettre</text><lnk TYPE='multimedia' MEDIATYPE='text/plain'>aGVsbG8=</lnk>",
        MF.format("t"),
    ),
).decode()

HARMLESS = {
    "prefix": lambda s: (
        re.sub(r"<(/?)(\w)", r"<\1k:\2", s).replace("<k:?", "<?").replace("xmlns=", "xmlns:k=")
    ),
    "no namespace": lambda s: re.sub(r' xmlns="[^"]*"', "", s),
    "child order": lambda s: s.replace(
        "<date>2015-02-03</date><time>09:30:00</time>", "<time>09:30:00</time><date>2015-02-03</date>"
    ),
    "renumbered": lambda s: s.replace(
        '<id S="ID-KMEHR" SV="1.0">1</id>', '<id S="ID-KMEHR" SV="1.1">77</id>'
    ),
    "number dropped": lambda s: s.replace('<id S="ID-KMEHR" SV="1.0">1</id><id S="LOCAL"', '<id S="LOCAL"'),
    "attribute order": lambda s: s.replace('S="LOCAL" SV="1.0" SL="MF-ID"', 'SL="MF-ID" S="LOCAL" SV="1.0"'),
    "version of the MF-ID": lambda s: s.replace('SV="1.0" SL="MF-ID"', 'SV="4.0.0" SL="MF-ID"'),
    "white space": lambda s: re.sub(r"><(?!/)", ">\n  <", s),
    "language case": lambda s: s.replace('L="fr"', 'L="FR"').replace("L='fr'", "L='Fr'"),
    "link spelling": lambda s: s.replace(
        '//item[id[@SL="MF-ID" and .="a"]]', "//*[id[ @SL = &quot;MF-ID&quot;  and text() = &quot;a&quot; ]]"
    ),
    "link test order": lambda s: s.replace('@SL="MF-ID" and .="a"', '.="a" and @SL="MF-ID"'),
    "base64 layout": lambda s: s.replace("aGVsbG8=", "aGV\nsbG\t8="),
    "media type": lambda s: s.replace("MEDIATYPE='text/plain'", "MEDIATYPE='text/rtf' L='nl'"),
    "composed letters": lambda s: s.replace("è", "e\u0300"),
    "schema location": lambda s: s.replace(
        "<folder>", '<folder xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><!-- -->'
    ).replace("<heading>", '<heading xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="x">'),
    "transactions swapped": lambda s: "".join(
        (lambda p: (p[0], p[3], p[2], p[1], p[4]))(
            re.split(r"(<transaction>.*?</transaction>)", s, flags=re.DOTALL)
        )
    ),
}
MARK = f'<id S="LOCAL" SV="{TOKEN}" SL="{{}}">{{}}</id>'
MARKED = {
    "made MF-ID": lambda s: s.replace("<cd S='CD-HEADING'>", MADE + "<cd S='CD-HEADING'>"),
    "replaced MF-ID": lambda s: s.replace(MF.format("b"), MADE + MARK.format("REPRISE-MF-ID-SOURCE", "b")),
    "kind said beside": lambda s: s.replace(
        '<cd S="CD-TRANSACTION" SV="1.5">note</cd>',
        '<cd S="CD-TRANSACTION" SV="1.0">report</cd>'
        f'<cd S="LOCAL" SV="{TOKEN}" SL="REPRISE-TRANSACTION" DN="1.5">note</cd>',
    ),
    "filled patient": lambda s: s.replace(
        "<patient>", "<patient>" + MARK.format("REPRISE-FILLED", "firstname") + "<firstname>-</firstname>"
    ),
}


@pytest.mark.parametrize("what", MARKED)
def test_marks_of_the_run_count_for_nothing_and_those_of_another_for_what_they_are(what):
    changed = MARKED[what](BASE)
    facts = Count(BASE.encode()).facts
    assert digests(account(changed.encode())) == facts
    other = changed.replace(TOKEN, "run-of-another-test").encode()
    assert digests(account(other)) == Count(other).facts
    assert Count(other).facts != facts
    assert Count(changed.encode()).facts != facts  # a source is of no run


def first(pattern: str, text: str = BASE) -> str:
    return re.search(pattern, text).group()


MOVED = {
    "attachment": first("<lnk TYPE='multimedia'.*?</lnk>"),
    "link of an item": first("<lnk TYPE='isas.*?/>"),
    "content": first("<content>.*?</content>"),
    "item": first("<item>.*?</item>"),
    "heading": first("<heading>.*?</heading>"),
    "transaction": re.findall("<transaction>.*?</transaction>", BASE)[1],
    "text": "<text L='fr'>lettre</text>",
    "author": first("<author>.*?</author>", BASE[BASE.index(">note<") :]),
    "patient field": first("<familyname>.*?</familyname>", PATIENT),
}


@pytest.mark.parametrize("what", MOVED)
def test_an_element_may_stand_as_prose(what):
    prose, element = Prose(), MOVED[what]
    before, _, after = BASE.rpartition(element)
    text = prose.text(element)
    if what in ("author", "patient field"):
        end = after.index("</transaction>" if what == "author" else "</patient>")
        changed = before + after[:end] + text + after[end:]
    else:
        changed = before + text + after
    found = account(changed.encode(), originals=prose.document())
    assert digests(found) == Count(BASE.encode()).facts
    assert not [p for p in found.problems if p.startswith(("original", "prose", "copy"))]
    assert found.degraded


def test_a_part_may_stand_beside_its_prose():
    """The content twice: the number as structure, the whole as prose; the author without his address."""
    value = "<content><decimal>4.1</decimal><unit><cd S='UCUM'>mmol/L</cd></unit></content>"
    base = message(transaction(body=item(more=value)))
    prose = Prose()
    beside = (
        "<content><decimal>4.1</decimal></content><content>"
        + prose.text(value, copy="content")
        + "</content>"
    )
    found = account(message(transaction(body=item(more=beside))), originals=prose.document())
    assert digests(found) == Count(base).facts
    assert found.problems == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda s: s.replace("<decimal>4.1", "<decimal>4.2"), "copy_differs"),
        (lambda s: s.replace("<content><decimal>4.1</decimal></content>", ""), "copy_differs"),
        (lambda s: s.replace("mmol/L ", "mmol "), "original_not_once"),
        (lambda s: s.replace("<content><text", "<content><text L='fr'>x</text></content><content><text"), ""),
    ],
)
def test_prose_and_copies_say_what_the_original_says(change, problem):
    value = "<content><decimal>4.1</decimal><unit><cd S='UCUM'>mmol/L</cd></unit></content>"
    prose = Prose()
    beside = (
        "<content><decimal>4.1</decimal></content><content>"
        + prose.text(value, copy="content")
        + "</content>"
    )
    changed = change(message(transaction(body=item(more=beside))).decode())
    found = account(changed.encode(), originals=prose.document())
    same = digests(found) == Count(message(transaction(body=item(more=value)))).facts
    assert problem in found.problems if problem else not same or found.problems


def test_prose_without_a_value_is_a_problem():
    prose = Prose()
    text = prose.text("<foo a='1'>x</foo>", words="something else")
    found = account(message(transaction(body=item(more=text))), originals=prose.document())
    assert "prose_incomplete" in found.problems


def test_in_a_source_nothing_is_prose():
    """Our own package read again: the texts are texts."""
    text = Prose().text("<foo>x</foo>")
    content = message(transaction(body=text))
    assert digests(account(content)) == Count(content).facts


@pytest.mark.parametrize("what", HARMLESS)
def test_harmless(what):
    changed = HARMLESS[what](BASE)
    assert changed != BASE
    count = Count(changed.encode())
    count.check(changed.encode())
    assert count.facts == Count(BASE.encode()).facts


HARMFUL = {
    "a word for a position": lambda s: s.replace(
        '<id S="ID-KMEHR" SV="1.0">1<', '<id S="ID-KMEHR" SV="1.0">word<'
    ),
    "a word for its version": lambda s: s.replace(
        '<id S="ID-KMEHR" SV="1.0">1<', '<id S="ID-KMEHR" SV="word">1<'
    ),
    "more than a position": lambda s: s.replace(
        '<id S="ID-KMEHR" SV="1.0">1<', '<id S="ID-KMEHR" DN="word">1<'
    ),
    "an MF-ID that is not of our making": lambda s: s.replace(
        "<cd S='CD-HEADING'>", MF.format("reprise-word") + "<cd S='CD-HEADING'>"
    ),
    "an MF-ID beside what stands for one": lambda s: s.replace(
        MF.format("b"), MF.format("word") + '<id S="LOCAL" SV="1.0" SL="REPRISE-MF-ID-SOURCE">b</id>'
    ),
    "drop an item": lambda s: re.sub("<item>.*?</item>", "", s, count=1),
    "double an item": lambda s: re.sub("(<item>.*?</item>)", r"\1\1", s, count=1),
    "alter a text": lambda s: s.replace("libre", "libres"),
    "alter a code": lambda s: s.replace("healthcareelement", "risk", 1),
    "alter an attribute": lambda s: s.replace('<cd S="CD-ITEM" SV="1.6">', '<cd S="CD-ITEM" SV="1.7">', 1),
    "alter the head": lambda s: s.replace("<iscomplete>true", "<iscomplete>false", 1),
    "alter bytes": lambda s: s.replace("aGVsbG8=", "aGVsbG9v"),
    "alter a link": lambda s: s.replace('.="a"', '.="c"'),
    "swap two texts": lambda s: s.replace("libre", "@").replace("lettre", "libre").replace("@", "lettre"),
    "swap two items": lambda s: s.replace("diabète", "@").replace("toux", "diabète").replace("@", "toux"),
    "out of its heading": lambda s: re.sub("(<item>(?:(?!<item>).)*</item>)</heading>", r"</heading>\1", s),
    "other MF-ID": lambda s: s.replace('SL="MF-ID">b<', 'SL="MF-ID">z<'),
    "alter the patient": lambda s: s.replace("<firstname>J<", "<firstname>K<"),
    "alter the kind": lambda s: s.replace(">note<", ">report<"),
    "blank at the end": lambda s: s.replace("libre<", "libre <"),
}


@pytest.mark.parametrize("what", HARMFUL)
def test_harmful(what):
    changed = HARMFUL[what](BASE)
    assert changed != BASE
    assert Count(changed.encode()).facts != Count(BASE.encode()).facts


def test_order_counts_where_it_must():
    regimen = "<regimen><daynumber>1</daynumber><quantity/><daynumber>2</daynumber></regimen>"
    turned = "<regimen><daynumber>2</daynumber><quantity/><daynumber>1</daynumber></regimen>"
    one, other = (Count(message(transaction(body=item(more=r)))).facts for r in (regimen, turned))
    assert one != other


def test_no_text_passes_for_an_element():
    one = message(transaction(body="<item><content><a>1</a></content></item>"))
    other = message(transaction(body="<item><content>(a||1)</content></item>"))
    assert Count(one).facts != Count(other).facts


def test_base64_that_is_none():
    facts = [
        Count(message(transaction(body=f"<lnk TYPE='multimedia'>{c}</lnk>"))).one("attachment")["digest"]
        for c in (
            "voir dossier",
            "voirdossier",
            "aGVsbG8",
            "aGVsbG8=",
            "aGVsbG8=aGVsbG8=",
            "a===",
            "é",
            "====",
        )
    ]
    assert facts[0] == facts[1]
    assert len(set(facts)) == len(facts) - 1


def test_scope_columns():
    hospital = (
        '<author><hcparty><cd S="CD-HCPARTY" SV="1.6">orghospital</cd></hcparty></author>'
        '<cd S="LOCAL" SL="x" DN="Avis de SORTIE">n</cd>'
    )
    cases = {
        transaction("note"): "specialist_reports",
        transaction("note", hospital): "hospital_notices",
        transaction("contactreport", hospital): "patient_records",
        transaction(" LabResult "): "lab_results",
        transaction("discharge"): "hospital_notices",
        transaction("referral"): "specialist_reports",
        transaction(""): "patient_records",
    }
    for body, expected in cases.items():
        row = Count(message(body)).one("transaction")
        assert row["record_kind"] == expected
        assert row["responsible"] == "19999054"


def test_patient_book():
    patient = PATIENT.replace("85073003328", "85.07.30-033.28")
    content = message(
        transaction(date="2015-02-03"),
        transaction(date="2019-01-31"),
        transaction(date="2020-02-31"),
        patient=patient,
    )
    assert Count(content).patients == [
        {
            "patient": 1,
            "file": 1,
            "unit": "1/1.2",
            "inss": "85073003328",
            "last_seen": "2019-01-31",
            "key": None,
        }
    ]
