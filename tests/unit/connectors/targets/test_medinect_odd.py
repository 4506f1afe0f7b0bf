"""KMEHR out of order: text, attributes and elements where the format knows none arrive all the same."""

from __future__ import annotations

import io
from base64 import b64encode
from collections import Counter

import pytest
from delivering import read, recount, write
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.series import sample

from connectors.base import SourceFile

NAMESPACE = "http://www.ehealth.fgov.be/standards/kmehr/schema/v1"
HEAD = '<cd S="CD-TRANSACTION" SV="1.5">contactreport</cd><date>2015-02-03</date><time>09:30:00</time>'
ITEM = '<cd S="CD-ITEM" SV="1.6">healthcareelement</cd><content><text L="fr">toux</text></content>'


def source(folder: str, patient: str = "<patient/>"):
    data = f'<kmehrmessage xmlns="{NAMESPACE}"><folder>{patient}{folder}</folder></kmehrmessage>'.encode()
    return read(SourceFile(1, len(data), lambda: io.BytesIO(data)))


def balanced(folder: str, patient: str = "<patient/>") -> tuple[Counter, bytes]:
    found = source(folder, patient)
    aside = {each.unit: each.kind for each in found.rejects}
    assert set(aside.values()) <= {"loose_text", "remark", "file"}
    assert aside.items() <= {unit: row["kind"] for unit, row in found.counted.items()}.items()
    outcome, account, out = write(found, 1)
    assert Counter(o.unit for o in outcome.outcomes) == Counter(found.counted.keys() - aside.keys())
    came, went = (
        Counter(each)
        for each in (
            (r["digest"] for unit, r in found.counted.items() if unit not in aside),
            (u.digest for u in account.units),
        )
    )
    assert came == went
    assert account.problems == []
    return Counter(o.disposition for o in outcome.outcomes), out


@pytest.mark.parametrize(
    "folder",
    [
        f"<transaction>{HEAD}stray <item>{ITEM}</item> more</transaction>",
        f"<transaction>{HEAD}<heading><cd S='CD-HEADING' SV='1.0'>history</cd>in a heading<item>{ITEM}</item></heading></transaction>",
        f"<transaction>{HEAD}<item>{ITEM}in <!-- an -->item &amp; so</item></transaction>",
        f"<transaction odd='1' L='FR'>{HEAD}<item other='a&quot;b'>{ITEM}</item></transaction>",
        f"<transaction>{HEAD}<item>{ITEM}<content>a<lnk TYPE='multimedia'>QUJD</lnk>b</content></item></transaction>",
        f"<transaction>{HEAD}<item>{ITEM}<content>a <lnk TYPE='multimedia'>QUJD</lnk> b<x/> c</content></item></transaction>",
        "<transaction><cd S='CD-TRANSACTION' SV='1'>clinicalsummary</cd>one</transaction>" * 2,
        f"<unknown a='1'>text<sub>more</sub><transaction>{HEAD}<item>{ITEM}</item></transaction>end</unknown>",
        f"<transactions><transaction>{HEAD}</transaction></transactions><lnk TYPE='multimedia'>QUJD</lnk>",
        f"<item>{ITEM}<lnk TYPE='multimedia'>QUJD</lnk>loose</item><files><lnk TYPE='multimedia'>QUJD</lnk></files>",
        "<id S='ID-KMEHR' SV='1.0'>1</id><confidentiality><item/><cd S='CD-CONFIDENTIALITY'>x</cd></confidentiality>",
        "<folder><patient/></folder><patient><firstname>B</firstname></patient>",
    ],
)
def test_what_has_no_place_arrives(folder, schemas):
    _, out = balanced(folder)
    tree = etree.fromstring(out)
    assert all(schema.validate(tree) for schema in schemas)


