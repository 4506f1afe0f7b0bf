"""From a unit's small tree to its rows: columns for what fits exactly, fragments for the rest."""

from __future__ import annotations

import re
from typing import Any

from connectors.sources import kmehr_columns as fit
from connectors.sources.batches import Batches
from connectors.sources.kmehr_tree import ITSELF, Element, to_xml
from connectors.sources.record_kinds import (
    first_code,
    record_kind_of,
    responsible_of,
)
from schemas.disposition import Disposition
from schemas.identifiers import clean_inss

Row = tuple[Any, ...]
STAGED = (Disposition.DELIVERED.value, None)
ROW_WEIGHT = 64  # bytes a row costs beside its text
NO_MOMENT = (None, None, None)
VALUE_TEST = re.compile(r"""(?:\.|text\(\))\s*=\s*(?:"([^"]*)"|'([^']*)')""")


class Rows:
    """Writes the rows of one file's units into `Batches`."""

    def __init__(self, file: int, batches: Batches) -> None:
        self.file = file
        self.batches = batches

    def common(self, unit: str, patient: int) -> Row:
        """The columns that every row begins with."""
        return (unit, self.file, patient, *STAGED)

    def fragment(
        self, unit: str, patient: int, owner: str, element: Element, *, slot: int | None = None
    ) -> None:
        """A child element as it is."""
        xml = to_xml(element)
        row = (*self.common(unit, patient), owner, element.ordinal, element.name, slot, xml)
        self.batches.add("fragment", row, ROW_WEIGHT + len(xml))

    def narrative(self, unit: str, patient: int, owner: str, element: Element) -> None:
        """A text directly in a transaction, heading or folder."""
        found = fit.as_text(element, 0) if element.name == "text" else None
        if found is None:
            self.fragment(unit, patient, owner, element)
            return
        row = (*self.common(unit, patient), owner, element.ordinal, found[1], found[2])
        self.batches.add("narrative", row, ROW_WEIGHT + len(found[2]))

    def contact(self, unit: str, patient: int, owner: str, head: Element, weight: int) -> None:
        """A transaction's head."""
        taken = _Taken(head, {"date", "time", "iscomplete", "isvalidated", "recorddatetime"})
        row = (
            *self.common(unit, patient), owner, head.ordinal, taken.identifiers, taken.codes,
            taken.plain("date"), taken.plain("time"), taken.plain("iscomplete"),
            taken.plain("isvalidated"), taken.plain("recorddatetime"), record_kind_of(head).value,
            responsible_of(head),
        )  # fmt: skip
        self.batches.add("contact", row, ROW_WEIGHT + weight)
        self._leftovers(unit, patient, taken)

    def section(self, unit: str, patient: int, owner: str, head: Element, weight: int) -> None:
        """A heading."""
        taken = _Taken(head, set())
        row = (*self.common(unit, patient), owner, head.ordinal, taken.identifiers, taken.codes)
        self.batches.add("section", row, ROW_WEIGHT + weight)
        self._leftovers(unit, patient, taken)

    def item(self, unit: str, patient: int, owner: str, item: Element, weight: int) -> None:
        """An item, as `item` or, when it is a result, as `lab_result`."""
        kind = first_code(item, "CD-ITEM")
        taken = _TakenItem(item)
        row = (
            *self.common(unit, patient), owner, item.ordinal, kind, taken.identifiers, taken.codes,
            taken.texts, taken.measures, taken.products, *taken.moment("beginmoment"),
            *taken.moment("endmoment"), taken.single.get("lifecycle"), taken.plain("isrelevant"),
            taken.single.get("severity"), taken.single.get("certainty"), taken.single.get("temporality"),
            taken.posology[1], taken.posology[0], taken.plain("batch"), taken.plain("recorddatetime"),
        )  # fmt: skip
        self.batches.add("lab_result" if kind == "lab" else "item", row, ROW_WEIGHT + weight)
        self._leftovers(unit, patient, taken)

    def link(self, unit: str, patient: int, owner: str, element: Element) -> None:
        """A `lnk` without content."""
        url, xml = element.attributes.get("URL"), to_xml(element)
        row = (
            *self.common(unit, patient), owner, element.ordinal, element.attributes.get("TYPE"), url,
            link_target(url), xml,
        )  # fmt: skip
        self.batches.add("link", row, ROW_WEIGHT + 2 * len(xml))

    def document(self, unit: str, patient: int, owner: str, element: Element, content: Row) -> None:
        """An attachment; `content` is (media type, bytes, SHA-256, message format)."""
        get = element.attributes.get
        labels = (get("TYPE"), get("URL"), get("SIZE"), get("MEDIATYPE"))
        row = (*self.common(unit, patient), owner, element.ordinal, *labels, *content)
        self.batches.add("document", row, 4 * ROW_WEIGHT)

    def chunk(self, unit: str, patient: int, sequence: int, content: bytes) -> None:
        """A piece of an attachment or of a quarantined unit."""
        row = (unit, self.file, patient, sequence, content)
        self.batches.add("document_chunk", row, ROW_WEIGHT + len(content))

    def patient(self, unit: str, patient: int, element: Element | None) -> None:
        """Who a folder is about."""
        who = element or Element("patient", {}, 0)
        identifiers = [row for row in map(fit.as_identifier, who.all("id")) if row is not None]
        sex = who.child("sex")
        row = (
            *self.common(unit, patient), unit if element else "", identifiers, inss_of(who),
            [name.own_text for name in who.all("firstname")], who.text_of("familyname"),
            *_loose_moment(who.child("birthdate")), *_loose_moment(who.child("deathdate")),
            (sex.text_of("cd") or sex.own_text.strip() or None) if sex else None,
            who.text_of("usuallanguage"),
        )  # fmt: skip
        self.batches.add("patient", row, 512)

    def provider(self, unit: str, role: str, party: Element) -> None:
        """A party of the header's sender."""
        xml = to_xml(party)
        row = (
            *self.common(unit, 0), role,
            [row for row in (fit.as_code(cd, 0) for cd in party.all("cd")) if row is not None],
            [row for row in map(fit.as_identifier, party.all("id")) if row is not None],
            party.text_of("firstname"), party.text_of("familyname"), party.text_of("name"), xml,
        )  # fmt: skip
        self.batches.add("provider", row, ROW_WEIGHT + len(xml))

    def _leftovers(self, unit: str, patient: int, taken: _Taken) -> None:
        for child in taken.left:
            self.fragment(unit, patient, unit, child, slot=taken.slots.get(id(child)))
        itself = _itself(taken.element)
        if itself is not None:
            self.fragment(unit, patient, unit, itself)


