"""What carries letters and lies in no unit: found by reader and counter alike, handed over, never delivered."""

from __future__ import annotations

from itertools import pairwise

import pytest
from kmehr_rebuilding import Read, file_of

from connectors.base import Batch, Limits, Verdict
from connectors.inventory.kmehr import _loose as loose
from connectors.inventory.kmehr.counter import KmehrCounter
from connectors.registry import by_name
from schemas.disposition import Disposition, Reason
from schemas.errors import LimitExceededError, SourceError

WORD = "Kanarie"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PLAIN = (
    "<?xml version='1.0'?><kmehrmessage xmlns='http://www.ehealth.fgov.be/standards/kmehr/schema/v1'"
    f" xmlns:xsi='{XSI}' xsi:schemaLocation='http://www.ehealth.fgov.be/standards/kmehr/schema/v1 ../kmehr_1.xsd'>"
    "<header><standard/><sender><hcparty><name>S</name></hcparty></sender></header>"
    "<folder><id S='ID-KMEHR' SV='1.0'>0a1f-9.2</id><patient><firstname>A</firstname></patient>"
    "<transaction><cd S='CD-TRANSACTION'>note</cd><item><content><text>x</text></content></item></transaction></folder>"
    "</kmehrmessage>"
)
TEXT, REMARK = "loose_text", "remark"
MESSAGE, FOLDER, TRANSACTION, FILE = "1/1.0", "1/1.2.0", "1/1.2.3.0", "1/0"
# name: what is replaced, by what, the path and the kind of the unit that must come of it
CASES: dict[str, tuple[str, str, str, str]] = {
    "text in a message": ("<folder>", f"{WORD}<folder>", MESSAGE, TEXT),
    "text in a folder": ("<patient>", f"\n{WORD} <patient>", FOLDER, TEXT),
    "text in a patient": ("<firstname>", f"{WORD}<firstname>", FOLDER, TEXT),
    "text after a transaction": ("</folder>", f"{WORD}</folder>", FOLDER, TEXT),
    "a CDATA section": ("</folder>", f"<![CDATA[{WORD} < ]]></folder>", FOLDER, TEXT),
    "one sign": ("</folder>", f"+<!-- {WORD} --></folder>", FOLDER, TEXT),
    "an attribute of a message": ("<kmehrmessage ", f"<kmehrmessage a='{WORD}' ", MESSAGE, TEXT),
    "an attribute of a folder": ("<folder>", f"<folder a='{WORD}'>", FOLDER, TEXT),
    "an attribute of a patient": ("<patient>", f"<patient a='{WORD}'>", FOLDER, TEXT),
    "an attribute of a header": ("<header>", f"<header a='{WORD}'>", MESSAGE, TEXT),
    "an unknown element in a message": ("<folder>", f"<remark>{WORD}</remark><folder>", MESSAGE, TEXT),
    "a nested message": ("</kmehr", f"<kmehrmessage><a><b>{WORD}</b></a></kmehrmessage></kmehr", "1/1.3.0", TEXT),
    "text in a header": ("</header>", f"{WORD}</header>", MESSAGE, TEXT),
    "a text of a header": ("</header>", f"<text>{WORD}</text></header>", MESSAGE, TEXT),
    "a lnk of a header": ("</header>", f"<lnk><b><!-- c -->{WORD}</b></lnk></header>", MESSAGE, TEXT),
    "a folder's own id": ("<patient>", f"<id S='LOCAL'>{WORD}</id><patient>", FOLDER, TEXT),
    "a word for a position": ("0a1f-9.2", WORD, FOLDER, TEXT),
    "an element in a position": ("0a1f-9.2", f"1<b>{WORD}</b>", FOLDER, TEXT),
    "an attribute of a position": ("SV='1.0'", f"SV='1.0' DN='{WORD}'", FOLDER, TEXT),
    "confidentiality of a message": ("</header>", f"<confidentiality><cd>{WORD}</cd></confidentiality></header>", MESSAGE, TEXT),
    "a comment in a folder": ("<patient>", f"<!-- {WORD} --><patient>", FOLDER, REMARK),
    "a comment in an item": ("<content>", f"<content><!--{WORD}-->", TRANSACTION, REMARK),
    "a comment in a text": (">x<", f">x<!--{WORD}-->y<", TRANSACTION, REMARK),
    "an instruction in an item": ("<content>", f"<content><?note {WORD}?>", TRANSACTION, REMARK),
    "a namespace": ("<content>", f"<content xmlns:q='urn:{WORD}'>", TRANSACTION, REMARK),
    "a namespace of a folder": ("<folder>", f"<folder xmlns:q='urn:{WORD}'>", FOLDER, REMARK),
    "a type of the schema": ("<content>", f"<content xsi:type='{WORD}'>", TRANSACTION, REMARK),
    "another prefix for it": ("<item>", f"<item xmlns:i='{XSI}'><cd i:type='{WORD}'/>", TRANSACTION, REMARK),
    "a place of the schema": ("../kmehr_1.xsd", WORD, MESSAGE, REMARK),
    "a comment in an encrypted folder": ("<folder>", f"<EncryptedData><!--{WORD}-->x</EncryptedData><folder>", MESSAGE, REMARK),
    "a comment before the root": ("?>", f"?><!-- {WORD} -->", FILE, REMARK),
    "an instruction after it": ("</kmehrmessage>", f"</kmehrmessage><?go {WORD}?>", FILE, REMARK),
    "text after it": ("</kmehrmessage>", f"</kmehrmessage>\nfrom: {WORD}\n", FILE, TEXT),
    "text before it": ("<?xml version='1.0'?>", f"to: {WORD}", FILE, TEXT),
}  # fmt: skip
NOTHING = ["<!-- ==== -->", "\u00a0", "\ufeff"]