def test_the_confidentiality_of_a_folder_has_its_place_and_a_second_one_none(schemas):
    party = (
        "<hcparty><id S='ID-HCPARTY' SV='1.0'>19999054004</id><cd S='CD-HCPARTY' SV='1.6'>persphysician</cd>"
        "<firstname>A</firstname><familyname>{}</familyname></hcparty>"
    )
    first, second = (f"<confidentiality>{party.format(name)}</confidentiality>" for name in ("Een", "Twee"))
    ends, out = balanced(f"{first}{second}<transaction>{HEAD}<item>{ITEM}</item></transaction>")
    tree = etree.fromstring(out)
    assert all(schema.validate(tree) for schema in schemas)
    (folder,) = tree.iter(f"{{{NAMESPACE}}}folder")
    assert etree.QName(folder[0]).localname == "confidentiality"
    assert "".join(folder[0].itertext()) == "19999054004persphysicianAEen"
    assert list(folder.iter(f"{{{NAMESPACE}}}confidentiality")) == [folder[0]]
    assert "Twee" in "".join(folder[-1].itertext())
    assert ends["degraded"] >= 1


@pytest.mark.parametrize(
    "odd",
    [
        "<id S='ID-KMEHR' SV='1.0'>Kanarie</id>",
        "<id S='ID-KMEHR' SV='1.0' DN='Kanarie'>1</id>",
        "<id S='ID-KMEHR' SV='Kanarie'>1</id>",
        "<id S='ID-KMEHR' SV='1.0'>1<b>Kanarie</b></id>",
        "<id S='LOCAL' SL='MF-ID' SV='1.0'>reprise-Kanarie</id>",
        "<id S='LOCAL' SL='MF-ID' SV='1'>Kanarie</id><id S='LOCAL' SL='REPRISE-MF-ID-SOURCE' SV='1'>a</id>",
    ],
)
def test_an_id_that_says_more_than_its_place_arrives(odd, schemas):
    head = f"<heading>{odd}<cd S='CD-HEADING' SV='1.0'>history</cd><item>{odd}{ITEM}</item></heading>"
    inner = f"<item>{ITEM}<content><hcparty>{odd}<cd S='CD-HCPARTY' SV='1.0'>persphysician</cd></hcparty></content></item>"
    _, out = balanced(f"<transaction>{odd}{HEAD}{head}{inner}</transaction>")
    tree = etree.fromstring(out)
    assert all(schema.validate(tree) for schema in schemas)
    assert out.count(b"Kanarie") >= 4


def test_it_is_degraded_not_delivered():
    dispositions, out = balanced(f"<transaction>{HEAD}stray<item>{ITEM}</item></transaction>")
    assert dispositions == {"degraded": 1, "delivered": 1}
    assert b"stray [Reprise 1]" in out
    assert b"&lt;" not in out


WORD = st.sampled_from(["", " ", "x", " y ", "&amp;z", "\n", "<!-- c -->", "<text L='fr'>t</text>", "<lnk TYPE='multimedia'>QUJD</lnk>", "<lnk/>", "<odd>o</odd>", "<odd><lnk>QQ==</lnk></odd>"])  # fmt: skip
INSIDE = st.lists(WORD, max_size=5).map("".join)


def wrapped(name: str, head: str):
    return lambda parts: f"<{name}{parts[0]}>{head}{parts[1]}{parts[2]}</{name}>"


ATTRIBUTES = st.sampled_from(["", " odd='1'", " L='NL'"])
ITEMS = st.tuples(ATTRIBUTES, INSIDE, INSIDE).map(wrapped("item", ITEM))
HEADINGS = st.tuples(ATTRIBUTES, INSIDE, st.one_of(ITEMS, INSIDE)).map(
    wrapped("heading", "<cd S='CD-HEADING' SV='1.0'>history</cd>")
)
PARTS = st.lists(st.one_of(WORD, ITEMS, HEADINGS), max_size=4).map("".join)
TRANSACTIONS = st.tuples(ATTRIBUTES, PARTS, PARTS).map(wrapped("transaction", HEAD))
STRANGE = st.tuples(ATTRIBUTES, INSIDE, st.one_of(TRANSACTIONS, ITEMS, INSIDE)).map(wrapped("strange", ""))


@settings(max_examples=sample(300, 100), deadline=None)
@given(st.lists(st.one_of(TRANSACTIONS, STRANGE, WORD), max_size=4).map("".join))
def test_any_disorder_balances(folder):
    balanced(folder)


