"""Repairs, offsets, several documents in a file, what is refused."""

from __future__ import annotations

import codecs
import hashlib
import hmac
import io
from collections import Counter

import pytest
from inventory_case import KEY, Count, Prose, account, item, message, source, transaction

from connectors.base import Batch, Limits
from connectors.inventory.facts.tiles import check_tiling
from connectors.inventory.kmehr.bytes_repair import Repairer
from connectors.inventory.registry import counter_for, whole_file
from connectors.sources.kmehr.connector import KmehrConnector
from schemas.errors import (
    LimitExceededError,
    UnexplainedUnitError,
    UnknownFormatError,
    UnreadableSourceError,
    UnsafeSourceError,
)

PLAIN = message(transaction(body=item("fièvre à 39°") + "<text L='fr'>été</text>"))


def same_as_plain(content: bytes) -> Count:
    count = Count(content)
    count.check(content)
    assert count.facts == Count(PLAIN).facts
    for row in count.rows:
        raw = count.bytes_of(content, row)
        assert raw[:1] == b"<"
        assert raw[-1:] == b">"
    return count


def test_byte_order_mark():
    assert same_as_plain(b"\xef\xbb\xbf" + PLAIN).tiling.repaired == {"byte-order-mark": 1}


def test_windows_1252_under_a_utf8_declaration():
    wrong = PLAIN.decode().encode("cp1252")
    assert same_as_plain(wrong).tiling.repaired == {"windows-1252-byte": 5}
    mixed = PLAIN.replace("été".encode(), b"\xe9t\xe9")
    assert same_as_plain(mixed).tiling.repaired == {"windows-1252-byte": 2}


@pytest.mark.parametrize("name", ["ISO-8859-1", "windows-1252", "iso-8859-15"])
def test_declared_eight_bit_encoding_is_believed(name):
    content = PLAIN.replace(b"UTF-8", name.encode()).decode().encode(name)
    assert same_as_plain(content).tiling.repaired == {}


@pytest.mark.parametrize("name", ["utf-16", "x-unknown", "us-ascii"])
def test_other_declared_encodings_are_read_as_utf8(name):
    same_as_plain(PLAIN.replace(b"UTF-8", name.encode()))


def test_control_characters_and_references_to_them():
    dirty = PLAIN.replace(b'L="fr">fi', b'L="fr">f\x04i').replace(b"</content>", b"\x00</content>\x1f")
    dirty = dirty.replace(b"</text></transaction>", b"&#4;&#x1F;&#0;</text></transaction>")
    assert same_as_plain(dirty).tiling.repaired == {"control-character": 6}
    tabs = Count(message(transaction(body=item("a&#9;b&#10;c&#13;d"))))
    assert tabs.tiling.repaired == {}


def test_noncharacters():
    dirty = PLAIN.replace("fiè".encode(), b"f\xef\xbf\xbei\xef\xbf\xbf" + "è".encode())
    assert same_as_plain(dirty).tiling.repaired == {"noncharacter": 2}


def test_line_ends_do_not_count():
    pretty = PLAIN.replace(b"><", b">\n<")
    assert Count(pretty.replace(b"\n", b"\r\n")).facts == Count(pretty).facts == Count(PLAIN).facts


def test_repairs_do_not_depend_on_chunks():
    dirty = (
        b"\xef\xbb\xbf<?xml version='1.0'?><a>" + b"x\xe9\xc3\xa9\xe2\x82\xac&#x4;&amp;\x01&#38;" * 40
    ) + b"</a>"
    expected = None
    for size in (1, 2, 3, 5, 64, 10_000):
        repairer = Repairer(1)
        out = b"".join(repairer.feed(dirty[i : i + size]) for i in range(0, len(dirty), size))
        out += repairer.feed(b"", final=True)
        found = (out, dict(repairer.counts), repairer.origin(len(out)))
        expected = expected or found
        assert found == expected
    assert expected[0].decode() == "<?xml version='1.0'?><a>" + "xéé€&amp;&#38;" * 40 + "</a>"
    assert expected[2] == len(dirty)


def test_several_documents_and_what_is_between_them():
    second = message(transaction(body=item("deux")))
    between = b"\n <!-- next --> http://example.org/2 \n\xef\xbb\xbf"
    content = b"http://example.org/1\n" + PLAIN + between + second + b"\n<folder/>\n"
    count = Count(content)
    count.check(content)
    assert [p["unit"] for p in count.patients] == ["1/1.2", "1/2.2", "1/3"]
    assert [p["patient"] for p in count.patients] == [1, 2, 3]
    assert count.facts == Count(PLAIN).facts + Count(second).facts
    said = b"http://example.org/1\n<!-- next -->http://example.org/2 \n\xef\xbb\xbf"
    assert count.loose == {"1/0": ("loose_text", said)}


