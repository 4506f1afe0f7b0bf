"""Build a unit's row from its small tree."""

from __future__ import annotations

import re
from typing import Any

from connectors.sources.batches import Batches
from connectors.sources.kmehr._record_kinds import first_code, record_kind_of, responsible_of
from connectors.sources.kmehr._shape import shape_of
from connectors.sources.kmehr.tree import Element, to_xml
from schemas.disposition import Disposition, UnitKind
from schemas.identifiers import clean_inss

Row = tuple[Any, ...]
STAGED = (Disposition.DELIVERED.value, None)
ROW_WEIGHT = 64  # bytes a row costs besides its text
NO_MOMENT = (None, None, None)
_CODES = {UnitKind.TRANSACTION: "CD-TRANSACTION", UnitKind.ITEM: "CD-ITEM"}
_VALUE_TEST = re.compile(r"""(?:\.|text\(\))\s*=\s*(?:"([^"]*)"|'([^']*)')""")


class Rows:
    """Writes the rows of one file's units into `Batches`."""

    def __init__(self, file: int, batches: Batches) -> None:
        self.file = file
        self.batches = batches

    def unit(self, kind: UnitKind, unit: str, patient: int, owner: str, element: Element) -> None:
        """Add a unit that is neither link nor attachment, by its element without nested units."""
        told = told_of(element) if kind is UnitKind.TRANSACTION else NO_MOMENT
        columns = (name_of(kind, element), *told, *shape_of(element))
        self.staged(kind, unit, patient, owner, element.ordinal, columns)

    def staged(
        self, kind: UnitKind, unit: str, patient: int, owner: str, position: int, columns: Row
    ) -> None:
        """Add a unit by its last columns: name, date, kind of record, responsible doctor, shape and texts."""
        row = (*self._common(unit, patient), owner, position, kind, *columns)
        self.batches.add("unit", row, ROW_WEIGHT + sum(map(len, columns[-1])))

    def link(self, unit: str, patient: int, owner: str, element: Element) -> None:
        """Add a `lnk` without content."""
        url, xml = element.attributes.get("URL"), to_xml(element)
        row = (
            *self._common(unit, patient), owner, element.ordinal, element.attributes.get("TYPE"), url,
            link_target(url), xml,
        )  # fmt: skip
        self.batches.add("link", row, ROW_WEIGHT + 2 * len(xml))

    def document(self, unit: str, patient: int, owner: str, element: Element, content: Row) -> None:
        """Add an attachment; `content` is (media type, bytes, SHA-256, message format)."""
        get = element.attributes.get
        labels = (get("TYPE"), get("URL"), get("SIZE"), get("MEDIATYPE"))
        row = (*self._common(unit, patient), owner, element.ordinal, *labels, *content)
        self.batches.add("document", row, 4 * ROW_WEIGHT)

    def chunk(self, unit: str, patient: int, sequence: int, content: bytes) -> None:
        """Add a piece of an attachment or of a quarantined unit."""
        row = (unit, self.file, patient, sequence, content)
        self.batches.add("document_chunk", row, ROW_WEIGHT + len(content))

    def patient(self, unit: str, patient: int, element: Element | None) -> None:
        """Add the person that a folder is about."""
        who = element or Element("patient", {}, 0)
        identifiers = [row for row in map(_identifier, who.all("id")) if row is not None]
        sex = who.child("sex")
        row = (
            *self._common(unit, patient), unit if element else "", identifiers, inss_of(who),
            [name.own_text for name in who.all("firstname")], who.text_of("familyname"),
            *_moment(who.child("birthdate")), *_moment(who.child("deathdate")),
            (sex.text_of("cd") or sex.own_text.strip() or None) if sex else None,
            who.text_of("usuallanguage"),
        )  # fmt: skip
        self.batches.add("patient", row, 512)

    def provider(self, unit: str, role: str, party: Element) -> None:
        """Add a party of the header's sender."""
        xml = to_xml(party)
        self.batches.add("provider", (*self._common(unit, 0), role, xml), ROW_WEIGHT + len(xml))

    def _common(self, unit: str, patient: int) -> Row:
        """The columns at the beginning of every row."""
        return (unit, self.file, patient, *STAGED)


def name_of(kind: UnitKind, element: Element) -> str | None:
    """The code that names a transaction or an item, None if it has none; for any other unit, the element's name."""
    code = _CODES.get(kind)
    return first_code(element, code) if code else element.name


def told_of(head: Element) -> Row:
    """Date, kind of record and responsible doctor of a transaction."""
    date = head.child("date")
    told = date.own_text if date is not None and date.is_leaf and not date.attributes else None
    return (told, record_kind_of(head).value, responsible_of(head))


def _identifier(element: Element) -> Row | None:
    """An `id` as `schemas.tables.IDENTIFIER`, None if it holds more than that."""
    if not element.is_leaf or not element.attributes.keys() <= {"S", "SV", "SL"}:
        return None
    get = element.attributes.get
    return (get("S"), get("SV"), get("SL"), element.own_text)


def _moment(element: Element | None) -> Row:
    """A birth or death as exactly as possible: (as it came, precision, language of a text)."""
    if element is None:
        return NO_MOMENT
    return _exact_moment(element) or (element.all_text().strip() or None, "text", None)


def _exact_moment(element: Element) -> Row | None:
    """The moment of an element with only a date of known precision, or one text; date and time are joined by `T`."""
    children = element.children
    if not element.is_plain or not all(child.is_leaf for child in children):
        return None
    names = [child.name for child in children]
    if names == ["text"] and children[0].attributes.keys() <= {"L"}:
        return (children[0].own_text, "text", children[0].attributes.get("L"))
    if any(child.attributes for child in children):
        return None
    if len(names) == 1 and names[0] in ("year", "yearmonth", "date"):
        return (children[0].own_text, names[0], None)
    if names == ["date", "time"] and "T" not in children[0].own_text:
        return (f"{children[0].own_text}T{children[1].own_text}", "datetime", None)
    return None


def inss_of(patient: Element) -> str | None:
    """The first valid national number among the INSS ids, then among the ID-PATIENT ids."""
    for scheme in ("INSS", "ID-PATIENT"):
        for found in patient.all("id"):
            valid = clean_inss(found.own_text) if found.attributes.get("S") == scheme else None
            if valid:
                return valid
    return None


def link_target(url: str | None) -> str | None:
    """The MF-ID that a URL names (docs/formats/facts.md, "MF-ID of a URL"), else None."""
    at = (url or "").find("MF-ID")
    if url is None or at < 0:
        return None
    match = _VALUE_TEST.search(url, at + len("MF-ID")) or _VALUE_TEST.search(url)
    return None if match is None else (match[1] if match[1] is not None else match[2])