def test_what_is_nested_in_an_item_stands_beside_it(schemas):
    inner = (
        '<item><cd S="CD-ITEM" SV="1.6">treatment</cd><content><text L="fr">dedans</text></content></item>'
    )
    plan = "<heading><cd S='CD-HEADING' SV='1.0'>plan</cd><text L='fr'>revoir</text></heading>"
    dispositions, out = balanced(
        f"<transaction>{HEAD}<item>{ITEM}{inner}{plan}</item><text L='fr'>fin</text></transaction>"
    )
    tree = etree.fromstring(out)
    body = list(tree.iterfind(f".//{{{NAMESPACE}}}transaction"))[-1]
    names = [etree.QName(each).localname for each in body]
    assert names[-4:] == ["item", "item", "heading", "text"]
    assert body.xpath("string(*[local-name()='item'][2]/*[local-name()='content'])") == "dedans"
    assert dispositions == {"delivered": 4, "degraded": 2}
    assert all(schema.validate(tree) for schema in schemas)


def test_a_nested_transaction_stands_beside_the_other(schemas):
    inner = f"<transaction>{HEAD}<text L='fr'>dedans</text></transaction>"
    dispositions, out = balanced(f"<transaction>{HEAD}<item>{ITEM}{inner}</item></transaction>")
    tree = etree.fromstring(out)
    assert len(tree.findall(f"{{{NAMESPACE}}}folder/{{{NAMESPACE}}}transaction")) == 3  # and the summary
    assert dispositions == {"delivered": 3, "degraded": 1}
    assert all(schema.validate(tree) for schema in schemas)


@pytest.mark.parametrize("patient", ["", "<patient/>"])
def test_an_unknown_child_of_a_folder_is_no_field_of_the_patient(patient):
    out = balanced(f"<demographics><name>X</name></demographics><transaction>{HEAD}</transaction>", patient)[
        1
    ]
    folder = etree.fromstring(out).find(f"{{{NAMESPACE}}}folder")
    assert [each.text for each in folder.iterfind(f"{{{NAMESPACE}}}text")] == [
        "demographics\u00a0: nom X [Reprise 1]"
    ]


def test_a_lab_message_outside_transactions_is_a_file_and_no_items():
    lab = b64encode(b"A1\\R1\\Labo\\\r\nL1\\R1\\GLU\\Glucose\\70-105\\mg/dl\\+\\131\\\r\n").decode()
    _, out = balanced(f"<lnk TYPE='multimedia'>{lab}</lnk><transaction>{HEAD}</transaction>")
    assert lab.encode() in out
    assert b"REPRISE-DERIVED" not in out


@pytest.mark.parametrize("further", ["b", " b ", "a", ""])
def test_an_mf_id_identifies_one_unit(further):
    ids = "<id S='LOCAL' SL='MF-ID' SV='1'>{}</id>"
    one = f"<item>{ids.format('a')}{ids.format(further)}{ITEM}</item>"
    balanced(f"<transaction>{HEAD}{one}<item>{ids.format('b')}{ITEM}</item></transaction>")


@pytest.mark.parametrize(
    ("content", "held"),
    [
        ("data:application/pdf;base64,QUJD", b"ABC"),
        (" DATA:;charset=x;base64, Q\nUJD", b"ABC"),
        ("-__-", b"\xfb\xff\xfe"),
        ("data", b"u\xab\x5a"),
        ("data:;base64,-_8=", b"\xfb\xff"),
    ],
)
def test_an_attachment_is_decoded_whatever_its_spelling(content, held):
    dispositions, out = balanced(f"<transaction>{HEAD}<lnk TYPE='multimedia'>{content}</lnk></transaction>")
    assert b64encode(held) in out
    assert dispositions == {"delivered": 2}


@pytest.mark.parametrize(
    "content", ["data:text/plain,QUJD", "data:;base64,", "data:;base64,Q", "data:" + "x" * 300]
)
def test_what_is_no_base64_is_handed_over_as_it_came(content):
    found = source(f"<transaction>{HEAD}<lnk TYPE='multimedia'>{content}</lnk></transaction>")
    (reject,) = found.rejects
    assert (reject.kind, reject.reason) == ("attachment", "base64_invalid")
    assert found.counted[reject.unit]["kind"] == "attachment"
    kept = b"".join(piece for b in found.tables["document_chunk"] for piece in b["content"].to_pylist())
    assert kept == content.encode()