@pytest.mark.parametrize(
    "root", ["<a/>", "<a x='/>'/>", "<a>/></a>", "<a x='1'></a >", "<a><b/></a>", "<a b='>'>x</a>"]
)
def test_the_end_of_a_document_is_found(root):
    for chunk in (1, 3, 1000):
        content = (root + "<!--=-->" + root + "\n").encode()
        stream = io.BytesIO(content)
        stream.read = lambda _n, read=stream.read, chunk=chunk: read(chunk)
        found = list(counter_for("kmehr").count(source(content), 1, KEY, Limits()))
        assert found[-1].ignored_bytes["comment"] == 8
        assert found[-1].units == ({"loose_text": 2} if ">/" in root or "'" in root or "x" in root else {})


def test_comments_lie_loose_but_for_lines_drawn():
    content = message(transaction(body=item(more="<!--in--><?pi in?><!-- -->"))).replace(
        b"<folder>", b"<!--out--><?pi x?><folder>"
    )
    count = Count(content)
    count.check(content)
    assert count.loose == {
        "1/1.0": ("remark", b"<!--out--><?pi x?>"),
        "1/1.2.3.0": ("remark", b"<!--in--><?pi in?>"),
    }
    assert count.bytes_of(content, count.one("item")) == item(more="<!-- -->").encode()
    assert count.facts == Count(message(transaction(body=item()))).facts


@pytest.mark.parametrize("owner", ["transaction", "item"])
def test_text_and_attributes_of_an_owner_are_part_of_it(owner):
    plain = message(transaction(body=item()))
    stray = plain.replace(f"</{owner}>".encode(), f" str<!-- c -->ay </{owner}>".encode())
    count = Count(stray)
    count.check(stray)
    assert list(count.loose.values()) == [("remark", b"<!-- c -->")]
    assert count.one(owner)["digest"] != Count(plain).one(owner)["digest"]
    assert Count(stray.replace(b"ay", b"ya")).one(owner)["digest"] != count.one(owner)["digest"]
    odd = Count(plain.replace(f"<{owner}>".encode(), f"<{owner} odd='1'>".encode()))
    assert odd.one(owner)["digest"] not in (count.one(owner)["digest"], Count(plain).one(owner)["digest"])
    prose = Prose()
    moved = prose.text("<reprise-itself>stray</reprise-itself>") + f"</{owner}>"
    again = account(plain.replace(f"</{owner}>".encode(), moved.encode()), originals=prose.document())
    assert Counter(u.digest for u in again.units) == count.facts
    assert again.degraded == 1


def test_text_in_a_folder_is_shown():
    content = message(transaction(), tail="beside")
    count = Count(content)
    count.check(content)
    assert count.loose == {"1/1.2.0": ("loose_text", b"beside")}


def test_unknown_elements_of_a_folder_are_units_and_so_is_what_is_in_them():
    content = message(transaction(), tail=f"<other><x>secret</x><lnk/>{transaction(body=item())}</other>")
    count = Count(content)
    count.check(content)
    assert [row["kind"] for row in count.rows[-4:]] == ["text", "link", "transaction", "item"]


def test_envelopes_and_prefixes():
    inner = PLAIN.partition(b"?>")[2]
    wrapped = b'<s:Envelope xmlns:s="urn:s"><s:Body>' + inner + b"</s:Body></s:Envelope>"
    count = Count(wrapped)
    count.check(wrapped)
    assert count.facts == Count(PLAIN).facts
    assert count.patients[0]["unit"] == "1/1.1.1.2"
    assert count.loose == {"1/1.0": ("remark", b'<s:Envelope xmlns:s="urn:s">')}


def test_encrypted_folder_is_one_unit():
    content = b"<kmehrmessage>" + b"<EncryptedData><x>abc</x></EncryptedData>" + b"</kmehrmessage>"
    count = Count(content)
    count.check(content)
    row = count.one("file")
    assert (row["unit"], row["patient"]) == ("1/1.1", 0)
    assert count.bytes_of(content, row) == b"<EncryptedData><x>abc</x></EncryptedData>"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN[:-5],
        PLAIN[: len(PLAIN) // 2],
        PLAIN.replace(b"</item>", b"</items>"),
        PLAIN.replace(b">fi", b">&nbsp;"),
        PLAIN + b"</x>",
        PLAIN + PLAIN[:-3],
        b"no document at all",
        b"",
    ],
)
def test_not_well_formed_or_cut_short(content):
    with pytest.raises(UnreadableSourceError) as caught:
        Count(content)
    assert caught.value.code in ("not_well_formed", "cut_short")
    assert caught.value.__context__ is None
    batch, tiling = whole_file(source(content), KEY)
    (row,) = batch.rows.to_pylist()
    assert (row["unit"], row["kind"], row["patient"]) == ("1/0", "file", 0)
    assert tiling.size == tiling.unit_bytes == len(content)
    form = "file\x1e\x1e" + hashlib.sha256(content).hexdigest()
    assert row["digest"] == hmac.digest(KEY, form.encode(), "sha256")


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE a><a/>",
        b"<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<!doctype a SYSTEM 'file:///x'><a/>",
        PLAIN + b"<!DOCTYPE a><a/>",
    ],
)
def test_doctype(content):
    with pytest.raises(UnsafeSourceError):
        Count(content)


