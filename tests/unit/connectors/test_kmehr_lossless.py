"""Rows rebuild to what the source says, child by child."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kmehr_rebuilding import (
    Read,
    canon,
    children,
    local,
    rebuilt_heads,
    source_heads,
)
from lxml import etree
from support.series import sample


def samples(shared: Path) -> list[Path]:
    return sorted((shared / "samples" / "kmehr").rglob("*.xml"))


def test_every_sample_is_rebuilt_to_the_letter(shared: Path) -> None:
    found = samples(shared)
    assert len(found) >= 20
    for path in found:
        data = path.read_bytes()
        assert rebuilt_heads(Read(data)) == source_heads(data), path.name


def test_patient_fields_texts_and_links_of_every_sample_arrive(shared: Path) -> None:
    for path in samples(shared):
        data = path.read_bytes()
        read = Read(data)
        units = _expected_units(data)
        assert read.units() - {"1/0"} == units.keys() | set(), path.name
        rows = {row["unit"]: row for kind in ("text", "patient_field") for row in read.rows[kind]}
        for unit, element in units.items():
            if unit in rows:
                assert canon(etree.fromstring(rows[unit]["xml"])) == canon(element)


def _expected_units(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def walk(element: Any, path: str, folder: bool) -> None:
        name = local(element.tag)
        parent = local(element.getparent().tag) if element.getparent() is not None else ""
        if folder and (
            name in ("transaction", "heading", "item", "lnk")
            or parent == "patient"
            or (name in ("text", "text-with-layout") and parent in ("transaction", "heading", "folder"))
        ):
            found[path] = element
        if parent == "patient":
            return
        for ordinal, child in enumerate(children(element), 1):
            walk(child, f"{path}.{ordinal}", folder or name == "folder")

    walk(etree.fromstring(data.removeprefix(b"\xef\xbb\xbf")), "1/1", False)
    return found


NAMES = st.sampled_from(
    ["id", "cd", "content", "text", "beginmoment", "endmoment", "lifecycle", "severity", "isrelevant", "posology",
     "batch", "recorddatetime", "decimal", "unit", "minref", "maxref", "date", "time", "year", "yearmonth",
     "medicinalproduct", "intendedcd", "intendedname", "boolean", "regimen", "foo"]
)  # fmt: skip
WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Z")), max_size=6) | st.sampled_from(
    ["", " ", "a\tb", "T", "1T2", "e\u0301", "x & <y>", "]]>", "a\r\nb"]
)
KEYS = st.sampled_from(["S", "SV", "SL", "DN", "L", "nullFlavor", "TYPE", "other"])
ATTRIBUTES = st.dictionaries(KEYS, st.sampled_from(["CD-ITEM", "ID-KMEHR", "", "a\nb", "é"]), max_size=2)
LEAVES = st.tuples(NAMES, ATTRIBUTES | st.just({}), WORDS, st.just([]))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.tuples(
        NAMES, st.just({}) | ATTRIBUTES, st.just("") | WORDS, st.lists(inner, max_size=3)
    ),
    max_leaves=8,
)


def _build(spec: Any, parent: Any) -> None:
    name, attributes, text, inner = spec
    element = etree.SubElement(parent, name)
    for key, value in attributes.items():
        element.set(key, value)
    try:
        element.text = text
    except ValueError:
        element.text = "-"
    for each in inner:
        _build(each, element)


@settings(max_examples=sample(300, 100), deadline=None)
@given(st.lists(TREES, max_size=6), st.sampled_from(["item", "transaction", "heading"]))
def test_any_tree_is_rebuilt(specs: list[Any], name: str) -> None:
    root = etree.Element("kmehrmessage")
    transaction = etree.SubElement(etree.SubElement(root, "folder"), "transaction")
    parent = transaction if name == "transaction" else etree.SubElement(transaction, name)
    for spec in specs:
        _build(spec, parent)
    data = etree.tostring(root, encoding="utf-8")
    assert rebuilt_heads(Read(data)) == source_heads(data)


CONTENTS = st.sampled_from(
    [
        "<text L='fr'>a</text><text>b</text>", "<cd S='ICPC' SV='2'>T90</cd>", "<cd DN='x' L='fr'/>", "",
        "<decimal>1.5</decimal><unit><cd S='CD-UNIT' SV='1'>g</cd></unit><minref><decimal>1</decimal></minref>",
        "<decimal>1</decimal><unit><cd S='CD-UNIT' DN='x'>g</cd></unit>", "<decimal>1</decimal><decimal>2</decimal>",
        "<date>2020-01-01</date><time>10:00:00</time>", "<time>10:00:00</time>", "<unit><cd>g</cd></unit>",
        "<decimal>1</decimal><minref><text L='fr'>x</text></minref>", "<boolean/>", "<text/>stray",
        "<medicinalproduct><intendedcd S='CD-DRUG-CNK' SV='1'>1</intendedcd><intendedname>x</intendedname></medicinalproduct>",
        "<substanceproduct><intendedcd/><intendedname/></substanceproduct>", "<medicinalproduct/>",
        "<medicinalproduct><intendedname>x</intendedname><intendedname>y</intendedname></medicinalproduct>",
        "<hcparty><cd S='CD-HCPARTY'>x</cd></hcparty>", "<text L='fr'>a</text><cd>b</cd>", "<foo:bar/>",
    ]
)  # fmt: skip


@settings(max_examples=sample(150, 50), deadline=None)
@given(st.lists(CONTENTS, max_size=5))
def test_contents_are_rebuilt(contents: list[str]) -> None:
    inside = "".join(f"<content>{each}</content>" for each in contents).replace("foo:bar", "bar")
    data = f"<kmehrmessage><folder><transaction><item>{inside}</item></transaction></folder></kmehrmessage>"
    read = Read(data.encode())
    assert rebuilt_heads(read) == source_heads(data.encode())


@pytest.mark.parametrize(
    ("written", "shape", "texts"),
    [
        ("<cd S='A'>x</cd>", '<cd S="A">\0</cd>', ["x"]),
        ("<cd S='A'></cd>", '<cd S="A"/>', []),
        ("<a>\n <b>x</b>\n <c> </c>\n</a>", "<a><b>\0</b><c>\0</c></a>", ["x", " "]),
        ("<a>said <b>x</b> twice</a>", "<a>\0<b>\0</b>\0</a>", ["said ", "x", " twice"]),
        (
            "<text-with-layout><b>x</b> <i>y</i></text-with-layout>",
            "<text-with-layout><b>\0</b>\0<i>\0</i></text-with-layout>",
            ["x", " ", "y"],
        ),
        ("<a x='1 &gt; 0&#10;'>&lt;<![CDATA[&]]></a>", '<a x="1 &gt; 0&#10;">\0</a>', ["<&"]),
        ("<q:a xmlns:q='urn:q' q:b='1'/>", '<a b="1"/>', []),
    ],
)
def test_shape_and_texts(written: str, shape: str, texts: list[str]) -> None:
    name = "text-with-layout" if "layout" in written else "odd"
    inside = written if name != "odd" else f"<odd>{written}</odd>"
    read = Read(f"<folder><transaction>{inside}</transaction></folder>".encode())
    row = (read.rows["text"] or read.rows["transaction"])[0]
    assert shape in row["shape"]
    assert row["texts"] == texts