@pytest.mark.parametrize(
    ("link", "points"),
    [
        ("<lnk TYPE='multimedia' MEDIATYPE='application/pdf'> </lnk>", ["empty_document"]),
        ("<lnk MEDIATYPE='application/pdf'/>", ["not_in_target", "empty_document"]),
        ("<lnk TYPE='multimedia' URL='scan.pdf'/>", ["dangling_link"]),
        ("<lnk TYPE='multimedia'>QUJD</lnk>", []),
    ],
)
def test_a_file_that_is_not_there_is_on_the_work_list(link, points):
    outcome, *_ = write(source(f"<transaction>{HEAD}{link}</transaction>"), 1)
    assert [each.reason for each in outcome.findings if each.kind in ("attachment", "link")] == points


@pytest.mark.parametrize("where", ["<folder><patient/></folder>{}", "{}<folder><patient/></folder>"])
@pytest.mark.parametrize(
    "stray",
    [
        f"<transaction>{HEAD}<text L='fr'>au message</text></transaction>",
        "<item><cd S='CD-ITEM'>risk</cd></item>",
        "<patient><firstname>A</firstname></patient>",
        "<lnk TYPE='multimedia'>QUJD</lnk>",
        "<text>t</text>",
    ],
)
def test_what_stands_in_a_message_but_in_no_folder_is_handed_over_whole(where, stray):
    data = f"<kmehrmessage xmlns='{NAMESPACE}'>{where.format(stray)}</kmehrmessage>".encode()
    found = read(SourceFile(1, len(data), lambda: io.BytesIO(data)))
    (reject,) = found.rejects
    assert (reject.unit, reject.kind, reject.reason) == ("1/1.0", "loose_text", "loose_text")
    kept = b"".join(piece for b in found.tables["document_chunk"] for piece in b["content"].to_pylist())
    assert kept.decode().replace('"', "'") == stray.replace('"', "'")
    (span,) = found.counted["1/1.0"]["spans"]
    assert data[span["start"] : span["end"]].decode() == stray


TARGETS = (
    f"<transaction><id S='ID-KMEHR' SV='1.0'>19</id><id S='LOCAL' SL='MF-ID' SV='1'>TX</id>{HEAD}"
    f"<item><id S='ID-KMEHR' SV='1.0'>1</id><id S='LOCAL' SL='MF-ID' SV='1'>HE-1</id><id S='LOCAL' SL='X' SV='1'>x1</id>{ITEM}"
    f"</item></transaction><transaction><id S='ID-KMEHR' SV='1.0'>20</id>{HEAD}<item><id S='ID-KMEHR' SV='1.0'>1</id>"
    f"<id S='LOCAL' SL='X' SV='1'>x2</id>{ITEM}</item></transaction>"
)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("HE-1", "//item[id='HE-1']"),
        ("#HE-1", "//item[id='HE-1']"),
        ("x2", "//item[id='x2']"),
        ("19", "//transaction[id='TX']"),
        ("//transaction[id[@S='ID-KMEHR']='19']", "//transaction[id='TX']"),
        ('//transaction[id[@S="ID-KMEHR" and .="20"]]', "//transaction[item/id='x2']"),
        (
            "/kmehrmessage/folder/transaction[id[@S='ID-KMEHR']=20]/item[id[@S='ID-KMEHR']='1']",
            "//item[id='x2']",
        ),
        ("//item[id[@SL='X' and text()='x1']]", "//item[id='HE-1']"),
        ("//item[id='x2']", "//item[id='x2']"),
        ("//k:item[k:id[@SL='MF-ID']='HE-1']", "//item[id='HE-1']"),
        ("//*[id[@SL='MF-ID' and .='TX']]", "//transaction[id='TX']"),
    ],
)
def test_a_link_points_at_the_mf_id_of_its_target(url, target, schemas):
    link = (
        f'<transaction>{HEAD}<lnk TYPE="isaservicefor" URL="{url.replace(chr(34), "&quot;")}"/></transaction>'
    )
    for folder in (TARGETS + link, link + TARGETS):
        dispositions, out = balanced(folder)
        assert set(dispositions) == {"delivered"}
        assert all(schema.validate(etree.fromstring(out)) for schema in schemas)
        tree = etree.fromstring(out.replace(NAMESPACE.encode(), b""))
        (path,) = tree.xpath("//lnk/@URL")
        assert tree.xpath(path) == tree.xpath(target)
        assert len(tree.xpath(path)) == 1