def test_limits():
    deep = b"<a>" * 70 + b"</a>" * 70
    with pytest.raises(LimitExceededError) as caught:
        Count(deep)
    assert caught.value.code == "too_deep"
    with pytest.raises(LimitExceededError):
        Count(PLAIN, limits=Limits(max_file_bytes=10))
    with pytest.raises(UnknownFormatError):
        counter_for("nothing")


def test_a_unit_above_the_limit_is_counted_still():
    big = message(transaction(body=item("x" * 5000) + item("y" * 5000, mf_id="i-2")))
    count = Count(big, limits=Limits(max_unit_bytes=1000))
    count.check(big)
    other = Count(big.replace(b"x</text>", b"z</text>"), limits=Limits(max_unit_bytes=1000))
    assert len(count.facts - other.facts) == 1


@pytest.mark.parametrize(
    ("spans", "structural", "ignored", "size"),
    [
        ([(0, 3)], [(4, 9)], [], 9),
        ([(0, 3)], [(2, 9)], [], 9),
        ([(0, 3)], [(3, 8)], [], 9),
        ([(0, 3)], [(3, 8)], [(8, 10)], 9),
        ([], [(1, 9)], [], 9),
        ([(0, 5), (0, 5)], [(5, 9)], [], 9),
        ([(0, 0)], [(0, 9)], [], 9),
    ],
)
def test_the_checker_finds_gaps_and_overlaps(spans, structural, ignored, size):
    with pytest.raises(UnexplainedUnitError):
        check_tiling(spans, structural, ignored, size)
    check_tiling([(2, 4), (0, 1)], [(1, 2)], [(4, 9)], 9)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_and_counted_alike(codec):
    text = message(transaction(body=item("œdème € 𝄞 \x01 fin"))).decode().replace("UTF-8", "UTF-16")
    mark = codecs.BOM_UTF16_LE if codec == "utf-16-le" else codecs.BOM_UTF16_BE
    wide = mark + text.encode(codec)
    count = Count(wide)
    count.check(wide)
    assert count.facts == Count(text.encode()).facts
    assert count.tiling.repaired == {"byte-order-mark": 1, "control-character": 1}
    assert count.bytes_of(wide, count.one("item")).decode(codec).startswith("<item>")
    assert narrative(wide) == narrative(text.encode()) == "œdème € 𝄞  fin"


def test_a_lone_surrogate_is_replaced_and_counted():
    wide = codecs.BOM_UTF16_LE + message(transaction(body=item("a#b"))).decode().encode("utf-16-le").replace(
        "a#b".encode("utf-16-le"), b"a\0\x34\xd8b\0"
    )
    count = Count(wide)
    count.check(wide)
    assert count.tiling.repaired["lone-surrogate"] == 1
    assert narrative(wide) == "a\ufffdb"


@pytest.mark.parametrize("label", ["ISO-8859-1", "ISO-8859-15", "latin1", "iso-8859-2"])
def test_windows_1252_under_a_label_of_iso_8859(label):
    data = message(transaction(body=item("@"))).replace(b"UTF-8", label.encode())
    data = data.replace(b"@", b"\x9cd\x96\x80\x93x\x94\x81")
    count = Count(data)
    count.check(data)
    assert narrative(data) == "œd–€“x”\x81"
    assert count.facts == Count(message(transaction(body=item("œd–€“x”\x81")))).facts
    assert count.tiling.repaired == {"windows-1252-byte": 6}


def narrative(data: bytes) -> str:
    """The text of the item as the reader has it."""
    found = [
        row["texts"][-1]
        for batch in KmehrConnector().read(source(data), 1, lambda _: None, Limits())
        if isinstance(batch, Batch) and batch.table == "unit"
        for row in batch.rows.to_pylist()
        if row["kind"] == "item"
    ]
    return str(found[0])
