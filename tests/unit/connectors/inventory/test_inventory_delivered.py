"""The rules of a delivered chart: fillers, marks, MF-IDs, kinds; and what was derived from a message."""

from __future__ import annotations

import base64
import html
import re

import pytest
from inventory_case import MADE, PATIENT, TOKEN, Count, Prose, account, digests, item, message, transaction

MF = '<id S="LOCAL" SV="1.0" SL="MF-ID">{}</id>'
FILLED = f'<id S="LOCAL" SV="{TOKEN}" SL="REPRISE-FILLED">{{}}</id>'
AUTHOR = (
    '<author><hcparty><id S="ID-HCPARTY" SV="1.0">19999054004</id><cd S="CD-HCPARTY" SV="1.6">persphysician</cd>'
    "<firstname>A</firstname><familyname>B</familyname></hcparty></author>"
)
HEAD = (
    "<date>1900-01-01</date><time>00:00:00</time>"
    + AUTHOR
    + "<iscomplete>false</iscomplete><isvalidated>false</isvalidated>"
)
EMPTY_TEXT = '<text L="und"></text>'
SUMMARY = (
    "<transaction>"
    + FILLED.format("date time author iscomplete isvalidated cd text")
    + MADE
    + '<cd S="CD-TRANSACTION" SV="1.5">clinicalsummary</cd>'
    + HEAD
    + EMPTY_TEXT
    + "</transaction>"
)
MESSAGE = "A1\\7\\LABO\\\r\nA2\\7\\E\\J\\\r\nL1\\7\\HB\\Hémoglobine\\11-17\\g/dL\\-\\10,9\\\r\nL1\\7\\HB\\\\\\\\C\\Contrôlé\\\r\nEND\r\n"


def derived(value: str = "10.9", note: str = "Contrôlé", path: str = "1/1.2.3.9#1.3") -> str:
    """The item of the message's one result, as docs/formats/flat.md says; its last line is a remark on it."""
    mark = f'<id S="LOCAL" SV="{TOKEN}" SL="REPRISE-DERIVED">{path}</id>'
    return (
        f'<item>{mark}<cd S="CD-ITEM" SV="1.6">lab</cd><cd S="LOCAL" SV="1.0" SL="HEALTHONE" DN="Hémoglobine">HB</cd>'
        f'<content><decimal>{value}</decimal><unit><cd S="CD-UNIT" SV="1.3">g/dl</cd></unit>'
        "<minref><decimal>11</decimal></minref><maxref><decimal>17</decimal></maxref></content>"
        f'<text L="und">{note}</text><severity><cd S="CD-SEVERITY" SV="1.0">low</cd></severity></item>'
    )


def test_a_made_summary_is_no_unit():
    plain = message(transaction(body=item()))
    chart = account(message(SUMMARY, transaction(body=item())))
    assert chart.problems == []
    assert digests(chart) == Count(plain).facts
    assert set(chart.filled) == {"date", "time", "author", "iscomplete", "isvalidated", "cd", "text"}
    again = message(SUMMARY, transaction(body=item()))
    count = Count(again)
    count.check(again)
    assert (
        len(count.facts - Count(plain).facts) == 2
    )  # in a source it is a transaction with a text, like any other


def test_a_made_summary_that_holds_something():
    chart = account(message(SUMMARY.replace(EMPTY_TEXT, EMPTY_TEXT + item()), transaction()))
    assert chart.problems == ["filler_differs"]


def test_fillers_count_for_nothing():
    bare = '<transaction><cd S="CD-TRANSACTION" SV="1.5">note</cd></transaction>'
    full = "<transaction>" + FILLED.format("date time author iscomplete isvalidated text") + MADE
    full += '<cd S="CD-TRANSACTION" SV="1.5">note</cd>' + HEAD + EMPTY_TEXT + "</transaction>"
    thin = "<patient><familyname>E</familyname></patient>"
    thick = (
        "<patient>" + FILLED.format("id firstname sex") + "<firstname>-</firstname><familyname>E</familyname>"
    )
    thick += '<sex><cd S="CD-SEX" SV="1.0">unknown</cd></sex></patient>'
    chart = account(message(full, patient=thick))
    assert chart.problems == []
    assert digests(chart) == Count(message(bare, patient=thin)).facts
    assert chart.filled["sex"] == chart.filled["author"] == 1
    again = message(full, patient=thick)
    Count(again).check(again)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1900-01-01", "1901-01-01"),
        ("00:00:00", "00:00:01"),
        ("<familyname>B</familyname>", "<familyname>C</familyname>"),
        ("<iscomplete>false", "<iscomplete>true"),
        (EMPTY_TEXT, '<text L="und">x</text>'),
    ],
)
def test_a_filled_value_that_is_not_the_filler(old, new):
    body = (
        FILLED.format("date time author iscomplete isvalidated text")
        + '<cd S="CD-TRANSACTION">note</cd>'
        + HEAD
    )
    content = message(f"<transaction>{body}{EMPTY_TEXT}</transaction>").decode()
    assert account(content.encode()).problems == []
    head, rest = content.split("</header>")
    changed = head + "</header>" + rest.replace(old, new)
    assert account(changed.encode()).problems == ["filler_differs"]


