"""What the tests of the reader share: rows gathered from batches, units rebuilt from rows, the normal form."""

from __future__ import annotations

import io
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from lxml import etree

from connectors.base import Limits, Reject, SourceFile
from connectors.sources.kmehr import KmehrConnector

UNITS = {"transaction", "heading", "item", "lnk"}
TEXTS = {"text", "text-with-layout"}
ORDERED = {"regimen", "compoundprescription", "text-with-layout"}


def file_of(data: bytes, ordinal: int = 1) -> SourceFile:
    return SourceFile(ordinal, len(data), lambda: io.BytesIO(data))


class Read:
    """Everything that reading a file gave."""

    def __init__(
        self, data: bytes, connector: Any = None, admit: Any = None, limits: Limits | None = None
    ) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.rejects: list[Reject] = []
        self.batches = 0
        source = connector or KmehrConnector()
        for found in source.read(file_of(data), 1, admit or (lambda _: None), limits or Limits()):
            if isinstance(found, Reject):
                self.rejects.append(found)
            else:
                found.rows.validate(full=True)
                self.batches += 1
                self.rows[found.table].extend(found.rows.to_pylist())

    def units(self) -> set[str]:
        tables = ("contact", "section", "item", "lab_result", "narrative", "link", "document", "fragment")
        return {row["unit"] for table in tables for row in self.rows[table]} | {r.unit for r in self.rejects}

    def content(self, unit: str) -> bytes:
        chunks = [row for row in self.rows["document_chunk"] if row["unit"] == unit]
        return b"".join(row["content"] for row in sorted(chunks, key=lambda row: row["sequence"]))


def local(tag: str) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2]


def children(element: Any) -> list[Any]:
    return [child for child in element if isinstance(child.tag, str)]


def canon(element: Any, ordered: bool = False) -> str | None:
    """The normal form of docs/formats/facts.md, as far as a reader alone is concerned."""
    name = local(element.tag)
    attributes = {local(k): v for k, v in element.attrib.items() if "XMLSchema-instance" not in k}
    if name == "id" and attributes.get("S") == "ID-KMEHR":
        return None
    if name == "text":
        attributes["L"] = attributes.get("L", "und").lower()
    flat = "\x1f".join(sorted(f"{k}={v}" for k, v in attributes.items()))
    below = children(element)
    own = [element.text or "", *(child.tail or "" for child in element)]
    if not below:
        return f"({name}|{flat}|{unicodedata.normalize('NFC', ''.join(own))})"
    ordered = ordered or name in ORDERED
    parts = [form for form in (canon(child, ordered) for child in below if local(child.tag) != "lnk") if form]
    text = " ".join(piece.strip() for piece in own if piece.strip())
    return f"({name}|{flat}|{text}{''.join(parts if ordered else sorted(parts))})"


def tag(name: str, text: str | None = None, parent: Any = None, **attributes: str | None) -> Any:
    element = etree.Element(name) if parent is None else etree.SubElement(parent, name)
    element.text = text
    for key, value in attributes.items():
        if value is not None:
            element.set(key, value)
    return element


def code_tag(row: dict[str, Any]) -> Any:
    return tag(
        "cd", row["value"], S=row["scheme"], SV=row["version"], SL=row["local_scheme"], DN=row["display"],
        L=row["language"], nullFlavor=row["null_flavor"],
    )  # fmt: skip


def id_tag(row: dict[str, Any]) -> Any:
    return tag("id", row["value"], S=row["scheme"], SV=row["version"], SL=row["local_scheme"])


def moment_tag(name: str, value: str, precision: str, language: str | None) -> Any:
    element = tag(name)
    if precision == "datetime":
        date, _, time = value.partition("T")
        tag("date", date, element)
        tag("time", time, element)
    else:
        tag(precision, value, element, L=language)
    return element


def wrap(name: str, *inside: Any) -> Any:
    element = tag(name)
    element.extend(inside)
    return element


