"""A chart's bytes say what its tree says, whatever signs it holds, and come in few pieces."""

from __future__ import annotations

import random
from unicodedata import normalize

import pytest
from lxml import etree

from connectors.targets.chart_bytes import write_nodes
from connectors.targets.tree import Node, escape_attribute, escape_text

SIGNS = "aZ09 -;=?~!#%'.\\&<>\"\n\t\r\x7fé\u0065\u0301\u212b€\U0001f600]]>"


def made(*nodes: Node) -> list[bytes]:
    pieces: list[bytes] = []
    write_nodes(nodes, pieces.append)
    return pieces


@pytest.mark.parametrize("seed", range(20))
def test_every_sign_arrives(seed):
    chance = random.Random(seed)
    said = ["".join(chance.choices(SIGNS, k=chance.randrange(12))) for _ in range(3)]
    inner = Node("b", {"DN": said[0]}, said[1], tail=said[2])
    root = etree.fromstring(b"".join(made(Node("a", children=[inner]))))
    assert [root[0].get("DN"), root[0].text or "", root[0].tail or ""] == [normalize("NFC", x) for x in said]


def test_signs_are_escaped_alone_as_in_a_text():
    for code in range(0x20, 0x3000):
        sign = chr(code)
        assert escape_text(sign) + escape_text("&") == escape_text(sign + "&")
        assert escape_attribute(sign) + escape_attribute("&") == escape_attribute(sign + "&")


def test_a_large_tree_comes_in_few_pieces_and_in_order():
    leaves = [Node("cd", {"S": "LOCAL"}, str(number)) for number in range(20_000)]
    pieces = made(Node("a", children=leaves), Node("z"))
    assert 2 < len(pieces) < 40
    root = etree.fromstring(b"<r>" + b"".join(pieces) + b"</r>")
    assert [each.text for each in root[0]] == [str(number) for number in range(20_000)]
    assert root[1].tag == "z"