def counted(text: str) -> dict[str, str]:
    pieces = KmehrCounter().count(file_of(text.encode()), 1, b"k" * 32, Limits())
    batches = [piece.rows for piece in pieces if isinstance(piece, Batch) and piece.table == "counted_unit"]
    rows = [row for batch in batches for row in batch.to_pylist()]
    spans = sorted((span["start"], span["end"]) for row in rows for span in row["spans"])
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    return {row["unit"]: row["kind"] for row in rows if row["kind"] in (TEXT, REMARK)}


def read(text: str, admit: object = None) -> tuple[dict[str, str], Read]:
    found = Read(text.encode(), admit=admit)
    return {r.unit: r.kind for r in found.rejects if r.kind in (TEXT, REMARK)}, found


@pytest.mark.parametrize("name", CASES)
def test_it_is_one_unit_of_its_place_for_both_sides(name):
    old, new, path, kind = CASES[name]
    text = PLAIN.replace(old, new, 1)
    assert text != PLAIN
    rejects, found = read(text)
    assert rejects == {path: kind} == counted(text)
    assert WORD in found.content(path).decode()


@pytest.mark.parametrize("sign", NOTHING)
def test_what_says_nothing_is_structure(sign):
    text = PLAIN.replace("<patient>", f"{sign}<patient>").replace("</kmehrmessage>", f"</kmehrmessage>{sign}")
    assert read(text)[0] == counted(text) == counted(PLAIN) == {}


def test_much_of_one_place_is_one_unit():
    text = PLAIN.replace("<patient>", f"{WORD}<!--1--><patient a='2'>{WORD}").replace(
        "</folder>", "3\n4</folder>"
    )
    rejects, found = read(text)
    assert rejects == {FOLDER: TEXT} == counted(text)
    lines = [
        f"<folder>{WORD}</folder>",
        "<!--1-->",
        '<patient a="2"/>',
        f"<patient>{WORD}</patient>",
        "<folder>3",
        "4</folder>",
    ]
    assert found.content(FOLDER).decode().split("\n") == lines


@pytest.mark.parametrize("place", ["1/1.2", "1/1.2.3"])
def test_out_of_scope_with_its_place(place):
    text = PLAIN.replace("</item>", f"<!-- {WORD} --></item>").replace("<folder>", f"<folder a='{WORD}'>")
    out = Verdict(Disposition.OUT_OF_SCOPE, Reason.KIND_OUT_OF_SCOPE)
    rejects, found = read(text, lambda path: out if f"{path}.".startswith(f"{place}.") else None)
    assert rejects == ({FOLDER: TEXT} if place == "1/1.2.3" else {})
    assert not any(row["unit"] == TRANSACTION for row in found.rows["document_chunk"])
    assert set(counted(text)) == {FOLDER, TRANSACTION}


def test_a_place_with_too_many_pieces_is_no_place(monkeypatch):
    monkeypatch.setattr(loose, "_PIECES", 10)
    assert counted(PLAIN.replace("<patient>", "<!--1-->" * 10 + "<patient>")) == {FOLDER: REMARK}
    with pytest.raises(LimitExceededError):
        counted(PLAIN.replace("<patient>", "<!--1-->" * 11 + "<patient>"))


ENDS = ["<a/>", "<a/><b/>", "x<a/>\n", "<a>", "<", "<3", "< 3 >", "a < b", "</a>", "<!", "<!--", "<!-- ", "<!---->",
    "<!-- a", "<?", "<? ", "<?a", "<?a?>", "<?xml", "<?xml ", "<!D", "<!DOCTYPE", "<!doctype a>", "<![CDATA[a]]>"]  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("before", ["", "<a/>", PLAIN])
def test_both_sides_end_a_file_alike(before, end):
    def outcome(side: object) -> object:
        try:
            return side(before + end)
        except SourceError as refusal:
            return type(refusal), refusal.code

    assert outcome(lambda text: read(text)[0]) == outcome(counted)


def test_the_shortest_documents_are_documents():
    for text in ("<a/>", PLAIN + "<a/>", PLAIN + "< a <a/>"):
        assert read(text)[0] == counted(text) == ({FILE: TEXT} if "< a" in text else {})


def test_in_a_flat_file_nothing_lies_loose():
    data = (
        f"{WORD} before\r\nA1\\1\\L\\\r\nA2\\1\\B\\A\\M\\\r\nL5\\1\\x\\\r\nEND\r\n{WORD} after\r\n".encode()
    )
    found = Read(data, by_name("healthone"))
    assert not found.rejects
    assert found.content("1/1.0") == data
