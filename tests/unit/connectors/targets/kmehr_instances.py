"""Random elements of KMEHR types, valid and nearly valid, and random changes of documents. All by a given `Random`."""

from __future__ import annotations

import copy
import re
from random import Random

from lxml import etree

from connectors.targets.kmehr_schema import NAMESPACE, element_of, types_of

DATES = ["1900-12-31", "1901-01-01", "9999-12-31", "10000-01-01", "0000-01-01", "-0001-01-01", "2023-02-29", "2024-02-29",
         "1900-02-29", "2000-02-29", "2024-1-01", "2024-01-01Z", "2024-01-01+14:00", "2024-01-01+14:01", " 2024-01-01\n"]  # fmt: skip
TIMES = ["00:00:00", "23:59:59", "23:59:59.9", "24:00:00", "24:00:01", "08:30", "08:30:00.25", "08:30:60", "8:30:00",
         "08:30:00Z", "08:30:00-05:00", "\t08:30:00 "]  # fmt: skip
NUMBERS = ["0", "-0", "+1", "1.", ".5", ".", "", "1,5", "1e3", "-1", "4294967295", "4294967296", "2147483648", "-2147483649",
           "00012", " 7 ", "99999999999999999999", "NaN"]  # fmt: skip
WORDS = ["", "x", " ", "français", "a b", "<&>", "0", "1", "true", "TRUE", "en", "fr-BE", "nl_BE", "QUJD", "QUI=", "QUJ=",
         "QR==", "QQ==", "Q Q = =", "QQ", "2024", "-2024", "0000", "2024-13", "2024-12", "CD-ITEM", "LOCAL"]  # fmt: skip
MOMENTS = [f"{date.strip()}T{time.strip()}" for date in DATES for time in TIMES]
ALL = DATES + TIMES + NUMBERS + WORDS + MOMENTS
GOOD = {
    "xsd:date": "2015-02-03", "xsd:time": "09:30:00", "xsd:dateTime": "2015-02-03T09:30:00", "xsd:boolean": "true",
    "xsd:base64Binary": "QUJD", "xsd:gYear": "2015", "xsd:gYearMonth": "2015-02", "xsd:language": "fr", "xsd:string": "x",
    "xsd:anyType": "",
}  # fmt: skip


class Instances:
    """Makes elements of a release's types; in each about one place in twenty is wrong, or lies at a border."""

    def __init__(self, release: str, random: Random) -> None:
        self._types, self._random = types_of(release), random

    def make(self, type_name: str) -> etree._Element:
        node = etree.Element(f"{{{NAMESPACE}}}{element_of(type_name)}", nsmap={None: NAMESPACE})
        self._fill(node, type_name, 0)
        return node

    def _odd(self) -> bool:
        return self._random.random() < 0.03

    def _fill(self, node: etree._Element, type_name: str, depth: int) -> None:
        known = self._types.get(type_name, {"base": type_name})
        for name, (kind, required, fixed) in known.get("attributes", {}).items():
            if (required or self._random.random() < 0.3) and not self._odd():
                node.set(name, fixed if fixed is not None and not self._odd() else self._value(kind))
        if self._odd():
            node.set(self._random.choice(["S", "SL", "L", "odd"]), self._random.choice(ALL))
        if "children" not in known:
            node.text = self._value(type_name)
            return
        if known.get("mixed") or self._odd():
            node.text = self._random.choice(WORDS)
        self._group(node, known["model"], known["children"], depth)

    def _group(self, node: etree._Element, model: list, children: dict[str, str], depth: int) -> None:
        for _ in range(self._count(model[0], depth)):
            parts = model[1:]
            if model[0].startswith("choice"):
                parts = [self._random.choice(parts)]
            for part in parts:
                if isinstance(part, list):
                    self._group(node, part, children, depth)
                    continue
                name = re.match(r"[A-Za-z0-9-]+", part)[0]
                for _ in range(self._count(part, depth)):
                    child = etree.SubElement(node, f"{{{NAMESPACE}}}{name}")
                    self._fill(child, children.get(name, "xsd:anyType"), depth + 1)

    def _count(self, part: str, depth: int) -> int:
        if self._odd():
            return self._random.choice([0, 1, 2, 3])
        sign = part[-1]
        if sign in "?*":
            return int(self._random.random() < (0.5 if depth < 1 else 0.15)) * (1 if sign == "?" else 2)
        return self._random.choice([1, 1, 2]) if sign in "+}" else 1

    def _value(self, type_name: str) -> str:
        if self._odd() or (
            self._random.random() < 0.2 and type_name in ("DT:date", "DT:time", "xsd:date", "xsd:time")
        ):
            return self._random.choice(ALL)
        while not type_name.startswith("xsd:"):
            known = self._types[type_name]
            if "enum" in known:
                return self._random.choice(known["enum"])
            type_name = known["base"]
        return GOOD.get(type_name, self._random.choice(["1", "12"]))


def changed(document: etree._Element, random: Random, words: list[str]) -> etree._Element:
    """A copy in which one to three things are different."""
    root = copy.deepcopy(document)
    for _ in range(random.choice([1, 1, 2, 3])):
        nodes = [node for node in root.iter(etree.Element) if node is not root]
        random.choice(CHANGES)(random.choice(nodes), random, words)
    return root


def _drop_attribute(node, random, _words):
    if node.attrib:
        del node.attrib[random.choice(list(node.attrib))]


def _set_attribute(node, random, words):
    node.set(random.choice(["S", "SV", "SL", "L", "TYPE", "odd", *node.attrib]), random.choice(words))


def _drop(node, _random, _words):
    node.getparent().remove(node)


def _double(node, _random, _words):
    node.addnext(copy.deepcopy(node))


def _swap(node, _random, _words):
    other = node.getnext()
    if other is not None:
        other.addnext(node)


def _move(node, random, _words):
    places = [
        each for each in node.getroottree().getroot().iter(etree.Element) if node not in each.iterancestors()
    ]
    places = [each for each in places if each is not node]
    random.choice(places).append(node)


def _rename(node, random, _words):
    node.tag = f"{{{NAMESPACE}}}{random.choice(['text', 'cd', 'id', 'date', 'item', 'odd'])}"


def _write(node, random, words):
    node.text = random.choice(words)


def _write_leaf(node, random, words):
    leaves = [each for each in node.iter(etree.Element) if not len(each)]
    random.choice(leaves).text = random.choice(words)


CHANGES = [
    _drop_attribute,
    _set_attribute,
    _drop,
    _double,
    _swap,
    _move,
    _rename,
    _write,
    _write_leaf,
    _write_leaf,
]
