"""An importer's program that knows a chart by `describe.json` alone: it says what is not as described, and which checks fail.

It reads JSON and XML and shares no code with the writer.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from typing import Any

from lxml import etree

Description = dict[str, Any]
TOKEN = re.compile(r"run-[0-9a-f]{16}\Z")
TARGET = re.compile(r'\[id\[@SL="MF-ID" and \.="([^"]*)"\]\]')
TEXT = re.compile(r" \[Reprise [1-9][0-9]*\]\Z")
OWNERS = {"patient": "patient", "transaction": "transaction", "heading": "heading"}


def parsed(chart: bytes) -> Any:
    """A chart without its namespace."""
    root = etree.fromstring(chart, etree.XMLParser(huge_tree=True))
    for element in root.iter("*"):
        element.tag = etree.QName(element).localname
    return root


class Importer:
    """Holds charts against a description."""

    def __init__(self, description: Description) -> None:
        self._says = description
        self._types = {each["name"]: each for each in description["types"]}
        self._marks = {(mark["element"], mark["label"]) for mark in description["marks"]}
        self._systems = {each["system"] for each in description["code_systems"]}
        self.seen: Counter[str] = Counter()  # how often each described thing was met

    def unlike(self, root: Any) -> set[str]:
        """What a chart holds that is not described there."""
        found = set(self._walk(root, self._says["root"]))
        for each in root.iter("id", "cd"):
            found.update(self._mark(each))
        for item in root.iter("item"):
            found.update(self._item(item))
        for transaction in root.iter("transaction"):
            kind = transaction.xpath("string(cd[@S='CD-TRANSACTION'][1])")
            if kind not in self._says["kinds"]["transactions"]:
                found.add(f"transaction of kind {kind}")
        return found

    def _walk(self, element: Any, type_name: str) -> Iterator[str]:
        known = self._types.get(
            type_name, {"children": [], "attributes": [], "text": type_name, "values": [], "anything": False}
        )
        yield from self._attributes(element, known)
        if known["anything"]:
            return
        children = {child["element"]: child for child in known["children"]}
        counts = Counter(child.tag for child in element.iterchildren("*"))
        for name, child in children.items():
            if not child["least"] <= counts[name] <= (child["most"] or counts[name]):
                yield f"{counts[name]} {name} in {type_name}"
        for child in element.iterchildren("*"):
            if child.tag not in children:
                yield f"{child.tag} in {type_name}"
                continue
            self.seen[f"{type_name}/{child.tag}"] += 1
            yield from self._walk(child, children[child.tag]["type"])
        text = (element.text or "").strip()
        if text and (known["text"] is None or (known["values"] and text not in known["values"])):
            yield f"text of {type_name}"

    def _attributes(self, element: Any, known: dict[str, Any]) -> Iterator[str]:
        described = {each["name"]: each for each in known["attributes"]}
        for name, value in element.attrib.items():
            values = described[name]["values"] if name in described else None
            if values is None or (values and value not in values):
                yield f"{name}={value if name == 'S' else '...'} of {element.tag}"
            if name == "S" and value not in self._systems:
                yield f"system {value}"
        yield from (
            f"no {name} of {element.tag}"
            for name, each in described.items()
            if each["required"] and name not in element.attrib
        )

    def _mark(self, each: Any) -> Iterator[str]:
        if not TOKEN.match(each.get("SV", "")):
            return
        label = each.get("SL")
        self.seen[label] += 1
        if (each.tag, label) not in self._marks:
            yield f"mark {label} of {each.tag}"
        if label == "REPRISE-FILLED":
            yield from self._filled(each)

    def _filled(self, mark: Any) -> Iterator[str]:
        owner = mark.getparent()
        names = mark.text.split()
        whole = (
            owner.tag == "transaction"
            and owner.findtext("cd[@S='CD-TRANSACTION']") == "clinicalsummary"
            and "cd" in names
        )
        at = "clinicalsummary" if whole else OWNERS.get(owner.tag)
        fillers = {each["element"]: each["value"] for each in self._says["filled"] if each["at"] == at}
        for name in names:
            self.seen[f"filled {at} {name}"] += 1
            if name not in fillers:
                yield f"filled {name} of {at}"
            elif fillers[name] is not None:
                said = {"".join(child.itertext()) for child in owner.iterchildren(name)}
                if fillers[name] not in said:
                    yield f"filler of {name} of {at}"

    def _item(self, item: Any) -> Iterator[str]:
        kinds = set(item.xpath("cd[@S='CD-ITEM']/text()"))
        yield from (f"item of kind {kind}" for kind in kinds - set(self._says["kinds"]["items"]))
        marks = [each for each in item.iterchildren("id") if each.get("SL") == "REPRISE-DERIVED"]
        if any(TOKEN.match(each.get("SV", "")) for each in marks):
            names = {each.tag for each in item.iterdescendants("*")} - {"id"}
            yield from (
                f"{name} in a derived item" for name in names - set(self._says["derived"]["elements"])
            )


def failed_checks(root: Any, originals: bytes) -> set[str]:
    """Of the checks that a description lists, those that one chart fails and a program can see."""
    folders = root.findall("folder")
    failed = set() if len(folders) == len(root.findall("folder/patient")) == 1 else {"one_patient"}
    transactions = root.findall("folder/transaction")
    summaries = [t for t in transactions if "clinicalsummary" in t.xpath("cd[@S='CD-TRANSACTION']/text()")]
    if summaries != transactions[:1]:
        failed.add("summary")
    return failed | _of_links(root) | _of_texts(root, originals) | _of_attachments(root)


def _of_links(root: Any) -> set[str]:
    units = root.xpath("//transaction | //item")
    ids = [unit.xpath("string(id[@SL='MF-ID'][1])") for unit in units]
    newer = {
        unit.xpath("string(id[@SL='MF-ID'][1])")
        for unit in units
        if unit.xpath("lnk[@TYPE='isanewversionof']")
    }
    twice = {each for each, count in Counter(ids).items() if count > 1 and each} - newer
    missing = [unit for unit in units if not unit.xpath("id[@SL='MF-ID']")]
    known = set(root.xpath("//id[@SL='MF-ID']/text()"))
    targets = [
        TARGET.search(link.get("URL"))
        for link in root.iter("lnk")
        if link.get("URL") and not (link.text or "").strip()
    ]
    found = {"mf_id"} if twice or missing else set()
    return found | ({"links"} if any(t is None or t[1] not in known for t in targets) else set())


def _of_texts(root: Any, originals: bytes) -> set[str]:
    texts = [each for each in root.iter("text") if TEXT.search(each.text or "")]
    kept = etree.fromstring(originals).findall("original") if originals else []
    return set() if len(texts) >= len(kept) else {"text"}


def _of_attachments(root: Any) -> set[str]:
    try:
        for link in root.iter("lnk"):
            b64decode("".join((link.text or "").split()), validate=True)
    except ValueError:
        return {"attachments"}
    return set()