class _Taken:
    """What of an element's children fits columns; `left` keeps the others in their order."""

    def __init__(self, element: Element, plain: set[str]) -> None:
        self.identifiers: list[Row] = []
        self.codes: list[Row] = []
        self.left: list[Element] = []
        self.slots: dict[int, int] = {}
        self._plain: dict[str, str] = {}
        self._plain_names = plain
        self.element = element
        for child in element.children:
            if not self.take(child):
                self.left.append(child)

    def take(self, child: Element) -> bool:
        """Put a child into its column if it fits."""
        if child.name == "id":
            return _append(self.identifiers, fit.as_identifier(child))
        if child.name == "cd":
            return _append(self.codes, fit.as_code(child, 0))
        if child.name in self._plain_names and child.name not in self._plain:
            value = fit.as_plain(child)
            if value is not None:
                self._plain[child.name] = value
                return True
        return False

    def plain(self, name: str) -> str | None:
        """The value of a column that is a mere text."""
        return self._plain.get(name)


class _TakenItem(_Taken):
    """The same for an item, whose contents have numbered slots."""

    def __init__(self, item: Element) -> None:
        self.texts: list[Row] = []
        self.measures: list[Row] = []
        self.products: list[Row] = []
        self.single: dict[str, Row] = {}
        self.posology: Row = (None, None)
        self._moments: dict[str, Row] = {}
        self._slot = 0
        super().__init__(item, {"isrelevant", "batch", "recorddatetime"})

    def moment(self, name: str) -> Row:
        """The three columns of `beginmoment` or `endmoment`."""
        return self._moments.get(name, NO_MOMENT)

    def take(self, child: Element) -> bool:
        """Put a child into its column if it fits."""
        name = child.name
        if name == "content":
            self._slot += 1
            self.slots[id(child)] = self._slot
            return self._take_content(child, self._slot)
        if name == "text":
            return _append(self.texts, fit.as_text(child, 0))
        if name in ("beginmoment", "endmoment"):
            return _once(self._moments, name, fit.as_moment(child))
        if name in ("lifecycle", "severity", "certainty", "temporality"):
            return _once(self.single, name, fit.as_only_code(child))
        if name == "posology" and self.posology[1] is None:
            self.posology = fit.as_only_text(child) or self.posology
            return self.posology[1] is not None
        return super().take(child)

    def _take_content(self, content: Element, slot: int) -> bool:
        for column, rows in (
            (self.texts, fit.as_texts(content, slot)),
            (self.codes, fit.as_codes(content, slot)),
            (self.measures, fit.as_measures(content, slot)),
        ):
            if rows is not None:
                column.extend(rows)
                return True
        return _append(self.products, fit.as_product(content, slot))


def _itself(element: Element) -> Element | None:
    """Attributes and text of a transaction, heading or item itself, as an element; None when it has none."""
    runs = element.runs
    if not element.attributes and not runs:
        return None
    itself = Element(ITSELF, element.attributes, 0)
    if runs:
        itself.parts.append(" ".join(runs))
    return itself


def _append(column: list[Row], row: Row | None) -> bool:
    if row is not None:
        column.append(row)
    return row is not None


def _once(column: dict[str, Row], name: str, row: Row | None) -> bool:
    if row is None or name in column:
        return False
    column[name] = row
    return True


def _loose_moment(element: Element | None) -> Row:
    """A birth or death as well as it can be told; the element itself travels as a fragment."""
    if element is None:
        return NO_MOMENT
    exact = fit.as_moment(element)
    if exact is not None:
        return exact
    return (element.all_text().strip() or None, "text", None)


def inss_of(patient: Element) -> str | None:
    """The first valid national number among the INSS ids, then among the ID-PATIENT ids."""
    for scheme in ("INSS", "ID-PATIENT"):
        for found in patient.all("id"):
            valid = clean_inss(found.own_text) if found.attributes.get("S") == scheme else None
            if valid:
                return valid
    return None


def link_target(url: str | None) -> str | None:
    """The MF-ID that a URL speaks of (docs/formats/facts.md, "MF-ID of a URL"), else None."""
    at = (url or "").find("MF-ID")
    if url is None or at < 0:
        return None
    match = VALUE_TEST.search(url, at + len("MF-ID")) or VALUE_TEST.search(url)
    return None if match is None else (match[1] if match[1] is not None else match[2])