def rebuilt_item(row: dict[str, Any]) -> list[Any]:
    found = [id_tag(each) for each in row["identifiers"]]
    slots: dict[int, list[Any]] = defaultdict(list)
    for code in row["codes"]:
        (found if code["slot"] == 0 else slots[code["slot"]]).append(code_tag(code))
    for text in row["texts"]:
        element = tag("text", text["value"], L=text["language"])
        (found if text["slot"] == 0 else slots[text["slot"]]).append(element)
    for measure in row["measures"]:
        value = tag(measure["form"], measure["value"])
        if measure["role"] != "value":
            slots[measure["slot"]].append(wrap(measure["role"], value))
            continue
        slots[measure["slot"]].append(value)
        if measure["unit"] is not None:
            code = tag("cd", measure["unit"], S=measure["unit_scheme"], SV=measure["unit_version"])
            slots[measure["slot"]].append(wrap("unit", code))
    for product in row["products"]:
        slots[product["slot"]].append(product_tag(product))
    found += [wrap("content", *inside) for inside in slots.values()]
    for name, column in (("beginmoment", "begin"), ("endmoment", "end")):
        if row[column] is not None:
            found.append(moment_tag(name, row[column], row[f"{column}_precision"], row[f"{column}_language"]))
    for name in ("lifecycle", "severity", "certainty", "temporality"):
        if row[name] is not None:
            found.append(wrap(name, code_tag(row[name])))
    if row["posology"] is not None:
        found.append(wrap("posology", tag("text", row["posology"], L=row["posology_language"])))
    plain = (("isrelevant", "is_relevant"), ("batch", "batch"), ("recorddatetime", "recorded"))
    return found + [tag(name, row[column]) for name, column in plain if row[column] is not None]


def product_tag(product: dict[str, Any]) -> Any:
    element = tag(product["form"])
    if product["code_role"] != "none":
        tag(product["code_role"], product["code"], element, S=product["scheme"], SV=product["version"])
    if product["name_role"] != "none":
        tag(product["name_role"], product["name"], element)
    return element


def rebuilt_contact(row: dict[str, Any]) -> list[Any]:
    found = [id_tag(each) for each in row["identifiers"]] + [code_tag(each) for each in row["codes"]]
    columns = (
        ("date", "date"), ("time", "time"), ("iscomplete", "is_complete"), ("isvalidated", "is_validated"),
        ("recorddatetime", "recorded"),
    )  # fmt: skip
    return found + [tag(name, row[column]) for name, column in columns if row[column] is not None]


def rebuilt_heads(read: Read) -> dict[str, list[str]]:
    """Unit path of each transaction, heading and item: the sorted normal forms of its children, from rows."""
    heads: dict[str, list[Any]] = {}
    for row in read.rows["contact"]:
        heads[row["unit"]] = rebuilt_contact(row)
    for row in read.rows["section"]:
        heads[row["unit"]] = [id_tag(i) for i in row["identifiers"]] + [code_tag(c) for c in row["codes"]]
    for table in ("item", "lab_result"):
        for row in read.rows[table]:
            heads[row["unit"]] = rebuilt_item(row)
    for row in read.rows["fragment"]:
        if row["unit"] == row["owner"]:
            heads[row["unit"]].append(etree.fromstring(row["xml"]))
    return {unit: forms(elements) for unit, elements in heads.items()}


def forms(elements: Iterable[Any]) -> list[str]:
    return sorted(form for form in map(canon, elements) if form is not None)


def source_heads(data: bytes) -> dict[str, list[str]]:
    """The same from the source, by a parser of its own."""
    root = etree.fromstring(data.removeprefix(b"\xef\xbb\xbf"), etree.XMLParser(huge_tree=True))
    found: dict[str, list[str]] = {}
    _walk(root, "1/1", found)
    return found


def _walk(element: Any, path: str, found: dict[str, list[str]]) -> None:
    name = local(element.tag)
    if name in UNITS - {"lnk"}:
        skipped = UNITS | (TEXTS if name != "item" else set())
        found[path] = forms(child for child in children(element) if local(child.tag) not in skipped)
    for ordinal, child in enumerate(children(element), 1):
        _walk(child, f"{path}.{ordinal}", found)
