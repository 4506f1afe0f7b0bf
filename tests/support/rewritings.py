"""Ways to write the same file otherwise, and to put into it what readers stumble over."""

from __future__ import annotations

import re

from lxml import etree

SCHEMA = b"http://www.ehealth.fgov.be/standards/kmehr/schema/v1"


def pretty(data: bytes) -> bytes:
    root = etree.fromstring(data.removeprefix(b"\xef\xbb\xbf"), etree.XMLParser(remove_blank_text=True))
    return etree.tostring(root, pretty_print=True, encoding="UTF-8", xml_declaration=True)


def in_tags(data: bytes, change) -> bytes:
    return re.sub(rb"<[A-Za-z][^<>]*>", lambda found: change(found[0]), data)


def in_texts(data: bytes, change) -> bytes:
    return re.sub(rb">([^<>]+)<", lambda found: b">" + change(found[1]) + b"<", data)


def reversed_attributes(tag: bytes) -> bytes:
    found = re.findall(rb'\s[\w:.-]+="[^"]*"', tag)
    return (
        re.match(rb"<[\w:.-]+", tag)[0] + b"".join(reversed(found)) + (b"/>" if tag.endswith(b"/>") else b">")
    )


def numeric(text: bytes) -> bytes:
    return b"".join(b"&#%d;" % byte if chr(byte) in "aei" else bytes([byte]) for byte in text)


