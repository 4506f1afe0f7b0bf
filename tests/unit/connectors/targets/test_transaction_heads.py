"""What a transaction lacks, what it must keep to itself, and which one the summary is: valid, and every fact there."""

from __future__ import annotations

import pytest
from delivering import recount, write
from lxml import etree
from test_medinect_odd import HEAD, ITEM, balanced, source

CONFIDENTIAL = "<confidentiality><cd S='CD-CONFIDENTIALITY' SV='1.0'>secret</cd></confidentiality>"
PARTY = "<confidentiality><hcparty><cd S='CD-HCPARTY' SV='1.0'>persphysician</cd></hcparty></confidentiality>"
TIMES = "<date>2015-02-03</date><time>09:30:00</time>"


def tree_of(out: bytes, schemas):
    tree = etree.fromstring(out)
    assert [schema.validate(tree) for schema in schemas] == [True, True]
    for node in tree.iter(etree.Element):
        node.tag = etree.QName(node).localname
    return tree


def sumehr(date: str, kind: str) -> str:
    item = f"<item><cd S='CD-ITEM' SV='1.6'>{kind}</cd><content><text L='fr'>x</text></content></item>"
    return f"<transaction><cd S='CD-TRANSACTION' SV='1.5'>sumehr</cd><date>{date}</date><time>09:30:00</time>{item}</transaction>"


@pytest.mark.parametrize("label", [PARTY, CONFIDENTIAL])
def test_confidentiality_stands_first(label, schemas):
    heading = f"<heading><cd S='CD-HEADING' SV='1.0'>history</cd>{label}<item>{ITEM}</item></heading>"
    _, out = balanced(f"<transaction>{HEAD}{label}{heading}<item>{label}{ITEM}</item></transaction>")
    tree = tree_of(out, schemas)
    if label is PARTY:
        assert [node.getparent().tag for node in tree.iter("confidentiality")] == [
            "transaction",
            "heading",
            "item",
        ]


@pytest.mark.parametrize("own", [TIMES, "", f"{TIMES}<cd S='LOCAL' SL='x' SV='1'>mine</cd>"])
@pytest.mark.parametrize("body", ["", "<text L='fr'>contenu</text>", f"<item>{ITEM}</item>"])
def test_a_transaction_without_a_kind_is_a_note_and_says_so(own, body, schemas):
    _, out = balanced(f"<transaction>{own}{body}</transaction>")
    _, second = tree_of(out, schemas).iter("transaction")
    assert second.xpath("string(cd[@S='CD-TRANSACTION'])") == "note"
    assert "cd" in second.xpath("string(id[@SL='REPRISE-FILLED'])").split()


def test_a_kind_that_is_said_to_be_filled_and_is_another_is_a_problem():
    _, out = balanced(f"<transaction>{TIMES}<text L='fr'>contenu</text></transaction>")
    code = b'<cd S="CD-TRANSACTION" SV="1.0">note</cd>'
    assert out.count(code) == 1
    assert recount(out).problems == []
    assert recount(out.replace(code, code.replace(b"note", b"prescription"))).problems == ["filler_differs"]


def test_the_newest_sumehr_is_the_summary_of_a_chart_without_one(schemas):
    folder = (
        sumehr("2015-01-01", "problem")
        + f"<transaction>{HEAD}</transaction>"
        + sumehr("2017-01-01", "allergy")
    )
    _, out = balanced(folder + sumehr("2016-01-01", "adr"))
    tree = tree_of(out, schemas)
    kinds = [
        (t.xpath("string(cd[@S='CD-TRANSACTION'])"), t.xpath("string(date)"))
        for t in tree.iter("transaction")
    ]
    assert kinds == [
        ("clinicalsummary", "2017-01-01"),
        ("note", "2015-01-01"),
        ("contactreport", "2015-02-03"),
        ("note", "2016-01-01"),
    ]
    marked = tree.xpath("//transaction[cd[@SL='REPRISE-TRANSACTION']='sumehr']")
    assert len(marked) == 3
    assert tree.xpath("count(//transaction[1]//item[cd='allergy'])") == 1


def test_a_sumehr_beside_a_summary_stays_a_note(schemas):
    own = "<transaction><cd S='CD-TRANSACTION' SV='1.5'>clinicalsummary</cd><date>2014-01-01</date></transaction>"
    _, out = balanced(sumehr("2017-01-01", "allergy") + own)
    kinds = tree_of(out, schemas).xpath("//transaction/cd[@S='CD-TRANSACTION']/text()")
    assert kinds == ["clinicalsummary", "note"]


def test_a_chart_read_again_is_the_same(schemas):
    _, out = balanced(
        sumehr("2017-01-01", "allergy") + f"<transaction>{TIMES}<text L='fr'>contenu</text></transaction>"
    )
    folder = out[out.index(b"<transaction") : out.index(b"</folder>")].decode()
    _, account, again = write(source(folder), 1)
    assert account.problems == []
    kinds = tree_of(again, schemas).xpath("//transaction/cd[@S='CD-TRANSACTION']/text()")
    assert kinds == ["clinicalsummary", "note"]