def test_marks_that_say_nothing():
    for mark in (
        FILLED.format("colour"),
        FILLED.format(" "),
        f'<id S="LOCAL" SV="{TOKEN}" SL="REPRISE-OTHER">x</id>',
        f'<id S="LOCAL" SV="{TOKEN}" SL="REPRISE-MF-ID-SOURCE"></id>',
    ):
        assert account(message(transaction(ids=mark))).problems == ["marker_malformed"]
    wrong = derived(path="not a path")
    assert account(message(transaction(body=wrong))).problems == ["marker_malformed"]


def test_second_summary():
    assert account(message(transaction("clinicalsummary"))).problems == []
    two = message(transaction("clinicalsummary"), transaction("clinicalsummary"))
    assert account(two).problems == ["second_summary"]
    said = transaction("clinicalsummary").replace(
        '<cd S="CD-TRANSACTION" SV="1.5">clinicalsummary</cd>',
        '<cd S="CD-TRANSACTION" SV="1.0">note</cd>'
        f'<cd S="LOCAL" SV="{TOKEN}" SL="REPRISE-TRANSACTION" DN="1.5">clinicalsummary</cd>',
    )
    chart = account(message(transaction("clinicalsummary"), said))
    assert chart.problems == []
    assert digests(chart) == Count(two).facts


def test_duplicated_mf_ids():
    link = "<lnk TYPE='isanewversionof' URL='//item[id[@SL=\"MF-ID\" and .=\"i-1\"]]'/>"
    assert account(message(transaction(body=item() + item()))).problems == ["mf_id_duplicated"]
    assert account(message(transaction(body=item() + item(more=link)))).problems == []
    assert account(message(transaction(body=item() + item() + item(more=link)))).problems == [
        "mf_id_duplicated"
    ]
    assert account(message(transaction(body=item() + item(mf_id="i-2")))).problems == []
    source = MADE + f'<id S="LOCAL" SV="{TOKEN}" SL="REPRISE-MF-ID-SOURCE">i-1</id>'
    twice = message(transaction(body=item() + item()))
    apart = message(transaction(body=item() + item().replace(MF.format("i-1"), source)))
    assert account(apart).problems == []
    assert digests(account(apart)) == Count(twice).facts


def test_item_kinds():
    assert account(message(transaction(body=item(kind="diagnostic")))).problems == ["unknown_item_kind"]
    assert account(message(transaction(body=item(kind="vaccine")))).problems == []


def test_degraded_units_are_named():
    prose = Prose()
    content = message(transaction(body=item(more=prose.text("<foo a='1'>x</foo>"))))
    chart = account(content, originals=prose.document())
    assert chart.degraded == 1
    assert [u.kind for u in chart.units if u.degraded] == ["item"]
    assert digests(chart) == Count(message(transaction(body=item(more="<foo a='1'>x</foo>")))).facts
    prose = Prose()
    whole = account(message(transaction(body=prose.text(item()))), originals=prose.document())
    assert [u.kind for u in whole.units if u.degraded] == ["item"]


@pytest.mark.parametrize("carrier", ["text", "attachment"])
def test_derived_items_match_the_message(carrier):
    if carrier == "text":
        body = f"<text L='fr'>{html.escape(MESSAGE)}</text>"
    else:
        body = f"<lnk TYPE='multimedia'>{base64.b64encode(MESSAGE.encode('cp850')).decode()}</lnk>"
    source = message(transaction("labresult", body))
    count = Count(source)
    count.check(source)
    found = [row for row in count.rows if "#" in row["unit"]]
    own = count.one(carrier)["unit"]
    assert [row["unit"] for row in found] == [f"{own}#1.3"]
    assert {row["kind"] for row in found} == {"result"}
    assert {row["record_kind"] for row in found} == {"lab_results"}
    assert all(row["spans"] == [] for row in found)
    chart = account(message(transaction("labresult", derived() + body)))
    assert chart.problems == []
    assert digests(chart) == count.facts
    assert sum(unit.derived for unit in chart.units) == 1
    lost = account(message(transaction("labresult", body)))
    assert (count.facts - digests(lost)).total() == 1
    for wrong in (derived(value="10.8"), derived(note="Control"), derived().replace("low<", "high<")):
        assert digests(account(message(transaction("labresult", wrong + body)))) != count.facts


def test_what_cannot_be_read_is_a_problem_and_no_exception():
    good = message(transaction(body=item()))
    assert account(good[:-9]).problems == ["cut_short"]
    assert account(re.sub(rb"</item>", b"</other>", good)).problems == ["not_well_formed"]
    assert account(b"<!DOCTYPE a>" + good.partition(b"?>")[2]).problems == ["doctype"]
    assert account(good.replace(b"toux", b"\xe9")).problems == ["repaired_bytes"]
    assert account(b"").problems == ["not_well_formed"]
    two = good.replace(b"</folder>", b"</folder><folder>" + PATIENT.encode() + b"</folder>")
    assert account(two).problems == ["not_one_folder"]


def test_nothing_of_a_patient_is_in_an_account():
    chart = account(message(transaction(body=item("very private"))))
    assert "private" not in repr(chart)
    assert "85073003328" not in repr(chart)