LAB = b'<item><cd S="CD-ITEM" SV="1">lab</cd><text L="fr">L1\\x\\glu\\n</text></item>'
REWRITINGS = {
    "as it is": lambda d: d,
    "pretty": pretty,
    "tabs and CRLF": lambda d: pretty(d).replace(b"\n  ", b"\n\t").replace(b"\n", b"\r\n"),
    "single quotes": lambda d: in_tags(d, lambda t: t.replace(b"'", b"&apos;").replace(b'"', b"'")),
    "attributes reversed": lambda d: in_tags(d, reversed_attributes),
    "blanks in tags": lambda d: in_tags(d, lambda t: t.replace(b'="', b'\n= "').replace(b"/>", b" />")),
    "references in texts": lambda d: in_texts(d, lambda t: t if len(t) > 2000 else numeric(t)),
    "quotes in texts": lambda d: in_texts(d, lambda t: t.replace(b"'", b"&quot;")),
    "empty elements expanded": lambda d: re.sub(rb"<([\w-]+)([^<>]*)/>", rb"<\1\2></\1>", d),
    "empty elements closed": lambda d: re.sub(rb"<([\w-]+)([^<>/]*)></\1>", rb"<\1\2/>", d),
    "text without L": lambda d: re.sub(rb'<text L="\w\w">', b"<text>", d),
    "raw greater-than": lambda d: d.replace(b"&gt;", b">").replace(b"jour<", b"jour>x<"),
    "greater-than in values": lambda d: d.replace(b'DN="', b'DN="a&gt;b > ').replace(b'S="CD-ITEM"', b'S="CD-ITEM" X="/>"'),
    "comments": lambda d: d.replace(b"</cd>", b"</cd><!-- a < b -->", 7),
    "comment with tags": lambda d: d.replace(b"</header>", b"</header><!-- </header><folder></folder> -->", 1),
    "comment like the end of a header": lambda d: d.replace(b"</header>", b"</header><!-- </header>", 1).replace(b"</folder>", b"--></folder>", 1),
    "CDATA": lambda d: re.sub(rb'(<text L="\w\w">)([^<]{1,200})</text>', rb"\1<![CDATA[\2 <x>]]></text>", d, count=5),
    "CDATA with folders": lambda d: d.replace(b"</header>", b"</header><![CDATA[</header><folder>", 1).replace(b"</folder>", b"</folder>]]></folder>", 1),
    "instruction": lambda d: d.replace(b"<folder>", b"<?a b?><folder>", 1).replace(b"<item>", b"<item><?c d?>", 1),
    "prefix": lambda d: re.sub(rb"(</?)([A-Za-z])", rb"\1k:\2", d).replace(b"xmlns=", b"xmlns:k="),
    "namespace on folders": lambda d: d.replace(b"<folder>", b'<folder xmlns="' + SCHEMA + b'">'),
    "namespace on items": lambda d: d.replace(b"<item>", b'<item xmlns="' + SCHEMA + b'">', 3),
    "foreign namespace": lambda d: d.replace(b"<item>", b'<item xmlns:q="urn:q" q:a="1">', 2),
    "windows-1252 bytes": lambda d: d.decode("utf-8", "replace").encode("cp1252", "replace"),
    "latin-1 declared": lambda d: d.replace(b"UTF-8", b"iso-8859-1", 1).decode("utf-8", "replace").encode("latin-1", "replace"),
    "UTF-16": lambda d: d.decode("utf-8", "replace").encode("utf-16"),
    "byte order mark": lambda d: b"\xef\xbb\xbf" + d,
    "control characters": lambda d: d.replace(b"<familyname>", b"<familyname>\x04").replace(b"</item>", b"\x03</item>", 1),
    "text in a transaction": lambda d: d.replace(b"</iscomplete>", b"</iscomplete> stray ", 3),
    "text in a folder": lambda d: d.replace(b"</patient>", b"</patient> stray ", 1),
    "text in an item": lambda d: d.replace(b"<item>", b"<item>stray", 2),
    "blank in leaves": lambda d: in_texts(d, lambda t: b" \n" + t + b"\t"),
    "attributes on items": lambda d: d.replace(b"<item>", b'<item a="1 (2)|3">', 5),
    "attributes on folders": lambda d: d.replace(b"<folder>", b'<folder a="1">').replace(b"<patient>", b'<patient b="2">', 1),
    "unknown child of a folder": lambda d: d.replace(b"</folder>", b"<odd><x>1</x><item><cd S='CD-ITEM' SV='1'>lab</cd></item></odd></folder>", 1),
    "confidentiality": lambda d: d.replace(b"</folder>", b"<confidentiality><cd S='x' SV='1'>secret</cd></confidentiality></folder>", 1),
    "encrypted": lambda d: d.replace(b"</folder>", b"<EncryptedData>x</EncryptedData></folder>", 1),
    "texts of a folder": lambda d: d.replace(b"</folder>", b"<text L='fr'>a</text><lnk TYPE='x' URL='#1'/>" + LAB + b"</folder>", 1),
    "items in items": lambda d: d.replace(b"</item>", LAB + b"</item>", 9),
    "headings in items": lambda d: d.replace(b"</item>", b"<heading><cd S='CD-HEADING' SV='1'>x</cd><text>t</text>" + LAB + b"</heading></item>", 4),
    "transactions in transactions": lambda d: d.replace(b"</iscomplete>", b"</iscomplete><transaction><cd S='CD-TRANSACTION' SV='1'>note</cd><date>2030-01-02</date>" + LAB + b"</transaction>", 2),
    "link in content": lambda d: d.replace(b"<content>", b"<content><lnk TYPE='x' URL='//item'/>", 3),
    "element in a link": lambda d: d.replace(b"</lnk>", b"<x/></lnk>", 1),
    "item in a patient": lambda d: d.replace(b"</patient>", LAB + b"<lnk URL='a'/></patient>", 1),
    "two patients": lambda d: d.replace(b"</patient>", b"</patient><patient><id S='INSS' SV='1'>1</id></patient>", 1),
    "another's patient": lambda d: d.replace(b"<content>", b"<content><Patient/>", 1),
    "folder in a folder": lambda d: d.replace(b"</folder>", b"<folder><patient/></folder></folder>", 1),
    "id of a folder": lambda d: re.sub(rb'<folder>(\s*)<id S="ID-KMEHR" SV="1.0">\d', rb'<folder>\1<id S="ID-KMEHR" SV="1.0">x', d, count=1),
    "positions that are none": lambda d: re.sub(rb'<id S="ID-KMEHR" SV="1.0">\d', rb'<id S="ID-KMEHR" SV="1.0">x', d, count=9),
    "decomposed accents": lambda d: d.replace("é".encode(), "é".encode()),
    "two messages": lambda d: d + b"\n" + d.removeprefix(b"\xef\xbb\xbf"),
    "message in an envelope": lambda d: b"<e><b>" + re.sub(rb"^.*?(?=<kmehrmessage)", b"", d, flags=re.DOTALL) + b"</b></e>",
    "no header": lambda d: re.sub(rb"<header>.*</header>", b"", d, flags=re.DOTALL),
    "cut short": lambda d: d[: len(d) * 2 // 3],
    "ampersand": lambda d: d[: len(d) // 2] + d[len(d) // 2 :].replace(b"</text>", b" & </text>", 1),
    "message in a folder": lambda d: d.replace(b"</folder>", b"<kmehrmessage><header><standard/></header><folder/></kmehrmessage></folder>", 1),
    "message in an item": lambda d: d.replace(b"<content>", b"<content><kmehrmessage><folder><item/></folder></kmehrmessage>", 3),
    "folder in an item": lambda d: d.replace(b"</item>", b"x<folder><patient/><transaction>" + LAB + b"</transaction></folder>y</item>", 2),
    "header in a folder": lambda d: d.replace(b"</folder>", b"<header><sender/></header></folder>", 1),
    "attributes by the thousand": lambda d: d.replace(b"<content>", b"<content " + b" ".join(b'a%d="1"' % at for at in range(1001)) + b">", 1),
    "a long tag": lambda d: d.replace(b"<content>", b'<content a="' + b"x" * 70_000 + b'">', 1),
    "doctype": lambda d: d.replace(b"<kmehrmessage", b"<!DOCTYPE a><kmehrmessage", 1),
    "marks": lambda d: d.replace(b"</iscomplete>", b'</iscomplete><id S="LOCAL" SV="run-0" SL="REPRISE-FILLED">time</id>', 2),
    "equal texts": lambda d: re.sub(rb'(<content>)(<text L="\w\w">)', rb'\1\2b</text><text L="fr">a</text>\2', d),
    "forms of values": lambda d: d.replace(b"</content>", b"<decimal>1,5</decimal><time>9:05</time><yearmonth>202001</yearmonth></content><isrelevant> TRUE </isrelevant><deliverydate>2020-01-01T00:00:00</deliverydate>", 5),
    "house numbers": lambda d: d.replace(b"</patient>", b"<address><housenumber/><street>a</street></address><address><housenumber> </housenumber></address></patient>", 1),
    "MF-IDs": lambda d: d.replace(b"</iscomplete>", b'</iscomplete><id S="LOCAL" SV="9" SL="MF-ID"> a </id><id S="LOCAL" SL="MF-ID" SV="8"/>', 5),
    "layout": lambda d: d.replace(b"</iscomplete>", b"</iscomplete><text-with-layout L='FR'><strong>b</strong><strong>a</strong></text-with-layout><text-with-layout>x <b>y</b></text-with-layout>", 2),
    "messages": lambda d: d.replace(b"</iscomplete>", b"</iscomplete><text L='fr'>A1\\1\\x\\\nA2\\1\\Do\\\nL1\\1\\glu\\n\\70-105\\mg\\\\99\\\nEND\n</text>" + LAB, 4),
    "messages by references": lambda d: d.replace(b"</iscomplete>", b"</iscomplete><text L='fr'>&#65;1&#92;1\\x\\&#10;A2\\1\\Do\\&#10;L1\\1\\a\\b</text><lnk TYPE='multimedia'>&#81;TFcMVx4XAo=</lnk>", 4),
    "attachments": lambda d: d.replace(b"</iscomplete>", b"</iscomplete><lnk>YQ-_</lnk><lnk L='x'>data:a/b;base64,YQ==</lnk><lnk>no base64!</lnk><lnk>&#32;</lnk><lnk>YQ=</lnk><lnk> Y Q = = </lnk>", 1),
}  # fmt: skip
