"""What the tests of the reader share: rows gathered from batches, units rebuilt from rows, the normal form."""

from __future__ import annotations

import io
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from lxml import etree

from connectors.base import Limits, Reject, SourceFile
from connectors.sources.kmehr.connector import KmehrConnector
from schemas.shapes import to_xml

UNITS = {"transaction", "heading", "item", "lnk"}
TEXTS = {"text", "text-with-layout"}
ORDERED = {"regimen", "compoundprescription", "text-with-layout"}


def file_of(data: bytes, ordinal: int = 1) -> SourceFile:
    return SourceFile(ordinal, len(data), lambda: io.BytesIO(data))


class Read:
    """Everything that reading a file gave. The units are in `rows` once more, by their kind, with their `xml`."""

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
                rows = found.rows.to_pylist()
                self.rows[found.table].extend(rows)
                for row in rows if found.table == "unit" else ():
                    row["xml"] = to_xml(row["shape"], row["texts"])
                    self.rows[row["kind"]].append(row)

    def units(self) -> set[str]:
        tables = ("unit", "link", "document")
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


def rebuilt_heads(read: Read) -> dict[str, list[str]]:
    """Unit path of each transaction, heading and item: the sorted normal forms of its children, from rows."""
    rows = (row for kind in ("transaction", "heading", "item") for row in read.rows[kind])
    return {row["unit"]: forms(children(etree.fromstring(row["xml"]))) for row in rows}


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