@pytest.mark.parametrize(
    "url",
    ["1", "y", "//item[id[@S='ID-KMEHR']='1']", "//item[19]", "//item[position()=19]", "//transaction[id='19' or id='20']",
     "//heading[id='x1']", "//item[.='x1']", "//item[id[@SL='Y']='x1']", "http://a.be/x1", "//transaction[id='20']/item[id='x1']",
     "//item[not(id='x1')]", "//item[id='x1'][id='x2']", "[", "//item[id='x1"],
)  # fmt: skip
def test_a_link_to_nothing_or_to_several_is_a_text(url):
    dispositions, out = balanced(
        f'{TARGETS}<transaction>{HEAD}<lnk TYPE="isaservicefor" URL="{url}"/></transaction>'
    )
    assert dispositions["degraded"] == 1
    assert b"<lnk" not in out


def test_a_link_turned_elsewhere_is_noticed():
    *_, out = write(
        source(f"{TARGETS}<transaction>{HEAD}<lnk TYPE='isaservicefor' URL='x1'/></transaction>"), 1
    )
    assert recount(out).problems == []
    assert recount(out.replace(b".=&quot;HE-1&quot;", b".=&quot;TX&quot;")).problems == [
        "link_target_differs"
    ]
    assert recount(out.replace(b".=&quot;HE-1&quot;", b".=&quot;gone&quot;")).problems == [
        "link_target_differs"
    ]


def test_a_file_says_multimedia_where_its_link_says_nothing():
    dispositions, out = balanced(f"<transaction>{HEAD}<lnk>QUJD</lnk></transaction>")
    assert b'<lnk TYPE="multimedia" MEDIATYPE="text/plain">QUJD</lnk>' in out
    assert dispositions == {"delivered": 2}
    (reject,) = source(f"<transaction>{HEAD}<lnk TYPE='odd'>QUJD</lnk></transaction>").rejects
    assert (reject.kind, reject.reason) == ("attachment", "not_in_target")


@pytest.mark.parametrize(
    "cds",
    ["clinicalsummary labresult", "labresult clinicalsummary", "clinicalsummary clinicalsummary", "x note"],
)
def test_a_transaction_of_two_kinds(cds, schemas):
    for odd in ("", " SIZE='1'"):
        codes = "".join(
            f"<cd S='CD-TRANSACTION' SV='1.5'{odd * (at == 0)}>{each}</cd>"
            for at, each in enumerate(cds.split())
        )
        _, out = balanced(
            f"<transaction>{codes}<item>{ITEM}</item></transaction><transaction>{HEAD}</transaction>"
        )
        assert all(schema.validate(etree.fromstring(out)) for schema in schemas)


def test_an_author_of_an_item_that_does_not_fit_whole_is_told(schemas):
    author = "<author><hcparty><cd S='CD-HCPARTY' SV='1.6'>persphysician</cd><firstname>An</firstname><odd>x</odd></hcparty></author>"
    _, out = balanced(f"<transaction>{HEAD}<item>{ITEM}{author}</item></transaction>")
    assert all(schema.validate(etree.fromstring(out)) for schema in schemas)
    assert b"An" in out


def test_two_authors_of_which_neither_fits_whole(schemas):
    party = "<hcparty><cd S='CD-HCPARTY' SV='1.6'>persphysician</cd><familyname>Ann</familyname></hcparty>"
    _, out = balanced(
        f"<transaction>{HEAD}<author>contactreport</author><author>{party}</author></transaction>"
    )
    tree = etree.fromstring(out)
    assert all(schema.validate(tree) for schema in schemas)
    names = tree.xpath(
        "//k:transaction[last()]/k:author/k:hcparty/k:name/text()", namespaces={"k": NAMESPACE}
    )
    assert names == ["Ann"]
